package proxy_test

import (
	"net/http"
	"strings"
	"testing"

	"outrigger/proxy/failure"
	"outrigger/proxy/proxytest"
)

// fault is one row of the table of faults: what a client sends and an upstream does, and what everybody sees of it.
type fault struct {
	name   string
	send   string
	policy string           // wary unless set
	steps  []proxytest.Step // the upstream answers 200 unless set

	status  int  // that the client gets; 0 for none
	broken  bool // the answer breaks off in its body
	kept    bool // the connection stays open
	seen    int  // requests that the upstream saw
	outcome string
	code    failure.Code
	// failures is the share of failed attempts in the breaker's window.
	failures float64
	refused  string // reason of outrigger_refused_total
}

// circuit is the state that the circuit must be in.
func (f *fault) circuit() string {
	if strings.HasPrefix(f.policy, wary) && f.failures > 0 {
		return "open"
	}
	return "closed"
}

// perhaps is a number of requests that depends on how bytes arrive.
const perhaps = -1

func runFaults(t *testing.T, faults []fault) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			if f.policy == "" {
				f.policy = wary
			}
			f.run(t)
		})
	}
}

func (f *fault) run(t *testing.T) {
	up := proxytest.NewUpstream(t, f.steps...)
	s := start(t, up, f.policy)
	c := proxytest.Dial(t, s.Port("up"))
	r := c.Do(f.send)
	if got := statusOf(r); got != f.status {
		t.Fatalf("status is %d, want %d\n%+v\n%s", got, f.status, r.Response, s.Log)
	}
	if broken := r.Response != nil && r.Broken != nil; broken != f.broken {
		t.Errorf("the answer broke off: %t (%v), want %t", broken, r.Broken, f.broken)
	}
	if kept := c.Kept(); kept != f.kept {
		t.Errorf("the connection is kept: %t, want %t", kept, f.kept)
	}
	if got := up.Seen(); got != f.seen && f.seen != perhaps {
		t.Errorf("the upstream saw %d requests, want %d", got, f.seen)
	}
	f.told(t, s)
	f.counted(t, s)
	f.weighed(t, s)
	if f.code != "" && f.status != 0 && !f.broken {
		ours(t, r, f.code)
	}
}

func statusOf(r proxytest.Reply) int {
	if r.Response == nil {
		return 0
	}
	return r.StatusCode
}

// told looks for the one log line.
func (f *fault) told(t *testing.T, s *proxytest.Sidecar) {
	t.Helper()
	lines := s.Exchanges(1)
	if len(lines) != 1 || lines[0].Outcome != f.outcome || lines[0].Code != string(f.code) {
		t.Errorf("the log says %+v, want one line of outcome %q with code %q", lines, f.outcome, f.code)
	}
	if f.status != 0 && !f.broken && lines[0].Status != f.status {
		t.Errorf("the log says status %d, want %d", lines[0].Status, f.status)
	}
}

// counted looks at the counters of the exchange, the refusal and the attempts.
func (f *fault) counted(t *testing.T, s *proxytest.Sidecar) {
	t.Helper()
	_, metrics := s.Get("/metrics")
	if n := proxytest.Sum(metrics, "outrigger_requests_total"); n != 1 {
		t.Errorf("%v exchanges are counted, want 1", n)
	}
	if n := proxytest.Sum(metrics, "outrigger_requests_total", `outcome="`+f.outcome+`"`, `upstream="up"`); n != 1 {
		t.Errorf("%v exchanges of outcome %q are counted, want 1", n, f.outcome)
	}
	want := 0.0
	if f.refused != "" {
		want = 1
	}
	if n := proxytest.Sum(metrics, "outrigger_refused_total", `reason="`+f.refused); n != want {
		t.Errorf("%v refusals for %q are counted, want %v", n, f.refused, want)
	}
}

// weighed looks at the circuit.
func (f *fault) weighed(t *testing.T, s *proxytest.Sidecar) {
	t.Helper()
	op := s.Operation("up", "unmatched")
	if op.Circuit != f.circuit() || op.FailureRate != f.failures {
		t.Errorf("the circuit is %s with a failure rate of %v, want %s with %v", op.Circuit, op.FailureRate, f.circuit(), f.failures)
	}
	if op.InFlight != 0 || s.Upstream("up").InFlight != 0 {
		t.Errorf("%d exchanges are in flight still", op.InFlight)
	}
}

