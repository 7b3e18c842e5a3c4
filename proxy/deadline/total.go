// Package deadline bounds the time of an exchange and of each of its attempts, without a timer of its own: it fixes instants,
// and the wire and the waits of other layers end by them.
//
// It decides when time is up and tells the upstream how much is left; whether another attempt fits it refuses to know (package
// retry asks the exchange). Total stands above everything that may wait, so that queueing and back-off count; Attempt stands
// below the breaker, so that the time of an attempt begins with its permit.
package deadline

import (
	"net/http"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

// Total fixes the total deadline of an operation's exchanges: the earlier of timeouts.request, counted from the exchange's start,
// and the deadline that the caller brought. It answers 504 deadline for whatever failed once that has passed. A reply that
// streams is bounded to its head only.
func Total(op *policy.Operation) func(next http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper { return &total{op, next} }
}

type total struct {
	op   *policy.Operation
	next http.RoundTripper
}

func (t *total) RoundTrip(req *http.Request) (*http.Response, error) {
	ex := exchange.Of(req.Context())
	t.fix(ex)
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, t.ended(ex, err)
	}
	if streams(t.op, resp) {
		ex.LiftDeadline()
	}
	return resp, nil
}

func (t *total) fix(ex *exchange.Exchange) {
	callers, called := ex.Deadline()
	timeout := t.op.Policy.Timeouts.Request
	if timeout <= 0 {
		ex.CallerDeadline = called
		return
	}
	own := ex.Start.Add(timeout)
	ex.CallerDeadline = called && callers.Before(own)
	ex.SetDeadline(own)
}

// ended turns what failed after the deadline into the failure deadline. It asks the client and the clock, not the error: a dial
// that was cut short by the deadline says something else. What is the client's own fault stays so.
func (t *total) ended(ex *exchange.Exchange, err error) error {
	f := failure.From(err)
	switch {
	case f.Code == failure.ClientClosed, f.Code == failure.RequestInvalid:
		return f
	case ex.ClientGone():
		return failure.Wrap(failure.ClientClosed, err)
	}
	if deadline, ok := ex.Deadline(); f.Code != failure.Deadline && (!ok || time.Now().Before(deadline)) {
		return f
	}
	what, key := "the request timeout of "+t.op.Policy.Timeouts.Request.String()+" ended", "timeouts.request"
	if ex.CallerDeadline {
		what, key = "the caller's deadline passed", ""
	}
	ex.Decide("deadline", what, key)
	return &failure.Error{Code: failure.Deadline, Detail: what, Err: err}
}
