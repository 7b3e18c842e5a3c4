package breaker

import (
	"math"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"outrigger/policy"
	"outrigger/proxy/exchange"
)

// State of a circuit, as metrics and the admin port spell it.
type State string

// The states of a circuit.
const (
	Closed   State = "closed"
	Open     State = "open"
	HalfOpen State = "half_open"
)

// Causes of a change of state; the label cause of outrigger_circuit_transitions_total.
const (
	CauseRate        = "failure_rate"
	CauseConsecutive = "consecutive_failures"
	CauseTime        = "open_time_over"
	CauseProbe       = "probe_failed"
	CauseRecovered   = "probes_succeeded"
	CauseForced      = "forced"
	CauseSettings    = "settings"
)

// Transition is one change of state.
type Transition struct {
	From, To State
	Cause    string
}

// Circuit is one breaker. It is kept by identity, outlives the policy set that configured it, and is safe for concurrent use.
type Circuit struct {
	notify func(Transition) // called without a lock; may be nil
	jitter func(time.Duration) time.Duration

	mu       sync.Mutex
	settings policy.Breaker
	library  circuitbreaker.CircuitBreaker[any]
	forced   State // open, closed, or empty for automatic
	// generation counts changes of state, from 1. A permit is good for its own only.
	generation  uint64
	since       time.Time
	cause       string
	consecutive int       // hard failures in a row
	recorded    time.Time // when the window last got a result
	rate        float64   // that opened the circuit
	until       time.Time // an open circuit admits probes from then on
	openings    int       // in a row, without a closed state between
	placed      int       // probes in flight or passed
	passed      int
	settled     map[*exchange.Attempt]struct{} // probes of this generation whose head decided already
	pending     []Transition                   // to be told when mu is free
}

// New returns a closed circuit. Notify, if any, is told of every change of state, outside of all locks, on the goroutine of the
// request that caused it; it must not block.
func New(settings policy.Breaker, notify func(Transition)) *Circuit {
	c := &Circuit{notify: notify, jitter: tenth, settings: sane(settings), generation: 1, since: time.Now()}
	c.library = window(c.settings.Window)
	return c
}

// Draw has what an open time is longer by, at most below, drawn by jitter in place of chance; nil is chance. Call it before the
// circuit is shared.
func (c *Circuit) Draw(jitter func(below time.Duration) time.Duration) {
	if jitter != nil {
		c.jitter = func(d time.Duration) time.Duration { return jitter(d / 10) }
	}
}

// sane bounds settings that would divide by zero or never close, whatever checks they passed before.
func sane(s policy.Breaker) policy.Breaker {
	if s.Window < time.Millisecond {
		s.Window = 10 * time.Second
	}
	if s.OpenFor <= 0 {
		s.OpenFor = 5 * time.Second
	}
	s.OpenForMax = max(s.OpenForMax, s.OpenFor)
	s.MinimumRequests = max(s.MinimumRequests, 1)
	s.Probes = max(s.Probes, 1)
	return s
}

// window returns a closed breaker of the library that counts over a sliding time window in ten slices and changes its state
// only when told to.
func window(d time.Duration) circuitbreaker.CircuitBreaker[any] {
	const never = math.MaxInt32
	return circuitbreaker.NewBuilder[any]().
		WithFailureThresholdPeriod(never, d).
		WithSuccessThresholdRatio(1<<10, 1<<10). // a small bit set; the probes are counted here
		WithDelay(math.MaxInt64).                // open ends by our clock
		Build()
}

// move changes the state. Requires mu.
func (c *Circuit) move(to State, cause string, now time.Time) {
	from := c.state()
	if from == to {
		return
	}
	switch to {
	case Open:
		if from == Closed {
			c.rate = c.windowRate(now)
		}
		c.until = now.Add(c.openTime())
		c.openings++
		c.library.Open()
	case HalfOpen:
		c.library.HalfOpen()
	case Closed:
		c.openings = 0
		c.library.Close()
	}
	c.generation++
	c.since, c.cause = now, cause
	c.consecutive, c.placed, c.passed, c.settled = 0, 0, 0, nil
	c.pending = append(c.pending, Transition{from, to, cause})
}

// unlock frees mu and tells what changed meanwhile.
func (c *Circuit) unlock() {
	pending := c.pending
	c.pending = nil
	c.mu.Unlock()
	if c.notify == nil {
		return
	}
	for _, t := range pending {
		c.notify(t)
	}
}

func (c *Circuit) state() State {
	switch c.library.State() {
	case circuitbreaker.OpenState:
		return Open
	case circuitbreaker.HalfOpenState:
		return HalfOpen
	default:
		return Closed
	}
}
