package policy

import (
	"encoding/json"
	"math/bits"
)

// Outcome is the verdict on one attempt, or on a whole exchange: one word, the same in metrics, logs and decisions.
type Outcome string

// Outcomes that are not failures of ours; see surface.md. An attempt that failed has a Code as its outcome.
const (
	OK            Outcome = "ok"
	UpstreamError Outcome = "upstream_error" // 5xx and the like from the upstream
	ClientError   Outcome = "client_error"   // 4xx from the upstream
	Failed        Outcome = "failed"         // an exchange: we produced the failure
	Refused       Outcome = "refused"        // an exchange: we said no on purpose
	ClientClosed  Outcome = "client_closed"  // the client went away
	Cancelled     Outcome = "cancelled"      // an attempt that we gave up for another reason
	Stale         Outcome = "stale_connection"
)

// Sent says what the upstream may have seen of an attempt's request, which decides whether it may be repeated.
type Sent uint8

// In ascending order of what the upstream may have done; the first two are safe to repeat for every method.
const (
	NotSent        Sent = iota // no byte left us on a connection that the upstream accepted
	NotProcessed               // the upstream said that it did not process it
	MaybeProcessed             // the request, or a part of it, left us and no answer came
	Answered                   // a status arrived
)

// Safe reports whether an attempt that ended so may be repeated for every method.
func (s Sent) Safe() bool { return s <= NotProcessed }

// StatusSet is a set of HTTP status codes from 100 to 599.
type StatusSet [8]uint64

// Statuses returns the set of the given codes; codes outside 100-599 are ignored.
func Statuses(codes ...int) StatusSet {
	var s StatusSet
	for _, c := range codes {
		s.Add(c)
	}
	return s
}

// Add puts code into the set.
func (s *StatusSet) Add(code int) {
	if code >= 100 && code <= 599 {
		i := code - 100
		s[i/64] |= 1 << (i % 64)
	}
}

// AddRange puts every code from low to high into the set.
func (s *StatusSet) AddRange(low, high int) {
	for c := low; c <= high; c++ {
		s.Add(c)
	}
}

// Has reports whether code is in the set. It does not allocate.
func (s *StatusSet) Has(code int) bool {
	i := code - 100
	return i >= 0 && i < 500 && s[i/64]&(1<<(i%64)) != 0
}

// Codes returns the members in ascending order.
func (s StatusSet) Codes() []int {
	codes := []int{}
	for w, word := range s {
		for ; word != 0; word &= word - 1 {
			codes = append(codes, 100+w*64+bits.TrailingZeros64(word))
		}
	}
	return codes
}

// IsZero reports whether the set is empty.
func (s StatusSet) IsZero() bool { return s == StatusSet{} }

// MarshalJSON writes the members as an array of numbers.
func (s StatusSet) MarshalJSON() ([]byte, error) { return json.Marshal(s.Codes()) }

// UnmarshalJSON reads an array of numbers.
func (s *StatusSet) UnmarshalJSON(b []byte) error {
	var codes []int
	if err := json.Unmarshal(b, &codes); err != nil {
		return err
	}
	*s = Statuses(codes...)
	return nil
}