// ours checks that an answer is one that the sidecar made, with a code, in all three places.
func ours(t *testing.T, r proxytest.Reply, code failure.Code) {
	t.Helper()
	p := r.Problem()
	if p.Code != string(code) || p.Status != r.StatusCode || p.Title == "" || p.TraceID == "" {
		t.Errorf("the problem is %+v, want code %q and status %d", p, code, r.StatusCode)
	}
	status := r.Header.Get("Proxy-Status")
	if !strings.HasPrefix(status, "outrigger; ") || !strings.Contains(status, `details="`+string(code)+`"`) {
		t.Errorf("Proxy-Status is %q, want details %q", status, code)
	}
	if r.Header.Get("X-Request-Id") == "" {
		t.Error("the answer has no X-Request-Id")
	}
}

// invalid is a fault that the client alone is to blame for: the upstream is not contacted.
func invalid(name string, status int, send string) fault {
	return fault{name: name, send: send, status: status, outcome: "refused", code: failure.RequestInvalid, refused: "request_invalid"}
}

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

var get = proxytest.Get("/")

// post is a POST with these fields, each with its line end, and this content.
func post(fields, content string) string {
	return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + content
}

func TestRequestsThatTwoParsersReadInTwoWaysAreRefused(t *testing.T) {
	smuggled := "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
	runFaults(t, []fault{
		invalid("a length beside chunks", 400, post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")),
		invalid("chunks before a length, with a request behind the last chunk", 400,
			post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"+smuggled)),
		invalid("two lengths that differ", 400, post("Content-Length: 0\r\nContent-Length: 5\r\n", "hello")),
		invalid("two lengths that agree", 400, post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")),
		invalid("a list of lengths", 400, post("Content-Length: 5, 5\r\n", "hello")),
		invalid("a length with a plus sign", 400, post("Content-Length: +5\r\n", "hello")),
		invalid("a length with a minus sign", 400, post("Content-Length: -5\r\n", "hello")),
		invalid("an empty length", 400, post("Content-Length: \r\n", "hello")),
		invalid("a length in hex", 400, post("Content-Length: 0x5\r\n", "hello")),
		invalid("a length beyond 64 bits", 400, post("Content-Length: 99999999999999999999\r\n", "hello")),
		invalid("a blank before the colon", 400, post("Content-Length : 5\r\n", "hello")),
		invalid("chunks in HTTP/1.0 with a request behind them", 400,
			"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"+smuggled),
		invalid("chunks and a length in HTTP/1.0", 400,
			"POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		invalid("a folded field", 400, post("X-A: b\r\n c\r\n", "")),
		invalid("a folded coding", 400, post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n")),
		invalid("line feeds alone", 400, "GET / HTTP/1.1\nHost: a\n\n"),
		invalid("a carriage return alone", 400, post("X-A: b\rX-B: c\r\n", "")),
		invalid("a null byte in a value", 400, post("X-A: b\x00c\r\n", "")),
		invalid("a field without a name", 400, post(": x\r\n", "")),
		invalid("a field without a colon", 400, post("foo bar\r\n", "")),
		invalid("an empty coding before chunked", 501, post("Transfer-Encoding: ,chunked\r\n", "0\r\n\r\n")),
		invalid("a coding that is not known", 501, post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")),
		invalid("the identity coding with a length", 400, post("Transfer-Encoding: identity\r\nContent-Length: 5\r\n", "hello")),
		invalid("a vertical tab before the coding", 400, post("Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n")),
		invalid("a vertical tab before the coding, and a length", 400, post("Transfer-Encoding: \x0bchunked\r\nContent-Length: 5\r\n", "hello")),
		invalid("no host", 400, "GET / HTTP/1.1\r\n\r\n"),
		invalid("two hosts", 400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
		invalid("a target for another host", 400, "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"),
		invalid("HTTP/2.0 by name", 505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
		invalid("HTTP/0.9", 400, "GET /\r\n\r\n"),
		invalid("an expectation that is not known", 417, post("Expect: 200-ok\r\nContent-Length: 5\r\n", "hello")),
		invalid("a tunnel", 405, "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
		invalid("a fragment in the target", 400, "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"),
		invalid("a TLS handshake on a port without TLS", 400, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"+strings.Repeat("\x00", 64)+"\r\n\r\n"),
	})
}

func TestRequestsBeyondTheLimitsAreRefused(t *testing.T) {
	runFaults(t, []fault{
		invalid("a megabyte of header", 431, "GET / HTTP/1.1\r\nHost: a\r\nX-A: "+strings.Repeat("a", 1<<20)+"\r\n\r\n"),
		invalid("20,000 fields", 431, "GET / HTTP/1.1\r\nHost: a\r\n"+strings.Repeat("X-A: b\r\n", 20_000)+"\r\n"),
		invalid("101 fields", 431, "GET / HTTP/1.1\r\nHost: a\r\n"+strings.Repeat("A: b\r\n", 100)+"\r\n"),
		invalid("a target of 100 KB", 414, "GET /"+strings.Repeat("a", 100<<10)+" HTTP/1.1\r\nHost: a\r\n\r\n"),
		invalid("a method of 8 KB", 501, strings.Repeat("A", 8<<10)+" / HTTP/1.1\r\nHost: a\r\n\r\n"),
	})
}

func TestPathsThatClimbAboveTheirRootAreRefused(t *testing.T) {
	climbs := invalid("two steps up from one step down", 400, "GET /a/../../etc HTTP/1.1\r\nHost: a\r\n\r\n")
	encoded := invalid("the same with encoded slashes", 400, "GET /a%2f..%2f..%2fetc HTTP/1.1\r\nHost: a\r\n\r\n")
	climbs.kept, encoded.kept = true, true // the message itself is whole: the next one may follow
	runFaults(t, []fault{climbs, encoded})
}

// fine is what is odd but right: the upstream answers it.
func fine(name, send string) fault {
	return fault{name: name, send: send, status: 200, seen: 1, outcome: "ok", kept: true, steps: []proxytest.Step{proxytest.Raw(ok)}}
}

func TestOddButRightRequestsPass(t *testing.T) {
	once := fine("a client of HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\n\r\n")
	once.kept = false
	runFaults(t, []fault{
		once,
		fine("a client of HTTP/1.0 that keeps alive", "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"),
		fine("a length with leading zeros", post("Content-Length: 005\r\n", "hello")),
		fine("a later minor version", "GET / HTTP/1.9\r\nHost: a\r\n\r\n"),
		fine("a method in lower case", "get / HTTP/1.1\r\nHost: a\r\n\r\n"),
		fine("a GET with a body", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"),
		fine("a connection field that names the framing", post("Connection: Content-Length\r\nContent-Length: 5\r\n", "hello")),
		fine("an upgrade to h2c that nobody asked us for", "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"),
		fine("a path that goes up within its root", "GET /a/b/../c HTTP/1.1\r\nHost: a\r\n\r\n"),
		fine("100 chunks of a byte", post("Transfer-Encoding: chunked\r\n", strings.Repeat("1\r\nx\r\n", 100)+"0\r\n\r\n")),
	})
}

func TestAClientThatClosesLeavesTheConnectionToTheUpstreamAlone(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t)
	s := start(t, up, wary)
	for _, send := range []string{"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n", get} {
		if r := proxytest.Call(t, s.Port("up"), send); statusOf(r) != http.StatusOK {
			t.Fatalf("status %d", statusOf(r))
		}
	}
	if n := up.Connections(); n != 1 {
		t.Errorf("the upstream got %d connections, want 1", n)
	}
}

func TestARequestIsForwardedAsItWasWritten(t *testing.T) {
	for _, c := range []struct{ name, send, line, body string }{
		{"a path with dots keeps them", "GET /a/b/../c?x=%2F&y HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a/b/../c?x=%2F&y HTTP/1.1", ""},
		{"a method in lower case keeps it", "get / HTTP/1.1\r\nHost: a\r\n\r\n", "get / HTTP/1.1", ""},
		{"a client of HTTP/1.0 becomes one of 1.1", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", "GET / HTTP/1.1", ""},
		{"an absolute target becomes a path", "GET http://a/b?c HTTP/1.1\r\nHost: a\r\n\r\n", "GET /b?c HTTP/1.1", ""},
		{"a GET keeps its body", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", "GET / HTTP/1.1", "hello"},
		{"framing stays though Connection names it", post("Connection: Content-Length, X-A\r\nX-A: b\r\nContent-Length: 005\r\n", "hello"), "POST / HTTP/1.1", "hello"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			up := proxytest.NewUpstream(t)
			s := start(t, up, wary)
			if r := proxytest.Call(t, s.Port("up"), c.send); statusOf(r) != http.StatusOK {
				t.Fatalf("status %d", statusOf(r))
			}
			r := up.Requests()[0]
			line, _, _ := strings.Cut(r.Head, "\r\n")
			if body, complete := r.Taken(); line != c.line || body != c.body || !complete {
				t.Errorf("the upstream saw %q with %q (whole: %t), want %q with %q", line, body, complete, c.line, c.body)
			}
			for _, gone := range []string{"X-A", "Http2-Settings", "Upgrade", "Connection"} {
				if r.Header[gone] != nil {
					t.Errorf("the upstream got %s: %q", gone, r.Header[gone])
				}
			}
		})
	}
}
