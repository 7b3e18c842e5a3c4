package failure

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"outrigger/policy"
)

// ProxyName is our name in Proxy-Status and our pseudonym in Via.
const ProxyName = "outrigger"

// typeBase is the stable prefix of problem types; each has a page in docs/failures.
const typeBase = "https://outrigger.dev/failures/"

// Report is what an answer of ours tells beside the failure itself.
type Report struct {
	Upstream, Operation string
	Attempts            int
	TraceID, RequestID  string
	Instance            string // the request's path
	// Retryable is false when an outer hop must not try again.
	Retryable bool
	NextHop   string // the endpoint of the last attempt
}

// problem is the body, RFC 9457 with our extension members.
type problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail,omitempty"`
	Instance  string `json:"instance,omitempty"`
	Code      Code   `json:"code"`
	Retryable bool   `json:"retryable"`
	Attempts  int    `json:"attempts"`
	Operation string `json:"operation,omitempty"`
	Upstream  string `json:"upstream,omitempty"`
	TraceID   string `json:"trace_id,omitempty"`
	// Errors are what is wrong with the request, one by one.
	Errors []policy.Violation `json:"errors,omitempty"`
}

// Write answers a client with the failure as problem+json and returns the number of body bytes. The header must not have been written.
func Write(w http.ResponseWriter, e *Error, r Report) (int, error) {
	status := e.HTTPStatus()
	body, err := json.Marshal(problem{
		Type: typeBase + string(e.Code), Title: Of(e.Code).Title, Status: status, Detail: e.Detail, Instance: r.Instance,
		Code: e.Code, Retryable: r.Retryable, Attempts: r.Attempts, Operation: r.Operation, Upstream: r.Upstream, TraceID: r.TraceID,
		Errors: e.Violations,
	})
	if err != nil {
		return 0, err
	}
	body = append(body, '\n')
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Set("Proxy-Status", ProxyStatus(e.Code, r.NextHop, 0))
	if !r.Retryable {
		h.Set("Outrigger-Retryable", "false")
	}
	if e.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int((e.RetryAfter+time.Second-1)/time.Second)))
	}
	w.WriteHeader(status)
	return w.Write(body)
}

// ProxyStatus is the Proxy-Status field (RFC 9209) for a code, or for a reason of outrigger_retries_refused_total, which has no
// error type. NextHop and received, the upstream's own status, may be empty and 0.
func ProxyStatus(code Code, nextHop string, received int) string {
	var b strings.Builder
	b.WriteString(ProxyName)
	if t := table[code].ProxyStatus; t != "" {
		b.WriteString("; error=" + t)
	}
	if nextHop != "" {
		b.WriteString("; next-hop=" + strconv.Quote(nextHop))
	}
	if received != 0 {
		b.WriteString("; received-status=" + strconv.Itoa(received))
	}
	b.WriteString("; details=" + strconv.Quote(string(code)))
	return b.String()
}
