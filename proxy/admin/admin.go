// Package admin is the port for operators: probes, metrics, the effective policy, how operations stand, what was decided, and
// the few changes that may be made to a running sidecar.
//
// It decides who may do what. Looking is open to whoever reaches the port; changing is for loopback, or for the bearer of the
// token, and never for a page that a browser got from elsewhere. What it shows and changes belongs to others and is reached
// through the interfaces below. Nothing here stands in the way of a request that the sidecar carries.
package admin

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"outrigger/policy"
	"outrigger/proxy/observe"
)

// Policies are the served set and the way to have it read again. Implementations are safe for concurrent use.
type Policies interface {
	// Current is the served set, or nil before the first.
	Current() *policy.Set
	// Reload reads the policy and returns when it is served or refused, or with an error when that did not happen before ctx ended.
	Reload(ctx context.Context) (Reload, error)
}

// Reload is what became of a policy that was read again.
type Reload struct {
	Result  string `json:"result"`  // applied, unchanged, rejected
	Version string `json:"version"` // of the set that is served now
	// Reason is what stood in the way where it was not the policy itself, such as a port in use.
	Reason   string          `json:"reason,omitempty"`
	Problems policy.Problems `json:"-"`
}

// Decisions are the exchanges remembered; observe.Observer has them.
type Decisions interface {
	Decisions(observe.Filter) []observe.Decision
}

// Circuits can be forced by an operator.
type Circuits interface {
	// Force holds the circuit of an operation open or closed, or gives it back to its rules with auto. It fails with
	// ErrNoOperation or ErrNoCircuit.
	Force(upstream, operation, state string) error
}

// Options are what the port shows and changes. All are needed but Log.
type Options struct {
	Probes    Probes
	Policies  Policies
	State     observe.State
	Decisions Decisions
	Metrics   http.Handler
	Circuits  Circuits
	// Drain begins the end of the sidecar and returns at once.
	Drain func()
	Level *slog.LevelVar
	// Log receives one line per change.
	Log *slog.Logger
}

type port struct{ Options }

const (
	// writeTimeout bounds how long a reader may take for an answer, above all a slow scrape.
	writeTimeout = 30 * time.Second
	// maxQuery bounds the query of a request, in bytes.
	maxQuery = 2048
)

// New returns the handler of the admin port. It is safe for concurrent use.
func New(o Options) http.Handler {
	p := &port{o}
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	mux := http.NewServeMux()
	for _, r := range p.pages() {
		mux.Handle(r.method+" "+r.pattern, r.handler)
	}
	return bounded(p.guarded(mux))
}

// MetricsHandler returns the handler of a port that serves the metrics and the probes alone, for scrapers outside.
func MetricsHandler(probes Probes, metrics http.Handler) http.Handler {
	mux := http.NewServeMux()
	for _, r := range open(probes, metrics) {
		mux.Handle(r.method+" "+r.pattern, r.handler)
	}
	return bounded(mux)
}

type page struct {
	method, pattern string
	handler         http.Handler
	about           string
}

// open are the pages that give nothing away, so that they are served whatever Host a scraper or a kubelet writes.
func open(probes Probes, metrics http.Handler) []page {
	return []page{
		{"GET", "/livez", probe("livez", probes.Live), "is the process alive; ?verbose lists the checks"},
		{"GET", "/readyz", probe("readyz", probes.Ready), "should it get traffic; false while it drains"},
		{"GET", "/startupz", probe("startupz", probes.Started), "has it begun to serve"},
		{"GET", "/metrics", metrics, "metrics for Prometheus"},
	}
}

func (p *port) pages() []page {
	return append(open(p.Probes, p.Metrics),
		page{"GET", "/policy", http.HandlerFunc(p.policy), "the effective policy: every value and where it was written"},
		page{"GET", "/operations", http.HandlerFunc(p.operations), "circuits, budgets, endpoints and requests in flight"},
		page{"GET", "/decisions", http.HandlerFunc(p.decisions), "the latest exchanges; ?upstream= &operation= &outcome= &trace= &limit="},
		page{"POST", "/policy/reload", http.HandlerFunc(p.reload), "read the policy again"},
		page{"POST", "/drain", http.HandlerFunc(p.drain), "finish what is in flight, then exit"},
		page{"POST", "/log-level", http.HandlerFunc(p.logLevel), `{"level":"debug|info|warn|error"}`},
		page{"POST", "/operations/{upstream}/{operation}/breaker", http.HandlerFunc(p.breaker), `{"state":"open|closed|auto"}`},
		page{"GET", "/{$}", http.HandlerFunc(p.index), "this list"},
	)
}

// bounded limits what one request may cost, before anything looks at it.
func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A server that cannot bound a write lets a slow reader hold one connection, and nothing else.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
		if len(r.URL.RawQuery) > maxQuery {
			refuse(w, http.StatusRequestURITooLong, "the query is longer than 2048 bytes")
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}
