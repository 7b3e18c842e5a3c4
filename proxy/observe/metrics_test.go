package observe

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

var update = flag.Bool("update", false, "write the golden files anew")

// story records one exchange of every kind.
func story(t *testing.T, o *Observer) {
	s := series(o)
	s.Record(ended(t))
	s.Record(ended(t, func(ex *exchange.Exchange) { // 503, then well
		ex.Attempts[0].Verdict = exchange.Verdict{Outcome: policy.UpstreamError, Status: 503}
		tried(ex, policy.OK, 200).Reason = "503"
		ex.Duration = 20 * time.Millisecond
	}))
	s.Record(ended(t, func(ex *exchange.Exchange) { // 503 to the end
		ex.Attempts[0].Verdict = exchange.Verdict{Outcome: policy.UpstreamError, Status: 503}
		tried(ex, policy.UpstreamError, 503).Reason = "503"
		ex.Status, ex.Outcome, ex.RetryRefused = 503, policy.UpstreamError, exhausted
	}))
	s.Record(ended(t, func(ex *exchange.Exchange) { // no answer in time
		ex.Attempts[0].Verdict = exchange.Verdict{Outcome: policy.Outcome(failure.UpstreamTimeout), Sent: policy.MaybeProcessed}
		ex.Status, ex.Outcome, ex.Failure = 504, policy.Failed, failure.New(failure.UpstreamTimeout, "")
		ex.RetryRefused, ex.Duration = "budget", 3*time.Second
	}))
	s.Record(ended(t, func(ex *exchange.Exchange) { // open circuit: an attempt that no endpoint was chosen for
		ex.Attempts[0].Endpoint, ex.Attempts[0].Verdict = "", exchange.Verdict{Outcome: policy.Outcome(failure.CircuitOpen)}
		ex.Status, ex.Outcome, ex.Failure = 503, policy.Refused, failure.New(failure.CircuitOpen, "")
	}))
	s.Record(ended(t, func(ex *exchange.Exchange) { // no slot in time
		ex.Attempts = nil
		ex.Status, ex.Outcome = 503, policy.Refused
		ex.Failure = &failure.Error{Code: failure.BulkheadFull, Reason: "queue_timeout"}
	}))
	s.Record(ended(t, func(ex *exchange.Exchange) { // the client left, and nobody judged the attempt
		ex.Attempts[0].Verdict = exchange.Verdict{}
		ex.Status, ex.Outcome = 499, policy.ClientClosed
	}))
	o.Series(policy.Outbound, "unknown", policy.Unmatched).Record(ended(t, func(ex *exchange.Exchange) { // nowhere to go
		ex.Upstream, ex.Operation, ex.Attempts = nil, nil, nil
		ex.Status, ex.Outcome, ex.Failure = 404, policy.Refused, failure.New(failure.NoRoute, "")
	}))
	unmatched := o.Series(policy.Outbound, "inventory", policy.Unmatched)
	unmatched.Record(ended(t, func(ex *exchange.Exchange) {
		ex.Operation = ex.Upstream.Unmatched
		ex.Attempts[0].Verdict = exchange.Verdict{Outcome: policy.ClientError, Status: 404}
		ex.Status, ex.Outcome = 404, policy.ClientError
	}))
	o.Transition(CircuitChange{Upstream: "inventory", Operation: "getStock", From: "closed", To: "open", Cause: "failure_rate"})
	o.Adopt(&policy.Set{Version: version, Service: "orders"}, "policy.yaml")
	o.Unchanged()
	o.Rejected()
}

// standing is a State as a scrape may find it.
type standing struct{}

func (standing) ClientConnections() int { return 3 }

func (standing) Pressure() PressureState {
	return PressureState{
		Memory: 0.93, Limited: true, Step: "closing", BufferBytes: 4096, BufferLimit: 32 << 20, BuffersRefused: 2, NotAccepted: 5, Flood: 7,
	}
}

func (standing) Upstreams() []UpstreamState {
	inventory := UpstreamState{
		Name: "inventory", Direction: policy.Outbound, BudgetLeft: 0.75, InFlight: 2, Connections: 5,
		Endpoints: []EndpointState{{"inventory:8080", "healthy"}, {"inventory:8081", "ejected"}},
		Operations: []OperationState{
			{Name: "getStock", Circuit: "half_open"},
			{Name: policy.Unmatched, Circuit: "off"},
			{Name: "getStock", Circuit: "closed"},
		},
	}
	application := UpstreamState{Name: policy.Application, Direction: policy.Inbound, BudgetLeft: 1}
	return []UpstreamState{application, inventory, inventory} // a duplicate must not spoil the scrape
}

