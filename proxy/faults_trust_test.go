package proxy_test

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"outrigger/proxy/failure"
	"outrigger/proxy/proxytest"
)

// around is a policy with an application behind the inbound port.
func around(application, rest string) string {
	return "version: 1\nservice: test\ninbound: {listen: 127.0.0.1:0, application: '" + application + "'}\n" + rest
}

const distrust = "trust: {callers: [10.0.0.0/8]}\n"

// spoofed is what a caller may claim.
const spoofed = "GET /x HTTP/1.1\r\nHost: shop.test\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nX-Real-IP: 6.6.6.6\r\n" +
	"Forwarded: for=6.6.6.6\r\nOutrigger-Attempt: 5\r\nOutrigger-Timeout-Ms: 1\r\nOutrigger-Attempts: 9\r\nOutrigger-Retryable: false\r\n" +
	"Proxy-Authorization: Basic eA==\r\nConnection: x-policy, authorization, x-forwarded-for, outrigger-attempt\r\nX-Policy: a\r\nAuthorization: Bearer b\r\n\r\n"

func TestWhatAStrangerClaimsIsDropped(t *testing.T) {
	t.Parallel()
	app := proxytest.NewUpstream(t)
	s := proxytest.Start(t, around(app.URL(), distrust))
	if r := proxytest.Call(t, s.Inbound(), spoofed); statusOf(r) != 200 {
		t.Fatalf("status %d: a stranger's deadline of a millisecond was believed?", statusOf(r))
	}
	h := app.Requests()[0].Header
	for name, want := range map[string]string{
		"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "shop.test", "X-Real-Ip": "", "Forwarded": "",
		"Outrigger-Attempt": "1", "Outrigger-Attempts": "", "Outrigger-Retryable": "", "Proxy-Authorization": "", "X-Policy": "",
		"Authorization": "Bearer b", "Connection": "",
	} {
		if got := strings.Join(h[name], ","); got != want {
			t.Errorf("the application gets %s: %q, want %q", name, got, want)
		}
	}
	if left := h.Get("Outrigger-Timeout-Ms"); len(left) < 4 {
		t.Errorf("Outrigger-Timeout-Ms is %q, want what our own deadline leaves", left)
	}
}

func TestWhatATrustedCallerSaysIsBelieved(t *testing.T) {
	t.Parallel()
	app := proxytest.NewUpstream(t, proxytest.Hang)
	s := proxytest.Start(t, around(app.URL(), ""))
	begun := time.Now()
	r := proxytest.Call(t, s.Inbound(), "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4\r\nOutrigger-Timeout-Ms: 100\r\n\r\n")
	if statusOf(r) != 504 || time.Since(begun) > 5*time.Second {
		t.Errorf("status %d after %v, want 504 when the caller's deadline passed", statusOf(r), time.Since(begun))
	}
	ours(t, r, failure.Deadline)
	h := app.Requests()[0].Header
	if h.Get("X-Forwarded-For") != "1.2.3.4, 127.0.0.1" {
		t.Errorf("X-Forwarded-For is %q, want ours appended", h.Get("X-Forwarded-For"))
	}
}

func TestTraceContextIsContinuedOrBegunAnew(t *testing.T) {
	const id = "0af7651916cd43dd8448eb211c80319c"
	for _, c := range []struct {
		name, fields string
		kept         bool
		baggage      bool
	}{
		{"a good one", "traceparent: 00-" + id + "-b7ad6b7169203331-01\r\ntracestate: a=b\r\nbaggage: k=v\r\n", true, true},
		{"garbage", "traceparent: 00-xyz\r\ntracestate: a=b\r\n", false, false},
		{"all zeros", "traceparent: 00-00000000000000000000000000000000-b7ad6b7169203331-01\r\n", false, false},
		{"two of them", "traceparent: 00-" + id + "-b7ad6b7169203331-01\r\ntraceparent: 00-" + id + "-b7ad6b7169203331-01\r\n", false, false},
		{"none", "", false, false},
		{"baggage of 20 KB", "traceparent: 00-" + id + "-b7ad6b7169203331-01\r\nbaggage: k=" + strings.Repeat("v", 20<<10) + "\r\n", true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			up := proxytest.NewUpstream(t)
			s := start(t, up, wary)
			if r := proxytest.Call(t, s.Port("up"), "GET / HTTP/1.1\r\nHost: a\r\n"+c.fields+"\r\n"); statusOf(r) != 200 {
				t.Fatalf("status %d", statusOf(r))
			}
			h, line := up.Requests()[0].Header, s.Exchanges(1)[0]
			parent := h.Get("Traceparent")
			if len(h["Traceparent"]) != 1 || len(parent) != 55 || parent[3:35] != line.TraceID || (line.TraceID == id) != c.kept {
				t.Errorf("the upstream gets traceparent %q and the log has trace %q, kept should be %t", h["Traceparent"], line.TraceID, c.kept)
			}
			if got := h.Get("Tracestate") != ""; got && !c.kept {
				t.Errorf("tracestate %q came along with a trace that began anew", h.Get("Tracestate"))
			}
			if got := h.Get("Baggage") != ""; got != c.baggage {
				t.Errorf("baggage of %d bytes passed: %t, want %t", len(h.Get("Baggage")), got, c.baggage)
			}
		})
	}
}

