// Package live holds what runs now: the current snapshot, made of one policy set, and the state that outlives it.
//
// State (circuits, budgets, concurrency limits, endpoints with their connections) is keyed by identity, never by settings, so
// that an edit of a policy keeps it. An edit is built completely before anything live is touched, then adopted, then published
// by one pointer, which cannot fail. Exchanges in flight keep the snapshot they began with, and share the state.
package live

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"outrigger/policy"
	"outrigger/proxy/breaker"
	"outrigger/proxy/budget"
	"outrigger/proxy/exchange"
	"outrigger/proxy/limit"
	"outrigger/proxy/upstream"
)

// Recorder is told about every ended exchange of one operation.
type Recorder interface{ Record(*exchange.Exchange) }

// Endpoints are the end of an upstream's stacks and outlive its policies.
type Endpoints interface {
	http.RoundTripper
	lasting
	Status() []upstream.Endpoint
}

// lasting is what follows edits until nobody owns it any more.
type lasting interface {
	Adopt(u *policy.Upstream)
	Close()
}

// Parts are the pieces of state that one operation's stack stands on.
type Parts struct {
	Upstream  *policy.Upstream
	Operation *policy.Operation
	Circuit   *breaker.Circuit
	Limiter   *limit.Limiter
	Budget    *budget.Budget
	Endpoints Endpoints
}

// Options are what live needs from above.
type Options struct {
	// Stack composes an operation's layers around its parts.
	Stack func(Parts) http.RoundTripper
	// Record makes the recorder of one operation.
	Record func(u *policy.Upstream, op *policy.Operation) Recorder
	// Endpoints makes the endpoints of an upstream.
	Endpoints func(u *policy.Upstream) Endpoints
	// Transition is told when a circuit changes its state; it must not block.
	Transition func(upstream, operation string, t breaker.Transition)
	// Jitter draws what an open time is longer by, in [0, below], in place of chance; nil is chance.
	Jitter func(below time.Duration) time.Duration
	// Keep is how long state without an owner is kept; 5 minutes unless set.
	Keep time.Duration
}

// Live is the current snapshot and its state. It is safe for concurrent use.
type Live struct {
	options Options
	current atomic.Pointer[Snapshot]

	mu    sync.Mutex // one edit at a time; guards state
	state state
	sweep *time.Timer
	drain drain
}

// New returns a Live without a snapshot; Apply gives it its first.
func New(o Options) *Live {
	if o.Keep == 0 {
		o.Keep = 5 * time.Minute
	}
	return &Live{options: o, state: newState()}
}

// Current is the snapshot for an exchange that begins now; nil before the first Apply.
func (l *Live) Current() *Snapshot { return l.current.Load() }

// Apply builds a snapshot of set, adopts the state that its parts already have, and publishes it. Equal content is no edit: it
// returns false.
func (l *Live) Apply(set *policy.Set) (changed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if old := l.current.Load(); old != nil && old.Set.Version == set.Version {
		return false
	}
	now := time.Now()
	l.state.begin(now)
	next := l.build(set)
	l.current.Store(next)
	l.state.drop(now.Add(-l.options.Keep))
	if l.sweep != nil {
		l.sweep.Stop()
	}
	l.sweep = time.AfterFunc(l.options.Keep, l.forget)
	return true
}

// forget drops the state that the edits before left without an owner.
func (l *Live) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state.drop(time.Now().Add(-l.options.Keep))
}

// Close ends everything that the state holds open. Nothing may be served after it.
func (l *Live) Close() {
	l.drain.start()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sweep != nil {
		l.sweep.Stop()
	}
	l.state.close()
}
