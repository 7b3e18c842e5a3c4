package conformance_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"outrigger/proxy/proxytest"
)

var blame = []clause{
	{
		"ours", "ours", "blame the client, and nobody else, for a request that goes wrong in its body",
		"400 or 408 with `request_invalid`, or nothing with `client_closed`; no sample for the breaker, no retry, and never a 502. Choice: the end of the client's direction is taken for its leaving, because TCP tells the two apart only once something is sent; an answer that comes within a moment still arrives",
		[]probe{
			acted("a bad chunk behind a good one that was forwarded", badChunkLate),
			acted("a trailer that may not be, behind content that was forwarded", badTrailerLate),
			acted("a bad chunk when the answer is on its way already", wrongWithin),
			acted("content that stops", slowContent),
			acted("content shorter than its length", shortContent),
			acted("chunks that end with the connection", chunksCutLate),
			acted("a client that leaves before the answer", leavesEarly),
			acted("a client that leaves within the answer", leavesWithin),
			acted("a client that ends its direction alone, and waits", leavesByHalf),
		},
	},
	{
		"ours", "ours", "tell every refusal once",
		"one log line with code and reason, one count in `outrigger_refused_total`; at level debug a line with the place and the value of the byte, and nothing of values otherwise",
		[]probe{
			acted("every refusal of this page is logged and counted once, with a reason", everyRefusal),
			acted("the offending byte at level debug", offendingByte),
			acted("the offending byte of a chunk", offendingChunkByte),
		},
	},
}

// strict is a sidecar of its own, whose circuit opens at the first failure, and which would retry.
func strict(t *testing.T, up *proxytest.Upstream, rest string) *proxytest.Sidecar {
	return proxytest.Start(t, `version: 1
service: test
upstreams:
  up:
    listen: 127.0.0.1:0
    endpoints: ['`+up.URL()+`']
    policy: {breaker: {consecutiveFailures: 1, minimumRequests: 1000, openFor: 60s}, retry: {retries: 2, backoff: {base: 1ms, max: 1ms}}`+rest+`}
`)
}

// clients checks that one exchange ended as the client's fault: one log line, no sample, no second attempt.
func clients(t *testing.T, s *proxytest.Sidecar, up *proxytest.Upstream, outcome, code string) {
	t.Helper()
	lines := s.Exchanges(1)
	if len(lines) != 1 || lines[0].Outcome != outcome || lines[0].Code != code {
		t.Errorf("the log says %+v, want one line of outcome %q with code %q", lines, outcome, code)
	}
	if op := s.Operation("up", "unmatched"); op.Circuit != "closed" || op.FailureRate != 0 || op.InFlight != 0 {
		t.Errorf("the operation stands %+v, want a closed circuit, no failure and nothing in flight", op)
	}
	if n := up.Seen(); n > 1 {
		t.Errorf("the upstream got %d requests, want no more than one", n)
	}
	if _, metrics := s.Get("/metrics"); proxytest.Sum(metrics, "outrigger_retries_total") != 0 {
		t.Error("a retry was made")
	}
}

// half is a request whose content goes wrong after the upstream got its beginning. It returns what the client got and whether the
// upstream saw the request whole.
func half(t *testing.T, rest string, begun string, goesWrong func(c *proxytest.Client)) (r proxytest.Reply, whole bool, s *proxytest.Sidecar, up *proxytest.Upstream) {
	arrived, ended := make(chan struct{}), make(chan bool, 1)
	up = proxytest.NewUpstream(t, func(conn *proxytest.Conn, r *proxytest.Request) {
		close(arrived)
		_, complete := r.Take()
		ended <- complete
		conn.Close()
	})
	s = strict(t, up, rest)
	c := proxytest.Dial(t, s.Port("up"))
	c.Send(begun)
	<-arrived
	goesWrong(c)
	r = c.Read("PUT")
	return r, <-ended, s, up
}

const putChunks = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"

func badChunkLate(t *testing.T, _ *stage) { wrongLate(t, "zz\r\n") }

func badTrailerLate(t *testing.T, _ *stage) { wrongLate(t, "0\r\nHost: b\r\n\r\n") }

func wrongLate(t *testing.T, bad string) {
	r, whole, s, up := half(t, "", putChunks, func(c *proxytest.Client) { c.Send(bad + smuggled) })
	if r.Response == nil || r.StatusCode != 400 || r.Problem().Code != "request_invalid" || !r.Close || whole {
		t.Errorf("the client got %v (%v), the upstream a whole request: %t; want 400 and a broken one", r.Response, r.Broken, whole)
	}
	clients(t, s, up, "refused", "request_invalid")
}

// wrongWithin: the answer is on its way already, and can only break off.
func wrongWithin(t *testing.T, _ *stage) {
	ended := make(chan bool, 1)
	up := proxytest.NewUpstream(t, func(c *proxytest.Conn, r *proxytest.Request) {
		c.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n")
		_, complete := r.Take()
		ended <- complete
		c.Gone()
	})
	s := strict(t, up, "")
	c := proxytest.Dial(t, s.Port("up"))
	c.Send(putChunks)
	r := c.Head("PUT")
	if r.Response == nil || r.StatusCode != 200 {
		t.Fatalf("the client got %v (%v)", r.Response, r.Broken)
	}
	c.Send("zz\r\n" + smuggled)
	if text, err := io.ReadAll(r.Body); string(text) != "begun" || err == nil || <-ended {
		t.Errorf("the client got %q (%v), want an answer that breaks off, and the upstream an upload that does", text, err)
	}
	clients(t, s, up, "refused", "request_invalid")
	if _, metrics := s.Get("/metrics"); proxytest.Sum(metrics, "outrigger_refused_total") != 1 {
		t.Error("the refusal is not counted")
	}
}

