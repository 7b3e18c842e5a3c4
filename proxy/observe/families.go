package observe

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// buckets of the classic histograms in seconds, from what a neighbour on the same machine needs to what a patient caller bears.
var buckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// families are all metrics that exchanges and reloads feed; the names are a contract with dashboards.
type families struct {
	requests, attempts, retries, retriesRefused, refused, undeclared, transitions, reloads *prometheus.CounterVec
	violations, unvalidated                                                                *prometheus.CounterVec
	requestDuration, attemptDuration                                                       *prometheus.HistogramVec
	policyInfo                                                                             *prometheus.GaugeVec
	reloadOK, reloadTime                                                                   prometheus.Gauge
}

func newFamilies() families {
	return families{
		requests: counterVec("requests_total", "Exchanges that ended, by the status the client got and how they ended.",
			"direction", "upstream", "operation", "status", "outcome"),
		requestDuration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "outrigger_request_duration_seconds", Help: "From the head of the request to the end of the reply.", Buckets: buckets,
			NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 160, NativeHistogramMinResetDuration: time.Hour,
		}, []string{"direction", "upstream", "operation"}),
		attempts: counterVec("attempts_total", "Attempts that an endpoint was chosen for, by how they ended.",
			"upstream", "operation", "outcome"),
		attemptDuration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "outrigger_attempt_duration_seconds", Help: "From the start of an attempt to the end of its reply.", Buckets: buckets,
		}, []string{"upstream", "operation"}),
		retries: counterVec("retries_total", "Attempts beyond the first, by what made them necessary.",
			"upstream", "operation", "reason"),
		retriesRefused: counterVec("retries_refused_total", "Exchanges whose last attempt failed and was not followed by another, by why not.",
			"upstream", "operation", "reason"),
		refused: counterVec("refused_total", "Exchanges that we said no to on purpose.",
			"direction", "upstream", "operation", "reason"),
		undeclared: counterVec("undeclared_requests_total", "Requests that the spec of the upstream does not declare.", "upstream"),
		violations: counterVec("validation_failures_total", "Messages that broke what the spec says of them, by where the first violation is.",
			"direction", "upstream", "operation", "kind", "reason"),
		unvalidated: counterVec("validation_skipped_total", "Messages that were to be validated and could not be, by why not.",
			"direction", "upstream", "operation", "kind", "reason"),
		transitions: counterVec("circuit_transitions_total", "Changes of state of a circuit.",
			"upstream", "operation", "from", "to", "cause"),
		reloads: counterVec("policy_reloads_total", "Policies read, the first one included, by what became of them.", "result"),
		policyInfo: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "outrigger_policy_info", Help: "The policy that is served.",
		}, []string{"version", "source"}),
		reloadOK: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "outrigger_policy_last_reload_successful", Help: "1 when the policy read last is served, 0 when it was rejected.",
		}),
		reloadTime: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "outrigger_policy_last_reload_success_timestamp_seconds", Help: "When a policy was last read without an error.",
		}),
	}
}

func counterVec(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "outrigger_" + name, Help: help}, labels)
}

func (f *families) register(r *prometheus.Registry) {
	for _, result := range []string{"applied", "unchanged", "rejected"} {
		f.reloads.WithLabelValues(result) // so that the first rejection is an increase and not a new series
	}
	r.MustRegister(
		f.requests, f.requestDuration, f.attempts, f.attemptDuration, f.retries, f.retriesRefused, f.refused, f.undeclared,
		f.violations, f.unvalidated,
		f.transitions, f.reloads, f.policyInfo, f.reloadOK, f.reloadTime,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
}

func buildInfo(version, revision string) prometheus.Collector {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "outrigger_build_info", Help: "The build that runs."},
		[]string{"version", "revision", "goversion"})
	g.WithLabelValues(version, revision, runtime.Version()).Set(1)
	return g
}

func droppedLines(count func() uint64) prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "outrigger_log_lines_dropped_total", Help: "Log lines that were dropped because nobody read the log fast enough.",
	}, func() float64 { return float64(count()) })
}

// maxChildren bounds the combinations of varying labels in one series and family. An upstream may answer with any of 500
// statuses; nobody reads that many.
const maxChildren = 64

// other is the label value for what a bound cut off.
const other = "_other"

// life is shared by the counters of one series: once it is over, nothing new enters the registry.
type life struct {
	mu   sync.Mutex
	over bool
}

// counters are the children of one series in one family, by the labels that vary. Looking one up that was used before neither
// locks nor allocates: few are ever in use, so a walk along a list beats a map.
type counters[K comparable] struct {
	family *prometheus.CounterVec
	fixed  []string // values of the labels before the varying ones
	vary   func(K) []string
	rest   K // counts what is beyond maxChildren

	list atomic.Pointer[[]child[K]]
}

type child[K comparable] struct {
	key     K
	counter prometheus.Counter
}

func (c *counters[K]) of(l *life, key K) prometheus.Counter {
	if found := c.find(key); found != nil {
		return found
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return unseen
	}
	if list := c.list.Load(); list != nil && len(*list) >= maxChildren {
		key = c.rest
	}
	if found := c.find(key); found != nil {
		return found
	}
	counter := c.family.WithLabelValues(slices.Concat(c.fixed, c.vary(key))...)
	var list []child[K]
	if old := c.list.Load(); old != nil {
		list = *old
	}
	list = append(slices.Clip(list), child[K]{key, counter})
	c.list.Store(&list)
	return counter
}

// unseen takes what is counted after the end of a series.
var unseen = prometheus.NewCounter(prometheus.CounterOpts{Name: "outrigger_unseen_total"})

func (c *counters[K]) find(key K) prometheus.Counter {
	list := c.list.Load()
	if list == nil {
		return nil
	}
	for i := range *list {
		if (*list)[i].key == key {
			return (*list)[i].counter
		}
	}
	return nil
}

// drop takes the children out of the registry. The caller holds the lock of a life that is over.
func (c *counters[K]) drop() {
	list := c.list.Load()
	if list == nil {
		return
	}
	for _, ch := range *list {
		c.family.DeleteLabelValues(slices.Concat(c.fixed, c.vary(ch.key))...)
	}
}
