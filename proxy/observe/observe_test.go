package observe

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
)

// inventory is an upstream with one declared operation, as a compiled set would have it.
func inventory() *policy.Upstream {
	get := &policy.Operation{ID: "getStock", Method: "GET", Template: "/stock/{item}", Policy: policy.Policy{
		Origins: map[string]policy.Origin{"retry.when": {Place: policy.Place{File: "policy.yaml", Line: 12}, From: "upstream"}},
	}}
	u := &policy.Upstream{
		Name: "inventory", Direction: policy.Outbound, Operations: []*policy.Operation{get},
		Unmatched: &policy.Operation{ID: policy.Unmatched}, Declared: true,
	}
	u.Index()
	return u
}

const (
	traceID = "0af7651916cd43dd8448eb211c80319c"
	spanID  = "b7ad6b7169203331"
	version = "0123456789abcdef0123456789abcdef"
)

var began = time.Date(2026, 11, 24, 10, 0, 0, 123456789, time.UTC)

// ended is an exchange that went well: one attempt of 3 ms, status 200. Edits change it.
func ended(t testing.TB, edits ...func(*exchange.Exchange)) *exchange.Exchange {
	u := inventory()
	ex := exchange.New(t.Context(), u, u.Operations[0], began)
	ex.Version, ex.Method, ex.Path, ex.Client = version, "GET", "/stock/42", "10.0.0.7:41000"
	ex.TraceID, ex.SpanID, ex.RequestID = traceID, spanID, "req-1"
	ex.Status, ex.Outcome, ex.Duration, ex.BytesOut = 200, policy.OK, 4*time.Millisecond, 130
	tried(ex, policy.OK, 200)
	for _, edit := range edits {
		edit(ex)
	}
	return ex
}

// tried adds an attempt of 3 ms.
func tried(ex *exchange.Exchange, outcome policy.Outcome, status int) *exchange.Attempt {
	a := ex.Open(began)
	a.Endpoint, a.Duration = "inventory:8080", 3*time.Millisecond
	a.Verdict = exchange.Verdict{Outcome: outcome, Status: status, Sent: policy.Answered}
	return a
}

func series(o *Observer) *Series { return o.Series(policy.Outbound, "inventory", "getStock") }

// scrape returns what a scraper that accepts the given format reads.
func scrape(o *Observer, accept string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	o.Metrics().ServeHTTP(w, r)
	return w
}