func slowContent(t *testing.T, _ *stage) {
	r, whole, s, up := half(t, ", timeouts: {body: 100ms}", putChunks, func(*proxytest.Client) {})
	if r.Response == nil || r.StatusCode != 408 || !r.Close || whole {
		t.Errorf("the client got %v (%v), the upstream a whole request: %t; want 408 and a broken one", r.Response, r.Broken, whole)
	}
	clients(t, s, up, "refused", "request_invalid")
}

func shortContent(t *testing.T, _ *stage) {
	r, whole, s, up := half(t, "", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello", func(c *proxytest.Client) {
		_ = c.Conn.(*net.TCPConn).CloseWrite()
	})
	if r.Response != nil || whole {
		t.Errorf("the client got %v, the upstream a whole request: %t; want neither", r.Response, whole)
	}
	clients(t, s, up, "client_closed", "client_closed")
}

func chunksCutLate(t *testing.T, _ *stage) {
	r, whole, s, up := half(t, "", putChunks+"5\r\nwor", func(c *proxytest.Client) { _ = c.Conn.(*net.TCPConn).CloseWrite() })
	if r.Response != nil || whole {
		t.Errorf("the client got %v, the upstream a whole request: %t; want neither", r.Response, whole)
	}
	clients(t, s, up, "client_closed", "client_closed")
}

func leavesEarly(t *testing.T, _ *stage) {
	arrived := make(chan struct{})
	up := proxytest.NewUpstream(t, func(c *proxytest.Conn, r *proxytest.Request) {
		r.Take()
		close(arrived)
		c.Gone()
	})
	s := strict(t, up, "")
	c := proxytest.Dial(t, s.Port("up"))
	c.Send(get("/"))
	<-arrived
	c.Close()
	clients(t, s, up, "client_closed", "client_closed")
}

func leavesWithin(t *testing.T, _ *stage) {
	up := proxytest.NewUpstream(t, func(c *proxytest.Conn, r *proxytest.Request) {
		r.Take()
		c.Send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbegun")
		c.Gone()
	})
	s := strict(t, up, "")
	c := proxytest.Dial(t, s.Port("up"))
	c.Send(get("/"))
	_, _ = io.ReadFull(c.Head("GET").Body, make([]byte, 5))
	c.Close()
	clients(t, s, up, "client_closed", "client_closed")
}

// leavesByHalf cannot be told from a client that is gone.
func leavesByHalf(t *testing.T, _ *stage) {
	up := proxytest.NewUpstream(t, func(c *proxytest.Conn, r *proxytest.Request) {
		r.Take()
		c.Gone()
	})
	s := strict(t, up, "")
	c := proxytest.Dial(t, s.Port("up"))
	c.Send(get("/"))
	_ = c.Conn.(*net.TCPConn).CloseWrite()
	if r := c.Read("GET"); r.Response != nil {
		t.Errorf("the client got %v", r.Response)
	}
	clients(t, s, up, "client_closed", "client_closed")
}

// everyRefusal looks back on the whole page so far.
func everyRefusal(t *testing.T, s *stage) {
	refusals := 0
	for _, line := range s.sidecar.Exchanges(1) {
		if line.Outcome != "refused" {
			continue
		}
		refusals++
		if line.Code != "loop_detected" && (line.Code != "request_invalid" || line.Reason == "") {
			t.Errorf("a refusal without its code or reason: %+v", line)
		}
		if strings.Contains(line.Reason, "hello") || strings.ContainsAny(line.Reason, "\r\n\x00\x1b") {
			t.Errorf("a refusal whose reason holds what was sent: %q", line.Reason)
		}
	}
	_, metrics := s.sidecar.Get("/metrics")
	if n := proxytest.Sum(metrics, "outrigger_refused_total"); refusals == 0 || int(n) != refusals {
		t.Errorf("%d refusals are logged and %v are counted", refusals, n)
	}
}

// detail is what level debug adds to a refusal.
func detail(t *testing.T, send string) proxytest.Line {
	t.Helper()
	up := proxytest.NewUpstream(t)
	s := strict(t, up, "")
	if r := proxytest.Call(t, s.Port("up"), send); r.Response == nil || r.StatusCode != 400 {
		t.Fatalf("the client got %v", r.Response)
	}
	s.Exchanges(1)
	if lines := s.Log.Lines("request refused"); len(lines) != 0 {
		t.Errorf("without being asked for, the log says %+v", lines)
	}
	if status, body := s.Post("/log-level", `{"level":"debug"}`); status != 200 {
		t.Fatalf("the level is not set: %d %s", status, body)
	}
	proxytest.Call(t, s.Port("up"), send)
	return s.Log.Wait(t, "request refused", 1)[0]
}

func offendingByte(t *testing.T, _ *stage) {
	line := detail(t, "GET / HTTP/1.1\r\nHost: a\r\nX-A: secret\x1b\r\n\r\n")
	if line.Reason != "field value invalid" || line.Position != 36 || line.Byte != "0x1b" {
		t.Errorf("the log says %+v, want byte 0x1b at 36", line)
	}
}

func offendingChunkByte(t *testing.T, _ *stage) {
	line := detail(t, chunked("5;a=\x01\r\nhello\r\n0\r\n\r\n"))
	if line.Reason != "chunk extension invalid" || line.Position != 4 || line.Byte != "0x01" {
		t.Errorf("the log says %+v, want byte 0x01 at 4 of its line", line)
	}
}

// soon bounds the waits of cases that have no answer to wait for.
const soon = 10 * time.Second
