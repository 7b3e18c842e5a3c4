package policy

import (
	"encoding/json"
	"math/bits"
)

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
