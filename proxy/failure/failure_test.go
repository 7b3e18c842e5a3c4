package failure

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestEveryCodeHasAnAnswer(t *testing.T) {
	for _, code := range Codes() {
		f := Of(code)
		if f.Status < 400 || f.Title == "" || StatusText(f.Status) == "" || (f.ProxyStatus == "" && code != ClientClosed && code != RetriesExhausted) {
			t.Errorf("%s: %+v", code, f)
		}
		if f.BreakerCounts && f.Refusal {
			t.Errorf("%s: our own refusal counts against the upstream", code)
		}
	}
	if Of("unheard_of") != Of(Internal) {
		t.Error("an unknown code is not internal")
	}
}

func TestAClientsFaultNeverCountsAgainstTheUpstream(t *testing.T) {
	for _, code := range []Code{RequestInvalid, ClientClosed} {
		if Of(code).BreakerCounts {
			t.Errorf("%s counts in the breaker", code)
		}
	}
}

func TestWriteTellsTheFailureInBodyAndHeader(t *testing.T) {
	w := httptest.NewRecorder()
	e := &Error{Code: CircuitOpen, Detail: "open since 2 s", RetryAfter: 2100 * time.Millisecond}
	n, err := Write(w, e, Report{Upstream: "inventory", Operation: "getStock", Attempts: 0, TraceID: "abc", Instance: "/stock/42", Retryable: false, NextHop: "inventory:8080"})
	if err != nil || n != w.Body.Len() {
		t.Fatalf("wrote %d of %d: %v", n, w.Body.Len(), err)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/problem+json", "Retry-After": "3", "Outrigger-Retryable": "false",
		"Proxy-Status": `outrigger; error=destination_unavailable; next-hop="inventory:8080"; details="circuit_open"`,
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"type": "https://outrigger.dev/failures/circuit_open", "title": Of(CircuitOpen).Title, "status": 503.0, "detail": "open since 2 s", "instance": "/stock/42",
		"code": "circuit_open", "retryable": false, "attempts": 0.0, "operation": "getStock", "upstream": "inventory", "trace_id": "abc",
	}
	for k, v := range want {
		if body[k] != v {
			t.Errorf("%s: %v, want %v", k, body[k], v)
		}
	}
	if len(body) != len(want) || w.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d, members %v", w.Code, body)
	}
}

func TestFromFindsTheCodeInsideWrappedErrors(t *testing.T) {
	inner := Wrap(ResetBeforeHeaders, io.ErrUnexpectedEOF)
	if got := From(fmt.Errorf("attempt 2: %w", inner)); got != inner || !errors.Is(got, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", got)
	}
	if got := From(io.ErrClosedPipe); got.Code != Internal || got.HTTPStatus() != 500 {
		t.Errorf("an error without a code is %v", got)
	}
	if got := (&Error{Code: RequestInvalid, Status: 431}); got.HTTPStatus() != 431 || got.MetricReason() != "request_invalid" {
		t.Errorf("status %d, reason %s", got.HTTPStatus(), got.MetricReason())
	}
	if got := (&Error{Code: BulkheadFull, Reason: "queue_timeout"}); got.MetricReason() != "queue_timeout" {
		t.Errorf("reason %s", got.MetricReason())
	}
}
