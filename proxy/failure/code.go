// Package failure is the one vocabulary of what can go wrong: typed errors, and the one table that turns a code into a status,
// a problem+json body, a Proxy-Status field and the facts that breakers and callers need.
//
// It decides how a failure is told, never whether something failed (package verdict does) nor what happens then (the layers do).
package failure

import "net/http"

// Code names a failure, the same in bodies, headers, logs, metrics and spans.
type Code string

// The codes; each has a page in docs/failures.
const (
	ConnectRefused     Code = "upstream_connect_refused"
	ConnectTimeout     Code = "upstream_connect_timeout"
	TLSFailed          Code = "upstream_tls_failed"
	DNSFailed          Code = "dns_failed"
	ResetBeforeHeaders Code = "upstream_reset_before_headers"
	ResetMidBody       Code = "upstream_reset_mid_body"
	UpstreamTimeout    Code = "upstream_timeout" // an attempt timeout that ended
	Deadline           Code = "deadline"         // the request timeout or the caller's deadline
	RetriesExhausted   Code = "retries_exhausted"
	CircuitOpen        Code = "circuit_open"
	BulkheadFull       Code = "bulkhead_full"
	Overload           Code = "overload"
	RateLimited        Code = "rate_limited"
	RequestInvalid     Code = "request_invalid"
	ClientClosed       Code = "client_closed"
	NoRoute            Code = "no_route"
	BadResponse        Code = "upstream_bad_response"
	LoopDetected       Code = "loop_detected"
	Internal           Code = "internal"
)

// Facts are what the table knows of a code.
type Facts struct {
	Status      int    // of the answer that we write
	ProxyStatus string // error type of RFC 9209 section 2.3
	Title       string
	// BreakerCounts says that an attempt which ended so speaks against the upstream.
	BreakerCounts bool
	// Refusal says that we said no on purpose, so that the exchange is refused and not failed.
	Refusal bool
}

var table = map[Code]Facts{
	ConnectRefused:     {Status: 502, ProxyStatus: "connection_refused", Title: "The upstream refused the connection", BreakerCounts: true},
	ConnectTimeout:     {Status: 504, ProxyStatus: "connection_timeout", Title: "The upstream did not accept a connection in time", BreakerCounts: true},
	TLSFailed:          {Status: 502, ProxyStatus: "tls_protocol_error", Title: "The TLS handshake with the upstream failed", BreakerCounts: true},
	DNSFailed:          {Status: 502, ProxyStatus: "dns_error", Title: "The upstream's name could not be resolved", BreakerCounts: true},
	ResetBeforeHeaders: {Status: 502, ProxyStatus: "connection_terminated", Title: "The upstream closed the connection without an answer", BreakerCounts: true},
	ResetMidBody:       {Status: 502, ProxyStatus: "http_response_incomplete", Title: "The upstream's answer broke off", BreakerCounts: true},
	UpstreamTimeout:    {Status: 504, ProxyStatus: "connection_read_timeout", Title: "The upstream did not answer within the attempt timeout", BreakerCounts: true},
	Deadline:           {Status: 504, ProxyStatus: "http_response_timeout", Title: "The request did not end within its deadline", BreakerCounts: true},
	RetriesExhausted:   {Status: 502, Title: "Every attempt failed"}, // told beside the upstream's own status
	CircuitOpen:        {Status: 503, ProxyStatus: "destination_unavailable", Title: "The circuit to the upstream is open", Refusal: true},
	BulkheadFull:       {Status: 503, ProxyStatus: "connection_limit_reached", Title: "The concurrency limit is reached", Refusal: true},
	Overload:           {Status: 503, ProxyStatus: "connection_limit_reached", Title: "The sidecar sheds load", Refusal: true},
	RateLimited:        {Status: 429, ProxyStatus: "http_request_denied", Title: "The rate limit is reached", Refusal: true},
	RequestInvalid:     {Status: 400, ProxyStatus: "http_request_error", Title: "The request is not valid", Refusal: true},
	ClientClosed:       {Status: 499, ProxyStatus: "", Title: "The client went away"},
	NoRoute:            {Status: 404, ProxyStatus: "destination_not_found", Title: "No route leads to this target", Refusal: true},
	BadResponse:        {Status: 502, ProxyStatus: "http_protocol_error", Title: "The upstream's answer is not valid HTTP", BreakerCounts: true},
	LoopDetected:       {Status: 502, ProxyStatus: "proxy_loop_detected", Title: "The request came back to this sidecar", Refusal: true},
	Internal:           {Status: 500, ProxyStatus: "proxy_internal_error", Title: "The sidecar failed"},
}

// Of returns the facts of a code; an unknown code has those of Internal.
func Of(code Code) Facts {
	if f, ok := table[code]; ok {
		return f
	}
	return table[Internal]
}

// Codes returns every code of the table, in no order.
func Codes() []Code {
	codes := make([]Code, 0, len(table))
	for c := range table {
		codes = append(codes, c)
	}
	return codes
}

// StatusText is the phrase of a status, also for 499, which has no registered one.
func StatusText(status int) string {
	if status == 499 {
		return "Client Closed Request"
	}
	return http.StatusText(status)
}
