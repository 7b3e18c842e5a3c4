// Package replay keeps what an attempt sent of a request's body, so that the next attempt can send it again.
//
// It decides how much is kept, per request and in all; whether there is a next attempt it refuses to know (package retry asks the
// body for Rewind). It stands above the retries and below the limit, so that an exchange which waits or is refused holds no memory.
//
// The body is recorded while the first attempt streams it: nothing is read ahead and nothing is held up. A body that outgrows its
// bounds streams on unrecorded and cannot be replayed from then on. The record is given up as soon as the exchange is committed to
// an answer.
package replay

import (
	"net/http"

	"outrigger/policy"
	"outrigger/proxy/exchange"
)

// Layer records the body of each request within retry.maxBody and the memory that all exchanges share. The request that enters
// belongs to the exchange: its Body is replaced. Requests without a body cost nothing. The client's body is not closed here: the
// server that made it does that.
func Layer(m Memory, settings policy.Retry) func(next http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return &layer{memory: m, limit: settings.MaxBody, next: next}
	}
}

type layer struct {
	memory Memory
	limit  int64
	next   http.RoundTripper
}

func (l *layer) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return l.next.RoundTrip(req)
	}
	t := newTape(l.memory, req, l.limit)
	exchange.Of(req.Context()).OnFinish(t)
	req.Body = &t.first
	resp, err := l.next.RoundTrip(req)
	if err == nil {
		t.commit()
	}
	return resp, err
}

// FinishExchange frees the record, cuts off whoever still reads, and tells how much of the body came.
func (t *tape) FinishExchange(ex *exchange.Exchange) { ex.BytesIn = t.end() }
