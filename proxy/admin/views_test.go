package admin

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"outrigger/policy"
	"outrigger/proxy/observe"
)

func TestOperationsHaveTheShapeOfTheSurface(t *testing.T) {
	s := &sidecar{states: []observe.UpstreamState{
		{
			Name: "inventory", Direction: policy.Outbound, BudgetLeft: 0.5, InFlight: 2, Connections: 4,
			Endpoints: []observe.EndpointState{{Address: "inventory:8080", State: "healthy"}},
			Operations: []observe.OperationState{{
				Name: "getStock", Circuit: "open", Since: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC),
				FailureRate: 0.6, InFlight: 1, Requests: 1000, Limit: 200, Queued: 3,
			}},
		},
		{Name: policy.Application, Direction: policy.Inbound, BudgetLeft: 1},
	}}
	want := `{"upstreams":[{"name":"inventory","direction":"outbound","budget_left":0.5,"in_flight":2,"connections":4,` +
		`"endpoints":[{"address":"inventory:8080","state":"healthy"}],` +
		`"operations":[{"name":"getStock","circuit":"open","since":"2026-11-24T10:00:00Z","failure_rate":0.6,"in_flight":1,"requests":1000,"limit":200,"queued":3}]},` +
		`{"name":"application","direction":"inbound","budget_left":1,"in_flight":0,"connections":0,"endpoints":[],"operations":[]}]}` + "\n"
	w := s.ask("GET", "/operations", "")
	if diff := cmp.Diff(want, w.Body.String()); diff != "" || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%s %s", w.Header().Get("Content-Type"), diff)
	}
	if w := (&sidecar{}).ask("GET", "/operations", ""); w.Body.String() != `{"upstreams":[]}`+"\n" {
		t.Errorf("without upstreams: %s", w.Body)
	}
}

func TestDecisionsAreFilteredAsAsked(t *testing.T) {
	for query, want := range map[string]observe.Filter{
		"":                                      {Limit: defaultLimit},
		"?limit=5":                              {Limit: 5},
		"?limit=2000":                           {Limit: observe.MaxDecisions},
		"?upstream=inventory&operation=a%20b":   {Upstream: "inventory", Operation: "a b", Limit: defaultLimit},
		"?outcome=failed&trace=abc":             {Outcome: policy.Failed, Trace: "abc", Limit: defaultLimit},
		"?operation=" + strings.Repeat("x", 99): {Operation: strings.Repeat("x", 99), Limit: defaultLimit},
	} {
		s := &sidecar{}
		w := s.ask("GET", "/decisions"+query, "")
		if diff := cmp.Diff(want, s.filter); diff != "" || w.Body.String() != `{"decisions":[]}`+"\n" {
			t.Errorf("%s: %s %s", query, diff, w.Body)
		}
	}
}

func TestAFilterThatIsMisspeltOrHugeIsRefused(t *testing.T) {
	for query, status := range map[string]int{
		"?limit=0": 400, "?limit=-1": 400, "?limit=2001": 400, "?limit=many": 400, "?limit=1e3": 400, "?limit=": 400, "?limit=99999999999999999999": 400,
		"?outcome=bad": 400, "?outcome=": 400, "?operaton=x": 400, "?limit=1&limit=2": 400, "?a=%zz": 400, "?a;b": 400,
		"?operation=" + strings.Repeat("x", maxQuery): 414,
	} {
		s := &sidecar{}
		w := s.ask("GET", "/decisions"+query, "")
		if w.Code != status || s.filter.Limit != 0 {
			t.Errorf("%.40s: %d, want %d", query, w.Code, status)
		}
		if detail := fmt.Sprint(members(t, w)["detail"]); detail == "" || len(detail) > 300 {
			t.Errorf("%.40s: detail %q", query, detail)
		}
	}
}

func TestWhatAClientSentIsEscaped(t *testing.T) {
	s := &sidecar{found: []observe.Decision{{Path: "/<script>\"\n\x00\xff", RequestID: "</script>"}}}
	body := s.ask("GET", "/decisions", "").Body.String()
	if strings.ContainsAny(body, "<>\x00") || strings.Count(body, "\n") != 1 {
		t.Errorf("%q", body)
	}
}

// orders is a set with a written value at each level.
func orders() *policy.Set {
	at := func(line int, from string) policy.Origin {
		return policy.Origin{Place: policy.Place{File: "policy.yaml", Line: line}, From: from}
	}
	get := &policy.Operation{
		ID: "getStock", Method: "GET", Template: "/stock/{item}", Place: policy.Place{File: "openapi.yaml", Line: 7}, Idempotent: true,
		Policy: policy.Policy{
			Timeouts: policy.Timeouts{Request: 300 * time.Millisecond, Connect: 2 * time.Second},
			Retry: policy.Retry{
				Retries: 1, MaxBody: 64 << 10, When: policy.Conditions{Connect: true, Statuses: policy.Statuses(408, 502, 503, 504)},
				IdempotencyKey: policy.IdempotencyKey{Mode: policy.KeyInject, Header: "Idempotency-Key"},
			},
			Validate: policy.Validate{Request: policy.ValidationOff, Response: policy.ValidationOff},
			Breaker:  policy.Breaker{Off: true}, Concurrency: policy.Concurrency{Max: 1000},
			Origins: map[string]policy.Origin{
				"timeouts.request": at(12, "operation"), "retry.when": at(8, "upstream"), "retry.idempotencyKey.mode": at(13, "operation"),
				"breaker": at(9, "upstream"), "retry.budget.ratio": at(5, "defaults"),
			},
		},
	}
	return &policy.Set{
		Version: "0123456789abcdef", Service: "orders", Files: []string{"openapi.yaml", "policy.yaml"},
		Outbound: &policy.OutboundPort{Listen: policy.Address{HostPort: "127.0.0.1:15001", Place: policy.Place{File: "policy.yaml", Line: 3}}},
		Log:      policy.Log{Level: "info", Format: "json", Requests: policy.LogAll},
		Limits:   policy.Limits{HeaderBytes: 60 << 10, HeaderTimeout: 10 * time.Second},
		Trust:    policy.Trust{Callers: []string{"127.0.0.0/8"}, Forwarded: policy.ForwardedAppend},
		Upstreams: []*policy.Upstream{{
			Name: "inventory", Direction: policy.Outbound, Place: policy.Place{File: "policy.yaml", Line: 6}, Hosts: []string{"inventory"},
			Endpoints:  []policy.Endpoint{{Scheme: "http", Host: "inventory:8080"}},
			Operations: []*policy.Operation{get}, Unmatched: &policy.Operation{ID: policy.Unmatched},
			Budget: policy.Budget{Ratio: 0.2, Floor: 10, Window: 10 * time.Second},
		}},
	}
}

