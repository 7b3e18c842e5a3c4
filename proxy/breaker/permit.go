package breaker

import (
	"math/rand/v2"
	"net/http"
	"time"

	"outrigger/proxy/exchange"
)

// A permit is the token of an attempt: its generation, and whether it is a probe. 0 is the permit that nobody counts.
const probeBit = 1

// Layer gives each attempt a permit of c, or fails fast with circuit_open. The permit is returned when the attempt ends, with the
// verdict that it then has. A nil circuit is no layer at all.
func Layer(c *Circuit) func(next http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		if c == nil {
			return next
		}
		return &layer{c, next}
	}
}

type layer struct {
	circuit *Circuit
	next    http.RoundTripper
}

func (l *layer) RoundTrip(req *http.Request) (*http.Response, error) {
	a := exchange.AttemptOf(req.Context())
	permit, refusal := l.circuit.admit(a)
	if refusal != nil {
		return nil, refusal
	}
	if permit == 0 {
		return l.next.RoundTrip(req)
	}
	a.OnEnd(l.circuit, permit)
	resp, err := l.next.RoundTrip(req)
	if a.Streams && permit&probeBit != 0 {
		l.circuit.settle(a, permit)
	}
	return resp, err
}

// admit gives a permit or says why there is none.
func (c *Circuit) admit(a *exchange.Attempt) (permit uint64, refusal error) {
	c.mu.Lock()
	defer c.unlock()
	if c.forced == Closed || c.settings.Off && c.forced == "" {
		return 0, nil
	}
	state := c.state()
	if state == Closed {
		return c.generation << 1, nil
	}
	now := time.Now()
	if state == Open {
		if c.forced == Open || now.Before(c.until) {
			return 0, c.refuse(a, now)
		}
		c.move(HalfOpen, CauseTime, now)
	}
	if c.placed >= c.settings.Probes {
		return 0, c.refuse(a, now)
	}
	c.placed++
	a.Decide("breaker", "the circuit is half-open, this attempt is a probe", "breaker.probes")
	return c.generation<<1 | probeBit, nil
}

// EndAttempt takes a permit back.
func (c *Circuit) EndAttempt(a *exchange.Attempt, permit uint64) {
	c.mu.Lock()
	defer c.unlock()
	if _, ok := c.settled[a]; ok {
		delete(c.settled, a)
		return
	}
	c.record(a, permit)
}

// settle lets the head of a stream decide about a probe: its body may last for hours.
func (c *Circuit) settle(a *exchange.Attempt, permit uint64) {
	c.mu.Lock()
	defer c.unlock()
	if permit>>1 != c.generation {
		return
	}
	if c.settled == nil {
		c.settled = map[*exchange.Attempt]struct{}{}
	}
	c.settled[a] = struct{}{}
	c.record(a, permit)
}

// record counts a verdict, unless the permit is of an earlier generation or an operator holds the state. Requires mu.
func (c *Circuit) record(a *exchange.Attempt, permit uint64) {
	if permit>>1 != c.generation || c.forced != "" {
		return
	}
	w := weigh(a, c.settings.Failures)
	if permit&probeBit != 0 {
		c.recordProbe(w)
		return
	}
	switch w {
	case nothing:
		return
	case success:
		c.consecutive = 0
		c.library.RecordSuccess()
	case hard:
		c.consecutive++
		c.library.RecordFailure()
	case soft:
		c.library.RecordFailure()
	}
	c.recorded = a.Start.Add(a.Duration) // the end of the attempt: now, without asking the clock once more
	limit := c.settings.ConsecutiveFailures
	switch {
	case w == hard && limit > 0 && c.consecutive >= limit:
		c.move(Open, CauseConsecutive, time.Now())
	case c.rateReached():
		c.move(Open, CauseRate, time.Now())
	}
}

func (c *Circuit) recordProbe(w weight) {
	switch w {
	case nothing:
		c.placed--
	case success:
		c.library.RecordSuccess()
		c.passed++
		if c.passed >= c.settings.Probes {
			c.move(Closed, CauseRecovered, time.Now())
		}
	case hard, soft:
		c.move(Open, CauseProbe, time.Now())
	}
}

// rateReached compares exact counts, right after a result was recorded, which is when the library's are up to date.
func (c *Circuit) rateReached() bool {
	m := c.library.Metrics()
	all := m.Executions()
	return c.settings.FailureRate > 0 && all >= uint(c.settings.MinimumRequests) &&
		float64(m.Failures()) >= c.settings.FailureRate*float64(all)
}

// openTime doubles with every opening that no closed state interrupted, with a little jitter on top, so that many sidecars do not
// probe at the same moment.
func (c *Circuit) openTime() time.Duration {
	d := c.settings.OpenFor
	for range c.openings {
		if d >= c.settings.OpenForMax/2 {
			d = c.settings.OpenForMax
			break
		}
		d *= 2
	}
	return d + c.jitter(d)
}

func tenth(d time.Duration) time.Duration { return rand.N(d/10 + 1) }
