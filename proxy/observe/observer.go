// Package observe turns ended exchanges into metrics, log lines and decision records, and continues trace contexts.
//
// It only reads: an exchange goes in, and nothing that a request meets ever changes by what is seen here. It is the one
// importer of Prometheus. What cannot be counted from exchanges (open circuits, busy endpoints) it asks of a State when
// somebody scrapes. The gate calls Series.Record as the last step of a request, after the reply has ended.
//
// Every label set is bounded: at most maxSeries operations have series of their own, and at most maxChildren combinations
// of the labels that vary within one; what is beyond counts under _other.
package observe

import (
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"outrigger/policy"
)

// Options are what an Observer needs to know of the process.
type Options struct {
	// Log receives one line per exchange; nil writes none.
	Log *slog.Logger
	// DroppedLines tells how many lines the writer behind Log dropped so far; nil tells of none. Safe for concurrent use.
	DroppedLines func() uint64
	// Version and Revision are those of the build, for outrigger_build_info.
	Version, Revision string
}

// Observer holds the metrics, the decision records and the log settings of one sidecar. It is safe for concurrent use.
type Observer struct {
	registry  *prometheus.Registry
	families  families
	log       *slog.Logger
	settings  atomic.Pointer[settings]
	state     atomic.Pointer[State]
	decisions decisions

	mu         sync.Mutex // guards what follows
	series     map[seriesKey]*Series
	generation uint64
	published  prometheus.Labels // of outrigger_policy_info
}

// settings are what the log line takes from the current set.
type settings struct {
	service string
	log     policy.Log
}

// New returns an Observer with a registry of its own.
func New(o Options) *Observer {
	observer := &Observer{
		registry: prometheus.NewRegistry(), families: newFamilies(), log: o.Log, series: map[seriesKey]*Series{},
	}
	observer.settings.Store(&settings{log: policy.Log{Requests: policy.LogAll}})
	observer.decisions.init()
	observer.families.register(observer.registry)
	observer.registry.MustRegister(buildInfo(o.Version, o.Revision), &collector{observer: observer})
	if o.DroppedLines != nil {
		observer.registry.MustRegister(droppedLines(o.DroppedLines))
	}
	return observer
}

// Watch makes s the source of the gauges that no exchange tells. Before it they are absent.
func (o *Observer) Watch(s State) { o.state.Store(&s) }

// Adopt tells that a set is served from now on: its log settings hold, and it counts as an applied reload, the first one
// included. Source says where the set came from. Series that were not asked for since the Adopt before belong to operations
// that are gone; they are dropped when retireAfter has passed without anybody asking for them.
func (o *Observer) Adopt(set *policy.Set, source string) {
	o.settings.Store(&settings{service: set.Service, log: set.Log})
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	o.retire(now)
	o.sweep(now)
	if o.published != nil {
		o.families.policyInfo.Delete(o.published)
	}
	o.published = prometheus.Labels{"version": set.Version, "source": source}
	o.families.policyInfo.With(o.published).Set(1)
	o.families.reloads.WithLabelValues("applied").Inc()
	o.reloaded(true)
}

// Unchanged tells of a reload that found what is served already.
func (o *Observer) Unchanged() {
	o.families.reloads.WithLabelValues("unchanged").Inc()
	o.reloaded(true)
}

// Rejected tells of a reload that found an invalid policy; the set before is still served.
func (o *Observer) Rejected() {
	o.families.reloads.WithLabelValues("rejected").Inc()
	o.reloaded(false)
}

func (o *Observer) reloaded(ok bool) {
	if !ok {
		o.families.reloadOK.Set(0)
		return
	}
	o.families.reloadOK.Set(1)
	o.families.reloadTime.SetToCurrentTime()
}

const (
	scrapesAtOnce = 4 // more are answered with 503
	scrapeTimeout = 10 * time.Second
)

// Metrics serves the metrics as text, OpenMetrics (with exemplars) or protobuf (with native histograms), as the client asks.
func (o *Observer) Metrics() http.Handler {
	h := promhttp.HandlerFor(o.registry, promhttp.HandlerOpts{
		ErrorLog: scrapeLog{o.log}, ErrorHandling: promhttp.ContinueOnError, EnableOpenMetrics: true,
		MaxRequestsInFlight: scrapesAtOnce, Timeout: scrapeTimeout,
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		o.sweep(time.Now())
		o.mu.Unlock()
		h.ServeHTTP(w, r)
	})
}

type scrapeLog struct{ log *slog.Logger }

// Println is what promhttp calls with the errors of a scrape.
func (l scrapeLog) Println(v ...any) {
	if l.log != nil {
		l.log.Error("metrics incomplete", "error", fmt.Sprint(v...))
	}
}
