package conformance_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"outrigger/proxy/proxytest"
)

// lone is a sidecar with an upstream of its own, so that its connections can be counted.
func lone(t *testing.T, steps ...proxytest.Step) (*proxytest.Sidecar, *proxytest.Upstream) {
	up := proxytest.NewUpstream(t, steps...)
	return proxytest.Start(t, `version: 1
service: test
upstreams: {up: {listen: 127.0.0.1:0, endpoints: ['`+up.URL()+`'], policy: {retry: off, breaker: off}}}
`), up
}

// twice sends a GET two times on one connection and expects that the upstream is reached over two.
func twice(t *testing.T, s *proxytest.Sidecar, up *proxytest.Upstream) {
	t.Helper()
	c := proxytest.Dial(t, s.Port("up"))
	for range 2 {
		if r := c.Do(get("/")); r.Response == nil || r.StatusCode != 200 || r.Text != "ok" {
			t.Fatalf("the client got %v %q (%v)", r.Response, r.Text, r.Broken)
		}
	}
	if n := up.Connections(); n != 2 {
		t.Errorf("the upstream got %d connections, want 2", n)
	}
}

func oldUpstreamNotReused(t *testing.T, _ *stage) {
	s, up := lone(t, proxytest.Raw("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"))
	twice(t, s, up)
}

func closingUpstreamNotReused(t *testing.T, _ *stage) {
	s, up := lone(t, proxytest.Raw("HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 2\r\n\r\nok"))
	twice(t, s, up)
}

// lateBytes sends another answer a while after the first, when nobody asks for one.
func lateBytes(t *testing.T, _ *stage) {
	s, up := lone(t, func(c *proxytest.Conn, r *proxytest.Request) {
		proxytest.Raw(answerOK)(c, r)
		time.Sleep(20 * time.Millisecond)
		c.Send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
	})
	c := proxytest.Dial(t, s.Port("up"))
	for n := range 3 {
		if r := c.Do(get("/")); r.Response == nil || r.Text != "ok" {
			t.Fatalf("answer %d is %v %q", n, r.Response, r.Text)
		}
		time.Sleep(60 * time.Millisecond) // until the unasked one has arrived
	}
	if n := up.Connections(); n != 3 {
		t.Errorf("the upstream got %d connections, want 3", n)
	}
}

func headWithContent(t *testing.T, _ *stage) {
	s, up := lone(t, func(c *proxytest.Conn, r *proxytest.Request) {
		r.Take()
		c.Send(answerOK)
	})
	c := proxytest.Dial(t, s.Port("up"))
	for range 2 {
		if r := c.Do("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"); r.Response == nil || r.StatusCode != 200 || r.Header.Get("Content-Length") != "2" {
			t.Fatalf("the client got %v", r.Response)
		}
	}
	if n := up.Connections(); n != 2 {
		t.Errorf("the upstream got %d connections, want 2: the first has bytes of nobody", n)
	}
}

func resetBeforeClose(t *testing.T, _ *stage) {
	s, _ := lone(t, proxytest.RawReset("HTTP/1.0 200 OK\r\n\r\n"+strings.Repeat("x", 20<<10)))
	if r := proxytest.Call(t, s.Port("up"), get("/")); r.Response != nil && r.Broken == nil && r.StatusCode == 200 {
		t.Errorf("the client got %d bytes as a whole answer", len(r.Text))
	}
}

