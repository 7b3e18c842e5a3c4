package observe

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

func TestADecisionTellsTheWholeExchange(t *testing.T) {
	o := New(Options{})
	series(o).Record(ended(t, func(ex *exchange.Exchange) {
		ex.Attempts[0].Verdict = exchange.Verdict{Outcome: policy.Outcome(failure.ResetBeforeHeaders), Sent: policy.MaybeProcessed}
		a := tried(ex, policy.UpstreamError, 503)
		a.Reason, a.Backoff = "reset", 13500*time.Microsecond
		ex.Decisions = []exchange.Decision{
			{At: 3 * time.Millisecond, Rule: "retry", What: "retry 1 of 1 in 13.5ms", Key: "retry.when"},
			{At: 20 * time.Millisecond, Rule: "retry", What: "no more attempts", Key: "retry.retries"},
		}
		ex.Status, ex.Outcome, ex.RetryRefused = 503, policy.UpstreamError, exhausted
	}))
	got, err := json.MarshalIndent(o.Decisions(Filter{Limit: 10}), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want := `[
 {
  "time": "2026-11-24T10:00:00.123Z",
  "trace_id": "` + traceID + `",
  "request_id": "req-1",
  "direction": "outbound",
  "upstream": "inventory",
  "operation": "getStock",
  "method": "GET",
  "path": "/stock/42",
  "status": 503,
  "outcome": "upstream_error",
  "code": "retries_exhausted",
  "duration_ms": 4,
  "policy": "0123456789ab",
  "attempts": [
   {
    "number": 1,
    "endpoint": "inventory:8080",
    "outcome": "upstream_reset_before_headers",
    "status": 0,
    "duration_ms": 3,
    "backoff_ms": 0
   },
   {
    "number": 2,
    "endpoint": "inventory:8080",
    "outcome": "upstream_error",
    "status": 503,
    "duration_ms": 3,
    "backoff_ms": 13.5
   }
  ],
  "events": [
   {
    "at_ms": 3,
    "rule": "retry",
    "what": "retry 1 of 1 in 13.5ms",
    "source": "policy.yaml:12"
   },
   {
    "at_ms": 20,
    "rule": "retry",
    "what": "no more attempts",
    "source": "default"
   }
  ]
 }
]`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

func paths(found []Decision) []string {
	all := make([]string, len(found))
	for i, d := range found {
		all[i] = d.Path
	}
	return all
}

func numbered(i int) func(*exchange.Exchange) {
	return func(ex *exchange.Exchange) { ex.Path = fmt.Sprint("/", i) }
}

func failed(ex *exchange.Exchange) { ex.Status, ex.Outcome = 503, policy.UpstreamError }

func TestTheExchangeThatEndedLastComesFirst(t *testing.T) {
	o := New(Options{})
	s := series(o)
	s.Record(ended(t, numbered(1)))
	s.Record(ended(t, numbered(2), failed))
	s.Record(ended(t, numbered(3)))
	s.Record(ended(t, numbered(4), failed))
	if diff := cmp.Diff([]string{"/4", "/3", "/2", "/1"}, paths(o.Decisions(Filter{Limit: 10}))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"/4", "/3", "/2"}, paths(o.Decisions(Filter{Limit: 3}))); diff != "" {
		t.Error(diff)
	}
	if got := o.Decisions(Filter{}); len(got) != 0 {
		t.Errorf("a limit of none gives %d", len(got))
	}
}

func TestFailuresAndRetriesOutliveOrdinaryExchanges(t *testing.T) {
	o := New(Options{})
	s := series(o)
	s.Record(ended(t, numbered(1), failed))
	s.Record(ended(t, numbered(2), func(ex *exchange.Exchange) { tried(ex, policy.OK, 200) }))
	for i := range 3 * MaxDecisions {
		s.Record(ended(t, numbered(1000+i)))
	}
	got := paths(o.Decisions(Filter{Limit: MaxDecisions}))
	if len(got) != MaxDecisions/2+2 {
		t.Fatalf("%d remembered", len(got))
	}
	first, last := got[0], got[len(got)-2:]
	if first != fmt.Sprint("/", 999+3*MaxDecisions) {
		t.Errorf("the newest is %s", first)
	}
	if diff := cmp.Diff([]string{"/2", "/1"}, last); diff != "" {
		t.Error(diff)
	}
	if oldest := got[len(got)-3]; oldest != fmt.Sprint("/", 1000+3*MaxDecisions-MaxDecisions/2) {
		t.Errorf("the oldest ordinary one is %s", oldest)
	}
}

func TestFiltersChooseAndCombine(t *testing.T) {
	o := New(Options{})
	s := series(o)
	s.Record(ended(t, numbered(1)))
	s.Record(ended(t, numbered(2), failed))
	s.Record(ended(t, numbered(3), func(ex *exchange.Exchange) { ex.TraceID = "other" }))
	o.Series(policy.Outbound, "inventory", policy.Unmatched).Record(ended(t, numbered(4), func(ex *exchange.Exchange) { ex.Operation = ex.Upstream.Unmatched }))
	o.Series(policy.Outbound, "unknown", policy.Unmatched).Record(ended(t, numbered(5), func(ex *exchange.Exchange) { ex.Upstream, ex.Operation = nil, nil }))
	for name, c := range map[string]struct {
		filter Filter
		want   []string
	}{
		"upstream":  {Filter{Upstream: "unknown"}, []string{"/5"}},
		"operation": {Filter{Operation: policy.Unmatched}, []string{"/5", "/4"}},
		"outcome":   {Filter{Outcome: policy.UpstreamError}, []string{"/2"}},
		"trace":     {Filter{Trace: "other"}, []string{"/3"}},
		"both":      {Filter{Operation: "getStock", Outcome: policy.OK, Trace: traceID}, []string{"/1"}},
		"none":      {Filter{Operation: "getStock", Upstream: "unknown"}, []string{}},
	} {
		c.filter.Limit = 10
		if diff := cmp.Diff(c.want, paths(o.Decisions(c.filter))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestRecordsKeepNothingOfTheRequestHead(t *testing.T) {
	o := New(Options{})
	s := series(o)
	before := heap()
	for i := range MaxDecisions {
		head := strings.Repeat(string(rune('a'+i%26)), 60<<10) // one string per request, of which all parts are substrings
		s.Record(ended(t, failed, func(ex *exchange.Exchange) {
			ex.Method, ex.Path, ex.TraceID, ex.RequestID = head[:4], head[:2000], head[:32], head[:40]
			ex.Client = head[:10]
		}))
	}
	if grown := heap() - before; grown > 8<<20 {
		t.Errorf("%d MiB are kept", grown>>20)
	}
	if got := o.Decisions(Filter{Limit: 1})[0]; len(got.Path) != maxPath || len(got.RequestID) != 40 {
		t.Errorf("path of %d, request id of %d bytes", len(got.Path), len(got.RequestID))
	}
}

func TestARecordThatIsFilledAnewKeepsNothingOfTheOneBefore(t *testing.T) {
	o := New(Options{})
	s := series(o)
	before := heap()
	for range MaxDecisions / 2 {
		s.Record(ended(t, failed, func(ex *exchange.Exchange) {
			ex.Decisions = []exchange.Decision{{Rule: "retry", What: strings.Repeat("x", 64<<10)}, {Rule: "retry", What: strings.Repeat("x", 64<<10)}}
		}))
	}
	for range MaxDecisions / 2 {
		s.Record(ended(t, failed, func(ex *exchange.Exchange) { ex.Decisions = []exchange.Decision{{Rule: "retry", What: "no"}} }))
	}
	if grown := heap() - before; grown > 8<<20 {
		t.Errorf("%d MiB are kept", grown>>20)
	}
	runtime.KeepAlive(o)
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
