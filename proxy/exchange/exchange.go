// Package exchange is what travels: one client request with its operation, its deadline, its attempts and the decisions taken
// about it. It is the one typed value that all layers share, carried as the context of the request.
//
// It decides nothing: layers write facts into it, package observe reads them at the end. An Exchange belongs to the goroutine
// that serves its request; only its context methods may be called from others.
package exchange

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"outrigger/policy"
	"outrigger/proxy/failure"
)

// Exchange is one client request and its reply. It is the context of the requests that run through a stack: its deadline is
// the total deadline, and it ends when the client goes away or the deadline passes.
type Exchange struct {
	client    context.Context
	Upstream  *policy.Upstream
	Operation *policy.Operation
	Start     time.Time
	// Version of the set that this exchange runs under.
	Version string

	Method, Path       string // Path is the raw path without its query
	Client             string // address of the client
	TraceID, RequestID string
	// SpanID is the parent id of the trace context that goes upstream; Sampled is its sampled flag.
	SpanID  string
	Sampled bool

	// Attempts in order; the last may still be running.
	Attempts []*Attempt
	// Answered is the attempt whose reply goes to the client: the last one that was answered, which need not be the last made.
	// Nil where no attempt was answered.
	Answered *Attempt
	// Decisions in order, bounded by maxDecisions.
	Decisions []Decision
	// Checks are what validation has to tell: of the request once, of each reply once. What kept its contract is not told.
	Checks []Check
	// RetryRefused is why no further attempt was made though the last one failed: a reason of outrigger_retries_refused_total.
	RetryRefused string

	// Status, Outcome, Failure, BytesIn, BytesOut and Duration are set when the reply has ended.
	Status            int
	Outcome           policy.Outcome
	Failure           *failure.Error // nil when all went well or the upstream itself answered
	BytesIn, BytesOut int64
	Duration          time.Duration

	// Reply is where interim replies (1xx) of the upstream are passed on; nil drops them. Behind it, for http.ResponseController, is
	// the client's connection.
	Reply http.ResponseWriter
	// CallerAttempt is the attempt number that a trusted caller announced; above 1 an outer hop is retrying already.
	CallerAttempt int
	// CallerDeadline says that the total deadline is the caller's, so that its end does not speak against the upstream.
	CallerDeadline bool

	deadline  atomic.Int64 // since Start; 0 for none. The wire may ask from a goroutine that sends a body
	finishers []Finisher
	first     Attempt
	inline    [2]*Attempt
	told      [3]Finisher // backs finishers
	values    [12]string  // backs the slices that Field hands out
	used      int
	ended     bool
	done      lazyDone
	wires     wires
	lent      interface{ Release() }
	request   http.Request // what Request gives
}

// Finisher is told once that an exchange has ended, after its last attempt has.
type Finisher interface{ FinishExchange(*Exchange) }

// New opens an exchange for a client's request context.
func New(client context.Context, u *policy.Upstream, op *policy.Operation, start time.Time) *Exchange {
	e := spare.Get().(*Exchange)
	e.client, e.Upstream, e.Operation, e.Start = client, u, op, start
	e.Attempts, e.finishers = e.inline[:0], e.told[:0]
	return e
}

// Request returns r as it goes through the stack, with the exchange as its context and in its memory. Called once. Inlined, its
// copy of a request would lie on the stack of everybody who waits for a reply.
//
//go:noinline
func (e *Exchange) Request(r *http.Request) *http.Request {
	e.request = *r.WithContext(e)
	return &e.request
}

type (
	key        struct{}
	attemptKey struct{}
)

// Of returns the exchange of a request's context, or nil outside a stack.
func Of(ctx context.Context) *Exchange {
	switch c := ctx.(type) { // the fast path: no walk up the chain
	case *Exchange:
		return c
	case *Attempt:
		return c.Exchange
	}
	e, _ := ctx.Value(key{}).(*Exchange)
	return e
}

// SetDeadline moves the total deadline to t if that is earlier than what stands.
func (e *Exchange) SetDeadline(t time.Time) {
	after := max(1, int64(t.Sub(e.Start)))
	if old := e.deadline.Load(); old == 0 || after < old {
		e.deadline.Store(after)
	}
}

// LiftDeadline removes the total deadline: a stream's reply has begun and may last. An exchange that has ended stays so.
func (e *Exchange) LiftDeadline() {
	e.deadline.Store(0)
	e.done.lift()
}

// OnFinish registers f to be told when the exchange has ended; the last registered is told first.
func (e *Exchange) OnFinish(f Finisher) { e.finishers = append(e.finishers, f) }

// Finish ends the last attempt, if it is still open, and tells every finisher. Later calls do nothing.
func (e *Exchange) Finish() {
	if n := len(e.Attempts); n > 0 {
		e.Attempts[n-1].End()
	}
	for n := len(e.finishers); n > 0; n = len(e.finishers) {
		f := e.finishers[n-1]
		e.finishers = e.finishers[:n-1]
		f.FinishExchange(e)
	}
	e.done.stop()
	e.wires.unregister(e.client)
	e.ended = true
}

// ClientGone reports whether the client's request context has ended.
func (e *Exchange) ClientGone() bool { return e.client.Err() != nil }

// Last returns the latest attempt, or nil.
func (e *Exchange) Last() *Attempt {
	if len(e.Attempts) == 0 {
		return nil
	}
	return e.Attempts[len(e.Attempts)-1]
}

// lazyDone makes a real context only for callers that ask for Done, so that an ordinary exchange arms no timer.
type lazyDone struct {
	mu     sync.Mutex
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer // of the total deadline
}

func (l *lazyDone) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.disarm()
	if l.cancel != nil {
		l.cancel(context.Canceled)
	}
}

// lift takes the deadline back from a Done that was asked for already.
func (l *lazyDone) lift() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.disarm()
}

func (l *lazyDone) disarm() {
	if l.timer != nil {
		l.timer.Stop()
	}
}

func (l *lazyDone) unasked() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ctx == nil
}

// err agrees with the channel that Done has handed out: whoever saw it closed must find an error.
func (l *lazyDone) err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx == nil {
		return nil
	}
	return context.Cause(l.ctx)
}

// Field returns v as the value of a header field, from the exchange's own memory as long as that lasts.
func (e *Exchange) Field(v string) []string {
	if e.used == len(e.values) {
		return []string{v}
	}
	e.used++
	f := e.values[e.used-1 : e.used : e.used]
	f[0] = v
	return f
}
