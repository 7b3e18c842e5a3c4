package observe

import (
	"math"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"outrigger/policy"
)

const (
	// maxSeries bounds the operations with series of their own.
	maxSeries = 2000
	// retireAfter is how long the series of an operation that is gone are kept, for exchanges still in flight and for an
	// edit that is taken back.
	retireAfter = 5 * time.Minute
)

type seriesKey struct {
	direction           policy.Direction
	upstream, operation string
}

// Series are the metrics of one operation. Its children are made when the first exchange asks for them, so that a spec of a
// thousand operations costs what its traffic uses. It is safe for concurrent use.
type Series struct {
	seriesKey
	observer *Observer
	life     life
	ended    atomic.Uint64
	timing   atomic.Pointer[timing]
	tries    atomic.Pointer[tries]

	requests       counters[requestKey]
	attempts       counters[policy.Outcome]
	retries        counters[string]
	retriesRefused counters[string]
	refused        counters[string]
	undeclared     counters[string]
	violations     counters[finding]
	unvalidated    counters[finding]
	transitions    counters[transition]

	generation uint64    // the last in which somebody asked for it; guarded by Observer.mu
	retired    time.Time // zero while the policy has the operation; guarded by Observer.mu
}

type requestKey struct {
	status  int
	outcome policy.Outcome
}

type transition struct{ from, to, cause string }

// finding is what validation found of one message.
type finding struct{ kind, reason string }

// Series returns the metrics of an operation, to be kept in the snapshot that serves it. Every snapshot asks anew for what it
// needs; see Adopt. Beyond maxSeries operations those of one upstream share one series, with _other as the operation.
func (o *Observer) Series(d policy.Direction, upstream, operation string) *Series {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.find(seriesKey{d, upstream, operation}, time.Now())
}

func (o *Observer) find(key seriesKey, now time.Time) *Series {
	last := seriesKey{key.direction, other, other}
	for _, k := range []seriesKey{key, {key.direction, key.upstream, other}, last} {
		s := o.series[k]
		if s == nil && (k == last || o.room(k, now)) {
			s = newSeries(o, k)
			o.series[k] = s
		}
		if s != nil {
			s.generation, s.retired = o.generation, time.Time{}
			return s
		}
	}
	panic("observe: the last key always has room")
}

// room says whether one more series may be made. Folded ones may, up to twice the bound: there is one per upstream.
func (o *Observer) room(k seriesKey, now time.Time) bool {
	if k.operation == other {
		return len(o.series) < 2*maxSeries
	}
	if len(o.series) >= maxSeries {
		o.sweep(now.Add(retireAfter)) // what is retired gives way at once
	}
	return len(o.series) < maxSeries
}

// retire begins the grace of every series that nobody has asked for since the Adopt before. The caller holds mu.
func (o *Observer) retire(now time.Time) {
	for _, s := range o.series {
		if s.generation != o.generation && s.retired.IsZero() {
			s.retired = now
		}
	}
	o.generation++
}

// sweep drops what was retired long enough ago. The caller holds mu.
func (o *Observer) sweep(now time.Time) {
	for key, s := range o.series {
		if !s.retired.IsZero() && now.Sub(s.retired) >= retireAfter {
			delete(o.series, key)
			s.drop()
		}
	}
}

func newSeries(o *Observer, key seriesKey) *Series {
	s := &Series{seriesKey: key, observer: o}
	f, pair := &o.families, []string{key.upstream, key.operation}
	triple := append([]string{string(key.direction)}, pair...)
	s.requests = counters[requestKey]{family: f.requests, fixed: triple, vary: requestKey.labels, rest: requestKey{-1, other}}
	s.attempts = counters[policy.Outcome]{family: f.attempts, fixed: pair, vary: word[policy.Outcome], rest: other}
	s.retries = counters[string]{family: f.retries, fixed: pair, vary: word[string], rest: other}
	s.retriesRefused = counters[string]{family: f.retriesRefused, fixed: pair, vary: word[string], rest: other}
	s.refused = counters[string]{family: f.refused, fixed: triple, vary: word[string], rest: other}
	s.undeclared = counters[string]{family: f.undeclared, vary: word[string], rest: other}
	s.violations = counters[finding]{family: f.violations, fixed: triple, vary: finding.labels, rest: finding{other, other}}
	s.unvalidated = counters[finding]{family: f.unvalidated, fixed: triple, vary: finding.labels, rest: finding{other, other}}
	s.transitions = counters[transition]{family: f.transitions, fixed: pair, vary: transition.labels, rest: transition{other, other, other}}
	return s
}

