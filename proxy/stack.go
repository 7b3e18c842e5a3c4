package proxy

import (
	"net/http"

	"outrigger/proxy/breaker"
	"outrigger/proxy/deadline"
	"outrigger/proxy/limit"
	"outrigger/proxy/live"
	"outrigger/proxy/replay"
	"outrigger/proxy/retry"
	"outrigger/proxy/validate"
	"outrigger/proxy/verdict"
)

// layer wraps what stands below it.
type layer = func(next http.RoundTripper) http.RoundTripper

// stack is what happens to a request of one operation, outermost first. This is the only place where the order is written.
// The gate stands above it (hygiene, match, the copy of the reply, the record), the wire below.
func (p *Proxy) stack(on live.Parts) http.RoundTripper {
	op := on.Operation
	held := p.validation(on)
	layers := []layer{
		// The total deadline stands outermost, so that waiting for a slot, every attempt and every back-off count against it.
		deadline.Total(op),
		// The concurrency limit admits the exchange once, not each attempt: lower down, a retry could be refused the slot its own
		// exchange holds; higher up, time in the queue would not count.
		limit.Layer(on.Limiter),
		// Requests are held against the spec once, and before anything is sent or counted. Below the limit, so that those which wait hold
		// no body; above the replay, so that one which is refused is no attempt, and what was read of its body is kept like any other.
		validate.Requests(held),
		// The body is kept for replay below the limit, so that an exchange which waits or is refused holds no memory.
		replay.Layer(p.memory, op.Policy.Retry),
		// Retry opens the attempts. All below happens once per attempt, all above once per exchange.
		retry.Layer(retry.Settings{Operation: on.Operation, Budget: on.Budget, Endpoints: len(on.Upstream.Endpoints), Jitter: p.jitter}),
		// The breaker stands inside retry: each attempt needs a permit of its own, and a circuit that opens stops the retries.
		breaker.Layer(on.Circuit),
		// The attempt timeout stands inside the breaker, so that an attempt which it ends speaks against the upstream.
		deadline.Attempt(op),
		// Replies are held against the spec inside the breaker, which is told of an attempt's end after this layer, and outside the verdict,
		// so that only what is a reply at all is looked at.
		validate.Replies(held),
		// The verdict stands next to the wire: every layer above decides on its one word and never looks at statuses or errors.
		verdict.Layer(),
	}
	next := http.RoundTripper(on.Endpoints)
	for i := len(layers) - 1; i >= 0; i-- {
		next = layers[i](next)
	}
	return next
}
