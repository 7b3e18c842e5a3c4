// Package limit bounds how many exchanges of one operation are in flight, with a short queue before it.
//
// It decides who is admitted, who waits and who is refused; what an exchange does afterwards it refuses to know. It stands
// below the total deadline, so that queueing counts, and above retries, so that an exchange holds one slot for all its attempts.
//
// Life of a slot: free → held (at once, or handed to the longest waiter) → free, when the exchange has finished.
package limit

import (
	"container/list"
	"net/http"
	"sync"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
)

// Limiter is the concurrency limit of one operation. It outlives the policy set that configured it and is safe for concurrent use.
type Limiter struct {
	mu       sync.Mutex
	settings policy.Concurrency
	held     int
	peak     int       // of held
	queue    list.List // of *waiter, longest first
}

// waiter is an exchange in the queue. Its channel is closed when a slot was handed to it.
type waiter struct{ admitted chan struct{} }

// New returns a limiter with nothing in flight.
func New(settings policy.Concurrency) *Limiter { return &Limiter{settings: settings} }

// Adopt takes over new settings in place. Who is in flight or in the queue stays there; a larger limit admits at once, a
// smaller one holds by letting slots run out.
func (l *Limiter) Adopt(settings policy.Concurrency) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settings = settings
	l.admit()
}

// InFlight is the number of exchanges that hold a slot.
func (l *Limiter) InFlight() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held
}

// Peak is the most exchanges that held a slot at once since the limiter was made.
func (l *Limiter) Peak() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.peak
}

// Queued is the number of exchanges that wait for a slot.
func (l *Limiter) Queued() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.queue.Len()
}

// Layer admits, queues or refuses each exchange by l. The slot is given back when the exchange has finished. A nil limiter is no
// layer at all.
func Layer(l *Limiter) func(next http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		if l == nil {
			return next
		}
		return &layer{l, next}
	}
}

type layer struct {
	limiter *Limiter
	next    http.RoundTripper
}

// RoundTrip refuses with bulkhead_full.
func (l *layer) RoundTrip(req *http.Request) (*http.Response, error) {
	ex := exchange.Of(req.Context())
	if err := l.limiter.enter(ex); err != nil {
		return nil, err
	}
	ex.OnFinish(l.limiter)
	return l.next.RoundTrip(req)
}

// FinishExchange gives the slot back.
func (l *Limiter) FinishExchange(*exchange.Exchange) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held--
	l.admit()
}

// admit hands free slots to the longest waiters. Requires mu.
func (l *Limiter) admit() {
	for l.queue.Len() > 0 && l.free() {
		w := l.queue.Remove(l.queue.Front()).(*waiter)
		l.hold()
		close(w.admitted)
	}
}

func (l *Limiter) hold() {
	l.held++
	l.peak = max(l.peak, l.held)
}

func (l *Limiter) free() bool { return l.settings.Off || l.held < l.settings.Max }

func (l *Limiter) enter(ex *exchange.Exchange) error {
	l.mu.Lock()
	if l.queue.Len() == 0 && l.free() {
		l.hold()
		l.mu.Unlock()
		return nil
	}
	s, held := l.settings, l.held
	if l.queue.Len() >= s.Queue || s.QueueTimeout <= 0 {
		l.mu.Unlock()
		return full(ex, s, held)
	}
	w := &waiter{make(chan struct{})}
	place := l.queue.PushBack(w)
	l.mu.Unlock()
	return l.wait(ex, w, place, s)
}

// wait ends with a slot, with the queue timeout, or with the exchange, whichever comes first.
func (l *Limiter) wait(ex *exchange.Exchange, w *waiter, place *list.Element, s policy.Concurrency) error {
	start := time.Now()
	timer := time.NewTimer(s.QueueTimeout)
	defer timer.Stop()
	select {
	case <-w.admitted:
	case <-timer.C:
	case <-ex.Done():
	}
	if l.leave(w, place) {
		return gaveUp(ex, s, time.Since(start))
	}
	if err := ex.Err(); err != nil { // admitted in the same moment, for nothing
		l.FinishExchange(ex)
		return gaveUp(ex, s, time.Since(start))
	}
	ex.Decide("limit", "waited "+time.Since(start).Round(time.Millisecond).String()+" for a slot", "concurrency.queue")
	return nil
}

// leave takes a waiter out of the queue; false means that it holds a slot already.
func (l *Limiter) leave(w *waiter, place *list.Element) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-w.admitted:
		return false
	default:
		l.queue.Remove(place)
		return true
	}
}
