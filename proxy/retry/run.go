package retry

import (
	"fmt"
	"net/http"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

// run is an exchange that did not end with its first attempt.
type run struct {
	*layer
	ex     *exchange.Exchange
	req    *http.Request
	extra  int  // retries made; a re-send after a stale connection is none
	resent bool // such a re-send was made
	kept   *answer
}

// follow makes further attempts as long as there is reason and leave, and returns what the client gets.
func (r *run) follow(a *exchange.Attempt, resp *http.Response, err error) (*http.Response, error) {
	for {
		p, ok := r.decide(a, resp)
		if !ok {
			return r.finish(a, resp, err)
		}
		if resp != nil {
			r.keep(a, resp)
		}
		a.End()
		if failed := r.wait(p.wait); failed != nil {
			return r.finish(a, nil, failed)
		}
		before, number := err, a.Number
		if a, resp, err = r.try(r.ex, r.req, p); a == nil {
			return r.finish(nil, nil, r.unmade(number+1, before, err))
		}
	}
}

// finish returns the last answer. An exchange whose last attempt had none returns the one before it that had, unless time is up or
// it was the client who ended it.
func (r *run) finish(a *exchange.Attempt, resp *http.Response, err error) (*http.Response, error) {
	if resp != nil {
		r.discard()
		r.ex.Answered = a
		return resp, nil
	}
	switch failure.From(err).Code {
	case failure.Deadline, failure.ClientClosed, failure.RequestInvalid:
		r.discard()
	}
	if r.kept == nil {
		return nil, err
	}
	k := r.kept
	r.kept = nil
	r.ex.Answered = k.attempt
	r.ex.Decide("retry", fmt.Sprintf("the answer of attempt %d is returned, what followed had none", k.attempt.Number), "")
	return k.resp, nil
}

// wait ends early, with a failure, when the client goes away or the deadline passes.
func (r *run) wait(d time.Duration) error {
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.ex.Done():
		}
	}
	switch {
	case r.ex.ClientGone():
		return failure.New(failure.ClientClosed, "the client left before the next attempt")
	case r.ex.Err() != nil:
		return failure.New(failure.Deadline, "the deadline passed before the next attempt")
	}
	return nil
}

// unmade records why a decided attempt was not made after all, and says what the exchange ends with. A circuit that opened meanwhile
// ends it as an empty budget would: with how the attempt before it ended, which did meet the upstream.
func (r *run) unmade(number int, before, err error) error {
	switch f := failure.From(err); f.Code {
	case failure.CircuitOpen:
		r.refuse(refusedCircuitOpen, fmt.Sprintf("attempt %d got no permit", number), "breaker")
		if before != nil {
			return before
		}
	case failure.Deadline:
		r.refuse(refusedDeadline, fmt.Sprintf("no time was left for attempt %d", number), "timeouts.request")
	}
	return err
}

// never is for an exchange whose first attempt was not made.
func (l *layer) never(ex *exchange.Exchange, err error) error {
	if l.Retries > 0 && failure.From(err).Code == failure.CircuitOpen {
		ex.RetryRefused = refusedCircuitOpen
	}
	return err
}

// ended says in one word how an attempt ended.
func ended(v *exchange.Verdict) string {
	if v.Status != 0 && v.Failure == nil {
		return fmt.Sprint(v.Status)
	}
	if v.Outcome == policy.Stale {
		return "a stale connection"
	}
	return string(v.Outcome)
}