var volatile = regexp.MustCompile(`goversion="[^"]*"|(timestamp_seconds) [0-9].*`)

func ours(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.Contains(line, "outrigger_") {
			b.WriteString(volatile.ReplaceAllString(line, "${1} _"))
		}
	}
	return b.String()
}

func TestMetricsTellTheStoryOfTheExchanges(t *testing.T) {
	o := New(Options{Version: "1.2.3", Revision: "abc"})
	o.Watch(standing{})
	story(t, o)
	w := scrape(o, "text/plain")
	got := ours(w.Body.String())
	if w.Code != 200 || !strings.Contains(w.Body.String(), "process_start_time_seconds") || !strings.Contains(w.Body.String(), "go_goroutines") {
		t.Errorf("status %d, or no metrics of the process", w.Code)
	}
	const golden = "testdata/metrics.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

// stuck is a State that does not answer until it is let go.
type stuck struct {
	standing
	asked, free chan struct{}
}

func (s stuck) Upstreams() []UpstreamState {
	s.asked <- struct{}{}
	<-s.free
	return nil
}

func TestAScrapeThatIsStuckHoldsNoRequestUp(t *testing.T) {
	o := New(Options{})
	s := series(o)
	s.Record(ended(t))
	state := stuck{asked: make(chan struct{}), free: make(chan struct{})}
	o.Watch(state)
	scraping, h := make(chan int, scrapesAtOnce), o.Metrics()
	for range scrapesAtOnce {
		go func() {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
			scraping <- w.Code
		}()
		<-state.asked
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("one scrape more than the bound: %d", w.Code)
	}
	s.Record(ended(t)) // each of these would wait for ever
	s.Record(ended(t, func(ex *exchange.Exchange) { ex.Status = 201 }))
	o.Series(policy.Outbound, "inventory", "new")
	o.Adopt(&policy.Set{Version: version}, "p")
	if s.Ended() != 3 {
		t.Errorf("%d exchanges recorded", s.Ended())
	}
	close(state.free)
	for range scrapesAtOnce {
		if code := <-scraping; code != http.StatusOK {
			t.Errorf("a scrape that was let go: %d", code)
		}
	}
}

func TestMetricsAreNamedAsPrometheusAsks(t *testing.T) {
	o := New(Options{})
	o.Watch(standing{})
	story(t, o)
	problems, err := testutil.GatherAndLint(o.registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestDurationsAreClassicAndNativeHistogramsInProtobuf(t *testing.T) {
	o := New(Options{})
	story(t, o)
	families, err := o.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	native := map[string]bool{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if h := m.GetHistogram(); h != nil && strings.HasPrefix(f.GetName(), "outrigger_") {
				native[f.GetName()] = len(h.GetPositiveSpan()) > 0
				if len(h.GetBucket()) != len(buckets) {
					t.Errorf("%s has %d classic buckets", f.GetName(), len(h.GetBucket()))
				}
			}
		}
	}
	if diff := cmp.Diff(map[string]bool{"outrigger_request_duration_seconds": true, "outrigger_attempt_duration_seconds": false}, native); diff != "" {
		t.Error(diff)
	}
	const protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
	if w := scrape(o, protobuf); !strings.HasPrefix(w.Header().Get("Content-Type"), "application/vnd.google.protobuf") {
		t.Errorf("asked for protobuf, got %s", w.Header().Get("Content-Type"))
	}
}

func TestExemplarsBelongToSampledTracesAndAreFew(t *testing.T) {
	o := New(Options{})
	s := series(o)
	s.Record(ended(t))
	const openMetrics = "application/openmetrics-text;version=1.0.0"
	if body := scrape(o, openMetrics).Body.String(); strings.Contains(body, "trace_id") {
		t.Error("a trace that is not sampled has an exemplar")
	}
	sampled := func(id string, after time.Duration) *exchange.Exchange {
		return ended(t, func(ex *exchange.Exchange) {
			ex.Sampled, ex.TraceID, ex.Start = true, id, began.Add(after)
		})
	}
	s.Record(sampled("a", 0))
	s.Record(sampled("b", 900*time.Millisecond)) // the same bucket within a second
	body := scrape(o, openMetrics).Body.String()
	if !strings.Contains(body, `le="0.005"} 3 # {trace_id="a"} 0.004`) || strings.Contains(body, `trace_id="b"`) {
		t.Errorf("exemplar a is missing, or b is there:\n%s", ours(body))
	}
	s.Record(sampled("c", 1100*time.Millisecond))
	if body := scrape(o, openMetrics).Body.String(); !strings.Contains(body, `trace_id="c"`) {
		t.Error("after a second, a newer exemplar is not taken")
	}
}