func TestARequestThatComesBackIsALoop(t *testing.T) {
	t.Parallel()
	var s *proxytest.Sidecar
	up := proxytest.NewUpstream(t, func(c *proxytest.Conn, r *proxytest.Request) {
		inner := proxytest.On(mustDial(t, s.Port("up")))
		defer inner.Close()
		reply := inner.Do("GET / HTTP/1.1\r\nHost: a\r\nVia: " + r.Header.Get("Via") + "\r\n\r\n")
		proxytest.Answer(statusOf(reply), reply.Text, "Content-Type: application/problem+json")(c, r)
	})
	s = start(t, up, wary)
	r := proxytest.Call(t, s.Port("up"), get)
	if p := r.Problem(); statusOf(r) != 502 || p.Code != "loop_detected" || up.Seen() != 1 {
		t.Errorf("the client got %d %q after %d requests, want the loop ended at its first turn", statusOf(r), p.Code, up.Seen())
	}
}

func mustDial(t *testing.T, address string) net.Conn {
	nc, err := net.Dial("tcp", address)
	if err != nil {
		t.Error(err)
	}
	return nc
}

func TestTheOutboundPortKnowsItsUpstreamsOnly(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t)
	s := proxytest.Start(t, "version: 1\nservice: test\noutbound: {listen: 127.0.0.1:0}\nupstreams: {up: {endpoints: ['"+up.URL()+"'], hosts: [shop.test, 'pay.test:8080']}}\n")
	for _, c := range []struct {
		target, host string
		status       int
	}{
		{"/a", "shop.test", 200},
		{"/a", "SHOP.test", 200},
		{"/a", "shop.test:1234", 200},
		{"http://shop.test/a", "shop.test", 200},
		{"/a", "pay.test:8080", 200},
		{"/a", "pay.test", 404},
		{"/a", "pay.test:80", 404},
		{"/a", "evil.test", 404},
		{"http://evil.test/a", "evil.test", 404},
		{"/a", "169.254.169.254", 404},
		{"/a", up.Host(), 200},
	} {
		before := up.Seen()
		r := proxytest.Call(t, s.Outbound(), "GET "+c.target+" HTTP/1.1\r\nHost: "+c.host+"\r\n\r\n")
		if statusOf(r) != c.status || (up.Seen() > before) != (c.status == 200) {
			t.Errorf("%s of %s gets %d, want %d", c.target, c.host, statusOf(r), c.status)
		}
		if c.status == 404 {
			ours(t, r, failure.NoRoute)
		}
	}
}

// TestPipelinedRequestsAreAnsweredInOrder sends a hundred at once, and then one byte at a time.
func TestPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, func(c *proxytest.Conn, r *proxytest.Request) {
		proxytest.Answer(200, r.URL.Path)(c, r)
	})
	s := start(t, up, wary)
	var all strings.Builder
	for n := range 100 {
		fmt.Fprintf(&all, "POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", n)
	}
	c := proxytest.Dial(t, s.Port("up"))
	go c.Send(all.String())
	for n := range 100 {
		if r := c.Read("POST"); statusOf(r) != 200 || r.Text != fmt.Sprintf("/%d", n) {
			t.Fatalf("answer %d is %d %q", n, statusOf(r), r.Text)
		}
	}
	go func() {
		for _, b := range []byte(proxytest.Get("/slow")) {
			if _, err := c.Write([]byte{b}); err != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	if r := c.Read("GET"); statusOf(r) != 200 || r.Text != "/slow" {
		t.Errorf("a request of single bytes gets %d %q", statusOf(r), r.Text)
	}
}

func TestConnectionsWithoutARequestCostNothing(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t)
	s := start(t, up, wary)
	for _, send := range []string{"", "G", "GET / HTTP/1.1\r\nHost:"} {
		c := proxytest.Dial(t, s.Port("up"))
		c.Send(send)
		c.Close()
	}
	if r := proxytest.Call(t, s.Port("up"), get); statusOf(r) != 200 || up.Seen() != 1 {
		t.Errorf("the request after them gets %d, the upstream saw %d", statusOf(r), up.Seen())
	}
}

