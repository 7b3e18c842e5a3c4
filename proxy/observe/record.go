package observe

import (
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

// Record takes in an exchange that has ended. Call it once; it keeps nothing of ex. It allocates nothing but for what is seen
// for the first time, a log line, a record larger than the one it replaces, and an exemplar of a sampled trace.
func (s *Series) Record(ex *exchange.Exchange) {
	s.ended.Add(1)
	sum := summarise(ex)
	s.count(ex)
	s.observer.decisions.add(s, ex, &sum)
	s.observer.line(s, ex, &sum)
}

// Ended is the number of exchanges recorded so far.
func (s *Series) Ended() uint64 { return s.ended.Load() }

// CircuitChange is a change of state of the circuit of an operation. From, To and Cause are words of closed sets.
type CircuitChange struct {
	Upstream, Operation string
	From, To, Cause     string
}

// Transition counts a change of state of a circuit. It does not block.
func (o *Observer) Transition(c CircuitChange) {
	o.mu.Lock()
	s := o.series[seriesKey{policy.Outbound, c.Upstream, c.Operation}]
	if s == nil {
		s = o.series[seriesKey{policy.Inbound, c.Upstream, c.Operation}]
	}
	if s == nil { // folded, or the circuit outlives its operation
		s = o.find(seriesKey{policy.Outbound, c.Upstream, other}, time.Now())
	}
	o.mu.Unlock()
	s.transitions.of(&s.life, transition{c.From, c.To, c.Cause}).Inc()
}

// summary is what metrics, log line and decision record all want to know of an exchange.
type summary struct {
	attempts int           // those that an endpoint was chosen for
	upstream time.Duration // spent in them
	endpoint string        // of the attempt that the client's answer is from, else of the last
	code     failure.Code  // empty when all went well
	failed   bool          // did not end well: neither an ordinary answer nor a client's own mistake
}

// exhausted is the reason of outrigger_retries_refused_total for attempts that were used up.
const exhausted = "exhausted"

func summarise(ex *exchange.Exchange) summary {
	var sum summary
	for _, a := range ex.Attempts {
		if made(a) {
			sum.attempts++
			sum.upstream += a.Duration
			sum.endpoint = a.Endpoint
		}
	}
	if ex.Answered != nil {
		sum.endpoint = ex.Answered.Endpoint
	}
	switch {
	case ex.Failure != nil:
		sum.code = ex.Failure.Code
	case ex.Outcome == policy.ClientClosed:
		sum.code = failure.ClientClosed
	case answered(ex.Outcome) && ex.RetryRefused == exhausted && sum.attempts > 1:
		sum.code = failure.RetriesExhausted
	}
	sum.failed = ex.Outcome != policy.OK && ex.Outcome != policy.ClientError
	return sum
}

// answered says that the client got an answer of the upstream which was not the one hoped for: 408, 425 and 429 are 4xx that are
// tried again too.
func answered(o policy.Outcome) bool { return o == policy.UpstreamError || o == policy.ClientError }

// made tells an attempt from one that a layer turned down before any endpoint was chosen, which no upstream ever saw.
func made(a *exchange.Attempt) bool { return a.Endpoint != "" }

func (s *Series) count(ex *exchange.Exchange) {
	s.requests.of(&s.life, requestKey{ex.Status, ex.Outcome}).Inc()
	s.times().observe(ex)
	for _, a := range ex.Attempts {
		if !made(a) {
			continue
		}
		outcome := a.Verdict.Outcome
		if outcome == "" { // nobody judged it: a panic ended the exchange
			outcome = policy.Cancelled
		}
		s.attempts.of(&s.life, outcome).Inc()
		s.attemptTimes().Observe(a.Duration.Seconds())
		if a.Reason != "" {
			s.retries.of(&s.life, a.Reason).Inc()
		}
	}
	if ex.RetryRefused != "" {
		s.retriesRefused.of(&s.life, ex.RetryRefused).Inc()
	}
	if ex.Outcome == policy.Refused && ex.Failure != nil {
		s.refused.of(&s.life, ex.Failure.MetricReason()).Inc()
	}
	if u := ex.Upstream; u != nil && u.Declared && ex.Operation == u.Unmatched {
		s.undeclared.of(&s.life, s.upstream).Inc()
	}
	for i := range ex.Checks {
		c := &ex.Checks[i]
		if len(c.Violations) > 0 {
			s.violations.of(&s.life, finding{c.Kind, string(c.Violations[0].In)}).Inc()
		} else {
			s.unvalidated.of(&s.life, finding{c.Kind, c.Skipped}).Inc()
		}
	}
}

type histogram interface {
	prometheus.Observer
	prometheus.ExemplarObserver
}

// timing is the histogram of the exchanges of a series.
type timing struct {
	histogram
	// exemplars are when each bucket got its last one, in nanoseconds of Unix time.
	exemplars [16]atomic.Int64
}

// tries is the histogram of the attempts of a series.
type tries struct{ prometheus.Observer }

// lazily returns what p holds, or what the first to ask makes. After the end of the series it returns gone and holds nothing.
func lazily[T any](s *Series, p *atomic.Pointer[T], gone *T, create func() *T) *T {
	if v := p.Load(); v != nil {
		return v
	}
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	if v := p.Load(); v != nil {
		return v
	}
	if s.life.over {
		return gone
	}
	v := create()
	p.Store(v)
	return v
}

var (
	goneTiming = &timing{histogram: nowhere{}}
	goneTries  = &tries{nowhere{}}
)

func (s *Series) times() *timing {
	return lazily(s, &s.timing, goneTiming, func() *timing {
		h := s.observer.families.requestDuration.WithLabelValues(string(s.direction), s.upstream, s.operation)
		return &timing{histogram: h.(histogram)} // every histogram of the library takes exemplars
	})
}

func (s *Series) attemptTimes() *tries {
	return lazily(s, &s.tries, goneTries, func() *tries {
		return &tries{s.observer.families.attemptDuration.WithLabelValues(s.upstream, s.operation)}
	})
}

// nowhere takes what is measured after the end of a series.
type nowhere struct{}

// Observe forgets v.
func (nowhere) Observe(float64) {}

// ObserveWithExemplar forgets v.
func (nowhere) ObserveWithExemplar(float64, prometheus.Labels) {}

// exemplarEvery bounds what exemplars cost under load: a histogram keeps one per bucket, and a scrape comes every few seconds.
const exemplarEvery = time.Second

func (t *timing) observe(ex *exchange.Exchange) {
	seconds := ex.Duration.Seconds()
	if !ex.Sampled {
		t.Observe(seconds)
		return
	}
	bucket := 0
	for bucket < len(buckets) && seconds > buckets[bucket] {
		bucket++
	}
	now := ex.Start.Add(ex.Duration).UnixNano()
	last := t.exemplars[bucket].Load()
	if now-last < int64(exemplarEvery) || !t.exemplars[bucket].CompareAndSwap(last, now) {
		t.Observe(seconds)
		return
	}
	// The trace id may be a part of a whole request head, which the exemplar must not keep.
	t.ObserveWithExemplar(seconds, prometheus.Labels{"trace_id": strings.Clone(ex.TraceID)})
}