func TestThePolicyListsEveryValueWithItsOrigin(t *testing.T) {
	s := &sidecar{set: orders()}
	w := s.ask("GET", "/policy", "")
	got := members(t, w)
	upstream := got["upstreams"].([]any)[0].(map[string]any)
	operations := upstream["operations"].([]any)
	if got["version"] != "0123456789abcdef" || got["service"] != "orders" || upstream["source"] != "policy.yaml:6" || len(operations) != 2 {
		t.Errorf("%s", w.Body)
	}
	get := operations[0].(map[string]any)
	if get["declared"] != "openapi.yaml:7" || get["template"] != "/stock/{item}" || get["idempotent"] != true {
		t.Errorf("%v", get)
	}
	want := map[string]string{
		"timeouts.request": "300ms policy.yaml:12 operation", "timeouts.attempt": "off default default", "timeouts.connect": "2s default default",
		"timeouts.idle": "off default default", "timeouts.body": "off default default",
		"retry.retries": "1 default default", "retry.when": "[connect, 408, 502, 503, 504] policy.yaml:8 upstream",
		"retry.backoff.base": "off default default", "retry.backoff.max": "off default default", "retry.respectRetryAfter": "off default default",
		"retry.idempotencyKey.mode": "inject policy.yaml:13 operation", "retry.idempotencyKey.header": "Idempotency-Key default default",
		"retry.idempotent": "true default default", "streaming": "false default default",
		"validate.request": "off default default", "validate.response": "off default default", "retry.maxBody": "64KiB default default",
		"retry.budget.ratio": "20% policy.yaml:5 defaults", "retry.budget.floor": "10 default default", "retry.budget.window": "10s default default",
		"breaker":         "off policy.yaml:9 upstream",
		"concurrency.max": "1000 default default", "concurrency.queue": "0 default default", "concurrency.queueTimeout": "off default default",
	}
	if diff := cmp.Diff(want, byKey(get["effective"])); diff != "" {
		t.Error(diff)
	}
	settings := byKey(got["settings"])
	for key, value := range map[string]string{
		"outbound.listen": "127.0.0.1:15001 policy.yaml:3 <nil>", "outbound.unknown": "refuse <nil> <nil>", "log.requests": "all <nil> <nil>",
		"limits.headerBytes": "60KiB <nil> <nil>", "limits.headerTimeout": "10s <nil> <nil>", "trust.callers": "[127.0.0.0/8] <nil> <nil>",
		"metrics.listen": "off default <nil>", "admin.tokenFile": "off <nil> <nil>",
	} {
		if settings[key] != value {
			t.Errorf("%s: %q, want %q", key, settings[key], value)
		}
	}
}

func byKey(list any) map[string]string {
	found := map[string]string{}
	for _, item := range list.([]any) {
		m := item.(map[string]any)
		found[m["key"].(string)] = fmt.Sprint(m["value"], " ", m["source"], " ", m["from"])
	}
	return found
}

func TestThePolicyIsSentOncePerVersion(t *testing.T) {
	s := &sidecar{set: orders()}
	tag := s.ask("GET", "/policy", "").Header().Get("Etag")
	if tag != `"0123456789abcdef"` {
		t.Fatalf("ETag %s", tag)
	}
	for target, want := range map[string]string{"/policy": "no-cache", "/decisions": "no-store", "/readyz": "no-store"} {
		if got := s.ask("GET", target, "").Header().Get("Cache-Control"); got != want {
			t.Errorf("%s: Cache-Control %s, want %s", target, got, want)
		}
	}
	for condition, status := range map[string]int{
		tag: 304, "W/" + tag: 304, `"other", ` + tag: 304, "*": 304, `"other"`: 200, "0123456789abcdef": 200,
	} {
		w := s.ask("GET", "/policy", "", field("If-None-Match", condition))
		if w.Code != status || (status == http.StatusNotModified) != (w.Body.Len() == 0) || w.Header().Get("Etag") != tag {
			t.Errorf("If-None-Match: %s: %d with %d bytes", condition, w.Code, w.Body.Len())
		}
	}
	if w := (&sidecar{}).ask("GET", "/policy", ""); w.Code != http.StatusServiceUnavailable {
		t.Errorf("before the first policy: %d", w.Code)
	}
}