// TestSlowHeadsAreGivenUpAndOthersServed is a slowloris of 200 connections.
func TestSlowHeadsAreGivenUpAndOthersServed(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t)
	s := proxytest.Start(t, beside(up.URL(), wary)+"limits: {headerTimeout: 300ms}\n")
	var all sync.WaitGroup
	for range 200 {
		c := proxytest.Dial(t, s.Port("up"))
		all.Go(func() {
			stop := make(chan struct{})
			defer close(stop)
			go func() {
				for c.Send("GET / HTTP/1.1\r\nX-"); ; c.Send("a") {
					select {
					case <-stop:
						return
					case <-time.After(50 * time.Millisecond):
					}
				}
			}()
			if r := c.Read("GET"); statusOf(r) != 408 {
				t.Errorf("a slow head gets %d (%v), want 408", statusOf(r), r.Broken)
			}
		})
	}
	if r := proxytest.Call(t, s.Port("up"), get); statusOf(r) != 200 {
		t.Errorf("another client gets %d meanwhile", statusOf(r))
	}
	all.Wait()
	if up.Seen() != 1 {
		t.Errorf("the upstream saw %d requests, want that of the other client", up.Seen())
	}
}

// TestTheAdminPortStandsAbuse sends it what a hostile neighbour would.
func TestTheAdminPortStandsAbuse(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t)
	s := start(t, up, wary)
	for _, c := range []struct {
		name, send string
		status     int
	}{
		{"a change by GET", "GET /policy/reload HTTP/1.1\r\nHost: localhost\r\n\r\n", 405},
		{"draining by GET", "GET /drain HTTP/1.1\r\nHost: localhost\r\n\r\n", 405},
		{"a change from a page of another origin", "POST /drain HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.test\r\nSec-Fetch-Site: cross-site\r\nContent-Length: 0\r\n\r\n", 403},
		{"a change under another name (DNS rebinding)", "POST /drain HTTP/1.1\r\nHost: evil.test\r\nContent-Length: 0\r\n\r\n", 403},
		{"a query of 10 KB", "GET /decisions?upstream=" + strings.Repeat("a", 10<<10) + " HTTP/1.1\r\nHost: localhost\r\n\r\n", 414},
		{"a body of 10 KB", "POST /log-level HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10240\r\n\r\n" + strings.Repeat("a", 10<<10), 413},
		{"an operation that is none", "POST /operations/up/%22%7Dx/breaker HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16\r\n\r\n{\"state\":\"open\"}", 404},
	} {
		r := proxytest.Call(t, s.Admin(), c.send)
		if statusOf(r) != c.status {
			t.Errorf("%s gets %d %s, want %d", c.name, statusOf(r), r.Text, c.status)
		}
	}
	slow := proxytest.Dial(t, s.Admin()) // a scrape that nobody reads
	for range 50 {
		slow.Send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
	}
	proxytest.Call(t, s.Port("up"), "GET /a%22%0Ab?q=1 HTTP/1.1\r\nHost: a\r\n\r\n")
	for range 20 {
		if r := proxytest.Call(t, s.Port("up"), get); statusOf(r) != 200 {
			t.Fatalf("a client gets %d beside a slow scrape", statusOf(r))
		}
	}
	if _, metrics := s.Get("/metrics"); strings.Contains(metrics, "/a%22") || strings.Contains(metrics, "evil") {
		t.Error("a path or a host of a client is among the labels")
	}
	if status, _ := s.Get("/readyz"); status != 200 {
		t.Errorf("/readyz answers %d: some abuse worked", status)
	}
}

// TestSecretsStayOutOfTheLog: no query, no header value, no body.
func TestSecretsStayOutOfTheLog(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, proxytest.Reset)
	s := start(t, up, wary)
	c := proxytest.Dial(t, s.Port("up"))
	r := c.Do("POST /x?token=s3cret HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer s3cret\r\nCookie: s3cret\r\nContent-Length: 6\r\n\r\ns3cret")
	s.Exchanges(1)
	_, decisions := s.Get("/decisions")
	_, metrics := s.Get("/metrics")
	for where, text := range map[string]string{"log": s.Log.String(), "decisions": decisions, "metrics": metrics, "answer": r.Text} {
		if strings.Contains(text, "s3cret") {
			t.Errorf("a secret is in the %s:\n%s", where, text)
		}
	}
}
