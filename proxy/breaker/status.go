package breaker

import (
	"fmt"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

// Status is a circuit as people see it.
type Status struct {
	State State
	Since time.Time
	// Cause of the last change of state; empty for a circuit that never changed.
	Cause string
	// FailureRate is that of the window, as of its last result, or the one that opened the circuit; from 0 to 1.
	FailureRate float64
	Forced      bool
}

// Status says how the circuit stands now. An open circuit whose time is over is half-open, also without traffic; asking
// changes nothing.
func (c *Circuit) Status() Status {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Status{State: c.state(), Since: c.since, Cause: c.cause, FailureRate: c.rate, Forced: c.forced != ""}
	switch {
	case s.State == Closed:
		s.FailureRate = c.windowRate(now)
	case s.State == Open && c.forced == "" && !now.Before(c.until):
		s.State, s.Since, s.Cause = HalfOpen, c.until, CauseTime
	}
	return s
}

// windowRate is the exact rate of a closed circuit's window. The library forgets old results only when it gets a new one, so a
// window without any for its whole length is known to be empty here. Requires mu.
func (c *Circuit) windowRate(now time.Time) float64 {
	m := c.library.Metrics()
	all := m.Executions()
	if c.state() != Closed || all == 0 || now.Sub(c.recorded) >= c.settings.Window {
		return 0
	}
	return float64(m.Failures()) / float64(all)
}

// probeWait is what a client is told where all probes are placed: their outcome is a matter of moments.
const probeWait = time.Second

// refuse is the failure of an attempt without a permit. Requires mu.
func (c *Circuit) refuse(a *exchange.Attempt, now time.Time) error {
	var what string
	wait := probeWait
	switch {
	case c.forced == Open:
		what, wait = "the circuit is held open by an operator", c.settings.OpenFor
	case c.state() == HalfOpen:
		what = fmt.Sprintf("the circuit is half-open and its %d probes are placed", c.settings.Probes)
	default:
		wait = c.until.Sub(now)
		what = fmt.Sprintf("the circuit is open for %v (%s), the next probe is due in %v",
			now.Sub(c.since).Round(time.Millisecond), c.cause, wait.Round(time.Millisecond))
	}
	a.Decide("breaker", "refused: "+what, key(c.cause))
	return &failure.Error{Code: failure.CircuitOpen, Detail: what, RetryAfter: wait}
}

// key is the policy key behind a cause.
func key(cause string) string {
	switch cause {
	case CauseRate:
		return "breaker.failureRate"
	case CauseConsecutive:
		return "breaker.consecutiveFailures"
	case CauseProbe, CauseTime:
		return "breaker.probes"
	}
	return "breaker"
}

// Adopt takes over new settings: the next decision uses them, the state is kept. A window of another length begins empty; an open
// circuit stays open until the time that was set for it. A breaker that is switched off closes, and one that is switched on
// begins closed and empty.
func (c *Circuit) Adopt(settings policy.Breaker) {
	settings = sane(settings)
	c.mu.Lock()
	defer c.unlock()
	old := c.settings
	c.settings = settings
	if settings.Off != old.Off && c.forced == "" {
		c.move(Closed, CauseSettings, time.Now())
		c.restart()
		return
	}
	if settings.Window != old.Window {
		c.library = c.emptied()
	}
}

// restart empties a closed circuit; what is in flight belongs to the past. Requires mu.
func (c *Circuit) restart() {
	c.library = window(c.settings.Window)
	c.consecutive = 0
	c.generation++
}
