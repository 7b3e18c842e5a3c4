package deadline

import (
	"net/http"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

// Attempt bounds each attempt's wait for the head of its reply by timeouts.attempt and by what the total deadline leaves, tells the
// upstream how long that is, and says whether the reply streams. With nothing left it fails at once and the upstream is not contacted.
func Attempt(op *policy.Operation) func(next http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper { return &attempt{op, next} }
}

type attempt struct {
	op   *policy.Operation
	next http.RoundTripper
}

func (t *attempt) RoundTrip(req *http.Request) (*http.Response, error) {
	a := exchange.AttemptOf(req.Context())
	head, bounded := t.head(a)
	left := time.Duration(0)
	if bounded {
		if left = head.Sub(a.Start); left <= 0 {
			return nil, failure.New(failure.Deadline, "nothing of the deadline was left for an attempt")
		}
		a.SetHeadDeadline(head)
	}
	a.Announce(req.Header, left)
	resp, err := t.next.RoundTrip(req)
	if err == nil && streams(t.op, resp) {
		a.Streams = true
	}
	return resp, err
}

// head is the instant by which the reply must have begun. The attempt has begun this very moment, so its start is now.
func (t *attempt) head(a *exchange.Attempt) (head time.Time, bounded bool) {
	if timeout := t.op.Policy.Timeouts.Attempt; timeout > 0 {
		head, bounded = a.Start.Add(timeout), true
	}
	total, ok := a.Deadline()
	if !ok {
		return head, bounded
	}
	last := total.Add(-margin(total.Sub(a.Start)))
	if !bounded || last.Before(head) {
		head, a.BoundByTotal = last, true
	}
	return head, true
}

// margin is kept for our own answer, so that it reaches a caller that counts the same deadline.
func margin(left time.Duration) time.Duration { return min(2*time.Millisecond, max(0, left)/10) }