func (k requestKey) labels() []string {
	if k.status < 0 {
		return []string{other, string(k.outcome)}
	}
	return []string{strconv.Itoa(k.status), string(k.outcome)}
}

func (t transition) labels() []string { return []string{t.from, t.to, t.cause} }

func (f finding) labels() []string { return []string{f.kind, f.reason} }

func word[S ~string](s S) []string { return []string{string(s)} }

// drop takes the series out of the registry for good.
func (s *Series) drop() {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	s.life.over = true
	s.requests.drop()
	s.attempts.drop()
	s.retries.drop()
	s.retriesRefused.drop()
	s.refused.drop()
	s.undeclared.drop()
	s.violations.drop()
	s.unvalidated.drop()
	s.transitions.drop()
	f := &s.observer.families
	f.requestDuration.DeleteLabelValues(string(s.direction), s.upstream, s.operation)
	f.attemptDuration.DeleteLabelValues(s.upstream, s.operation)
}

// Latency tells how long the exchanges and the attempts of the series took; nil before the first.
func (s *Series) Latency() (exchanges, attempts *Latency) {
	if t := s.timing.Load(); t != nil {
		exchanges = latencyOf(t.histogram)
	}
	if t := s.tries.Load(); t != nil {
		attempts = latencyOf(t.Observer)
	}
	return exchanges, attempts
}

func latencyOf(h prometheus.Observer) *Latency {
	var m dto.Metric
	metric, ok := h.(prometheus.Metric)
	if !ok || metric.Write(&m) != nil || m.GetHistogram().GetSampleCount() == 0 {
		return nil
	}
	read := m.GetHistogram()
	bounds, counts := classic(read)
	if len(read.GetPositiveSpan()) > 0 {
		bounds, counts = native(read)
	}
	at := func(q float64) float64 { return math.Round(1e6*quantile(q, bounds, counts)) / 1e3 }
	return &Latency{Count: read.GetSampleCount(), P50: at(.5), P95: at(.95), P99: at(.99), P999: at(.999)}
}

// classic gives the upper bounds of the buckets and how many values each holds, those beyond the last bound in the last.
func classic(h *dto.Histogram) (bounds, counts []float64) {
	below := uint64(0)
	for _, b := range h.GetBucket() {
		bounds, counts = append(bounds, b.GetUpperBound()), append(counts, float64(b.GetCumulativeCount()-below))
		below = b.GetCumulativeCount()
	}
	if n := len(counts); n > 0 {
		counts[n-1] += float64(h.GetSampleCount() - below)
	}
	return bounds, counts
}

// native does the same for the exponential buckets of a native histogram, whose counts are deltas along spans of indexes.
func native(h *dto.Histogram) (bounds, counts []float64) {
	bounds, counts = []float64{h.GetZeroThreshold()}, []float64{float64(h.GetZeroCount())}
	index, count, delta := int32(0), int64(0), 0
	for _, span := range h.GetPositiveSpan() {
		index += span.GetOffset()
		for range span.GetLength() {
			count += h.GetPositiveDelta()[delta]
			delta++
			lower := math.Exp2(float64(index-1) * math.Exp2(-float64(h.GetSchema())))
			if last := bounds[len(bounds)-1]; lower > last { // a gap holds nothing
				bounds, counts = append(bounds, lower), append(counts, 0)
			}
			bounds = append(bounds, math.Exp2(float64(index)*math.Exp2(-float64(h.GetSchema()))))
			counts = append(counts, float64(count))
			index++
		}
	}
	return bounds, counts
}

// quantile lies within a bucket as if its values were spread evenly.
func quantile(q float64, bounds, counts []float64) float64 {
	all := 0.0
	for _, n := range counts {
		all += n
	}
	rank, lower := q*all, 0.0
	for i, n := range counts {
		if rank <= n && n > 0 {
			return lower + (bounds[i]-lower)*rank/n
		}
		rank -= n
		lower = bounds[i]
	}
	return lower
}