func plainForOldClient(t *testing.T, s *stage) {
	s.plays(proxytest.Raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nworld\r\n0\r\nX-T: v\r\n\r\n"))
	c := proxytest.Dial(t, s.address(own))
	c.Send("GET / HTTP/1.0\r\n\r\n")
	raw, err := io.ReadAll(c.R)
	head, body, _ := strings.Cut(string(raw), "\r\n\r\n")
	if err != nil || body != "helloworld" || strings.Contains(head, "chunked") || strings.Contains(head, "Trailer") {
		t.Errorf("the client got %q (%v)", raw, err)
	}
}

// brokenForOldClient: where only the close ends an answer, a break must not look like it.
func brokenForOldClient(t *testing.T, s *stage) {
	s.plays(proxytest.RawClose("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6000\r\n" + strings.Repeat("x", 0x5000)))
	c := proxytest.Dial(t, s.address(own))
	c.Send("GET / HTTP/1.0\r\n\r\n")
	if raw, err := io.ReadAll(c.R); err == nil && !strings.HasPrefix(string(raw), "HTTP/1.1 502 ") {
		t.Errorf("the client got %d bytes and a clean end", len(raw))
	}
}

func postNotRepeated(t *testing.T, _ *stage) {
	up := proxytest.NewUpstream(t, proxytest.Close, proxytest.Raw(answerOK))
	s := proxytest.Start(t, `version: 1
service: test
upstreams: {up: {listen: 127.0.0.1:0, endpoints: ['`+up.URL()+`'], policy: {retry: {retries: 2}}}}
`)
	r := proxytest.Call(t, s.Port("up"), post("Content-Length: 5\r\n", "hello"))
	if r.Response == nil || r.StatusCode != 502 || up.Seen() != 1 {
		t.Errorf("the client got %v after %d requests", r.Response, up.Seen())
	}
	if r := proxytest.Call(t, s.Port("up"), get("/")); r.Response == nil || r.StatusCode != 200 {
		t.Errorf("a GET got %v", r.Response)
	}
}

// staleIsSentAnew closes the pooled connection in the moment in which the second request arrives on it.
func staleIsSentAnew(t *testing.T, _ *stage) {
	ok := proxytest.Raw(answerOK)
	s, up := lone(t, ok, proxytest.Close, ok) //nolint:gocritic // the last step is the same as the first
	c := proxytest.Dial(t, s.Port("up"))
	for range 2 {
		if r := c.Do(get("/")); r.Response == nil || r.StatusCode != 200 {
			t.Fatalf("the client got %v (%v)", r.Response, r.Broken)
		}
	}
	if _, metrics := s.Get("/metrics"); proxytest.Sum(metrics, "outrigger_attempts_total", `outcome="stale_connection"`) != 1 || up.Seen() != 3 {
		t.Errorf("%d requests arrived, want the one that met a dead connection to be counted as an attempt", up.Seen())
	}
}

// broken sends a piece of a request and leaves; what the upstream gets of it must not look whole.
func broken(t *testing.T, s *stage, piece string, contacted bool) {
	t.Helper()
	ended := make(chan bool, 1)
	s.plays(func(c *proxytest.Conn, r *proxytest.Request) {
		_, whole := r.Take()
		ended <- whole
		c.Close()
	})
	before := s.origin.Seen()
	c := proxytest.Dial(t, s.address(own))
	c.Send(piece)
	if contacted {
		proxytest.Until(t, "the upstream hears of it", func() bool { return s.origin.Seen() > before })
	}
	_ = c.Conn.(*net.TCPConn).CloseWrite()
	if r := c.Read("POST"); r.Response != nil && r.StatusCode < 400 {
		t.Errorf("the client got %v", r.Response)
	}
	if !contacted {
		if n := s.origin.Seen() - before; n != 0 {
			t.Errorf("the upstream got %d requests", n)
		}
		return
	}
	select {
	case whole := <-ended:
		if whole {
			t.Error("the upstream got a whole request")
		}
	case <-time.After(soon):
		t.Error("the upstream waits still")
	}
}

func halfHead(t *testing.T, s *stage) { broken(t, s, "POST / HTTP/1.1\r\nHost: a\r\n", false) }

func halfBody(t *testing.T, s *stage) { broken(t, s, post("Content-Length: 10\r\n", "hello"), true) }

func halfChunks(t *testing.T, s *stage) { broken(t, s, chunked("5\r\nhello\r\n"), true) }
