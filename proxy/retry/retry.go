// Package retry makes the attempts of an exchange: the first one, and further ones where that is safe and worth it.
//
// It decides from the verdict on an attempt, never from statuses or errors themselves, whether another attempt may follow, when, and
// which answer the client gets. How many extra attempts an upstream bears is the budget's decision, how a body is replayed the
// body's. It stands below the limit and above the breaker: once per exchange, around everything that happens once per attempt.
//
// The rules of safety: what was not sent or not processed may be repeated for every method; what may have been processed only for
// an idempotent operation, or with an idempotency key that the operation honours. Once an answer was handed up, nothing follows.
package retry

import (
	"io"
	"net/http"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
)

// Budget is what bounds the extra attempts to an upstream.
type Budget interface {
	// Note counts a request whose first attempt was made.
	Note(now time.Time)
	// TryExtra takes one extra attempt out of the budget, if it is there.
	TryExtra(now time.Time) bool
}

// Rewinder is a request body that can be sent again. A body that is not one cannot.
type Rewinder interface {
	// Rewindable reports whether Rewind would succeed now.
	Rewindable() bool
	// Rewind returns the body from its first byte, for the next attempt, and cuts the reader of the one before off.
	Rewind() (io.ReadCloser, error)
}

// Settings of the layer of one operation.
type Settings struct {
	Operation *policy.Operation
	Budget    Budget // nil is without bounds
	Endpoints int    // how many the upstream has
	// Jitter draws a wait in [0, below) in place of chance; nil is chance.
	Jitter func(below time.Duration) time.Duration
}

// Layer opens the attempts of each exchange. The request that enters belongs to the exchange: its header is written to.
func Layer(s Settings) func(next http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper { return newLayer(s, next) }
}

type layer struct {
	Settings
	policy.Retry
	keyField string
	next     http.RoundTripper
	jitter   func(below time.Duration) time.Duration
}

func newLayer(s Settings, next http.RoundTripper) *layer {
	r := s.Operation.Policy.Retry
	l := &layer{Settings: s, Retry: r, keyField: http.CanonicalHeaderKey(r.IdempotencyKey.Header), next: next, jitter: fullJitter}
	if s.Jitter != nil {
		l.jitter = s.Jitter
	}
	return l
}

func (l *layer) RoundTrip(req *http.Request) (*http.Response, error) {
	ex := exchange.Of(req.Context())
	if refusal := l.key(req, ex); refusal != nil {
		return nil, refusal
	}
	a, resp, err := l.try(ex, req, plan{})
	if a == nil {
		return nil, l.never(ex, err)
	}
	if l.Budget != nil {
		l.Budget.Note(a.Start)
	}
	if !l.concerns(&a.Verdict) {
		if resp != nil {
			ex.Answered = a
		}
		return resp, err
	}
	r := run{layer: l, ex: ex, req: req}
	defer r.discard() // only a panic leaves something to discard
	return r.follow(a, resp, err)
}

// plan is how the next attempt is made.
type plan struct {
	reason string
	wait   time.Duration
	fresh  bool
	body   io.ReadCloser // nil keeps the request's
}

// try makes one attempt. Without a permit or a moment of time it was none: then the attempt is nil.
func (l *layer) try(ex *exchange.Exchange, req *http.Request, p plan) (*exchange.Attempt, *http.Response, error) {
	a := ex.Open(time.Now())
	a.Reason, a.Backoff, a.Fresh = p.reason, p.wait, p.fresh
	own := a.Request(req)
	if p.body != nil {
		own.Body = p.body
	}
	resp, err := l.next.RoundTrip(own)
	if err != nil && a.Verdict.Outcome == "" {
		ex.Withdraw()
		return nil, nil, err
	}
	return a, resp, err
}
