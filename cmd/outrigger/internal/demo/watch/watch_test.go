package watch

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"outrigger/proxy/observe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const scrape = `# HELP outrigger_retries_total Attempts beyond the first.
# TYPE outrigger_retries_total counter
outrigger_retries_total{operation="getStock",reason="503",upstream="inventory"} 7
outrigger_retries_total{operation="getStock",reason="timeout",upstream="inventory"} 5
outrigger_retries_total{operation="listStock",reason="connect",upstream="inventory"} 1
outrigger_retries_refused_total{operation="getStock",reason="budget",upstream="inventory"} 3
outrigger_retries_refused_total{operation="getStock",reason="exhausted",upstream="inventory"} 2
outrigger_retries_refused_total{operation="reserveStock",reason="not_idempotent",upstream="inventory"} 9
outrigger_attempts_total{operation="getStock",outcome="ok",upstream="inventory"} 1.2e+02
outrigger_attempts_total{operation="getStock",outcome="upstream_error",upstream="inventory"} 30
outrigger_refused_total{direction="outbound",operation="getStock",reason="circuit_open",upstream="inventory"} 44
outrigger_refused_total{direction="outbound",operation="getStock",reason="bulkhead_full",upstream="inventory"} 1
outrigger_circuit_transitions_total{cause="consecutive_failures",from="closed",operation="getStock",to="open",upstream="inventory"} 1
outrigger_circuit_transitions_total{cause="open_time_over",from="open",operation="getStock",to="half_open",upstream="inventory"} 4
outrigger_circuit_transitions_total{cause="probe_failed",from="half_open",operation="getStock",to="open",upstream="inventory"} 3
outrigger_circuit_transitions_total{cause="probes_succeeded",from="half_open",operation="getStock",to="closed",upstream="inventory"} 1
outrigger_policy_reloads_total{result="applied"} 3
outrigger_policy_reloads_total{result="rejected"} 2
outrigger_policy_reloads_total{result="unchanged"} 8
outrigger_policy_last_reload_successful 0
go_goroutines 12
outrigger_broken{
`

func TestCountersAreSummedByOperation(t *testing.T) {
	got, err := parseMetrics(strings.NewReader(scrape))
	if err != nil {
		t.Fatal(err)
	}
	want := metrics{
		operations: map[string]Counts{
			"getStock":     {Attempts: 150, Retries: 12, Budget: 3, FailedFast: 44, Opened: 1, Closed: 1},
			"listStock":    {Retries: 1},
			"reserveStock": {Unsafe: 9},
		},
		applied: 3, rejected: 2, reloadOK: false,
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(metrics{})); diff != "" {
		t.Error(diff)
	}
}

func TestALineThatIsTooLongIsAnErrorAndNotHalfAScrape(t *testing.T) {
	if _, err := parseMetrics(strings.NewReader("outrigger_x{a=\"" + strings.Repeat("y", maxLine) + "\"} 1\n")); err == nil {
		t.Error("no error")
	}
}

const operationsAnswer = `{"upstreams":[
 {"name":"other","budget_left":1,"operations":[{"name":"getStock","circuit":"open"}]},
 {"name":"inventory","budget_left":0.25,"unknown":true,"operations":[
   {"name":"getStock","circuit":"half_open","since":"2026-05-04T10:11:12Z"},
   {"name":"listStock","circuit":"closed","since":"2026-05-04T10:11:00Z"}]}]}`

const decisionsAnswer = `{"decisions":[
 {"operation":"getStock","request_id":"with/2","status":200,"events":[{"rule":"retry","what":"attempt 1 ended with 503","source":"/d/policy.yaml:7"}]},
 {"operation":"getStock","request_id":"with/1","status":200,"events":[]}]}`

func TestALookIsWhatTheAdminPortSays(t *testing.T) {
	asked := map[string]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked[r.URL.Path] = r.URL.RawQuery
		_, _ = io.WriteString(w, map[string]string{"/metrics": scrape, "/operations": operationsAnswer, "/decisions": decisionsAnswer}[r.URL.Path])
	}))
	t.Cleanup(server.Close)
	a := New(strings.TrimPrefix(server.URL, "http://"))
	t.Cleanup(a.Close)
	got, err := a.Look(t.Context(), "inventory")
	if err != nil {
		t.Fatal(err)
	}
	want := View{
		Operations: map[string]Operation{
			"getStock": {
				Circuit: "half_open", Since: time.Date(2026, 5, 4, 10, 11, 12, 0, time.UTC),
				Counts: Counts{Attempts: 150, Retries: 12, Budget: 3, FailedFast: 44, Opened: 1, Closed: 1},
			},
			"listStock": {Circuit: "closed", Since: time.Date(2026, 5, 4, 10, 11, 0, 0, time.UTC), Counts: Counts{Retries: 1}},
		},
		BudgetLeft: .25, Edits: 2, Rejected: 2, Refused: true,
		Decisions: []observe.Decision{{
			Operation: "getStock", RequestID: "with/2", Status: 200,
			Events: []observe.Event{{Rule: "retry", What: "attempt 1 ended with 503", Source: "/d/policy.yaml:7"}},
		}},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(observe.Decision{})); diff != "" {
		t.Error(diff)
	}
	if asked["/decisions"] != "upstream=inventory&limit=100" {
		t.Errorf("decisions were asked for with %q", asked["/decisions"])
	}
}

func TestAnAdminPortThatSaysNoIsAnError(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	a := New(strings.TrimPrefix(server.URL, "http://"))
	t.Cleanup(a.Close)
	if _, err := a.Look(t.Context(), "inventory"); err == nil || !strings.Contains(err.Error(), "/metrics answered 404") {
		t.Errorf("error %v, want one that names the path and the status", err)
	}
}
