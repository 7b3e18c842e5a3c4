package proxy_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"outrigger/proxy/proxytest"
)

const handshake = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

const switched = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

// echo switches protocols, greets in the same breath, and sends back what it gets.
func echo(c *proxytest.Conn, _ *proxytest.Request) {
	c.Send(switched + "\x81\x02hi")
	_, _ = io.Copy(c, c.R)
	if half, ok := c.Conn.(*net.TCPConn); ok {
		_ = half.CloseWrite()
	}
}

// frame is a masked text frame of a client (RFC 6455 section 5.2), with a mask of zeros.
func frame(text string) string {
	return string([]byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}) + text
}

func expectBytes(t *testing.T, c *proxytest.Client, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(c.R, got); err != nil || string(got) != want {
		t.Fatalf("the client got %q (%v), want %q", got[:n], err, want)
	}
}

func open(t *testing.T, s *proxytest.Sidecar, early string) *proxytest.Client {
	t.Helper()
	c := proxytest.Dial(t, s.Port("up"))
	c.Send(handshake + early)
	r := c.Head("GET")
	if statusOf(r) != 101 || r.Header.Get("Upgrade") != "websocket" || r.Header.Get("Sec-Websocket-Accept") == "" {
		t.Fatalf("the handshake gets %d with %v", statusOf(r), r.Header)
	}
	return c
}

func TestAWebSocketIsATunnel(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, echo)
	s := start(t, up, wary+", timeouts: {request: 100ms}")
	c := open(t, s, frame("early"))
	expectBytes(t, c, "\x81\x02hi"+frame("early"))
	time.Sleep(150 * time.Millisecond) // the request timeout does not cut it
	for _, text := range []string{"one", "two", strings.Repeat("x", 100)} {
		c.Send(frame(text))
		expectBytes(t, c, frame(text))
	}
	if n := s.Upstream("up").InFlight; n != 1 {
		t.Errorf("%d exchanges are in flight, want the tunnel", n)
	}
	_ = c.Conn.(*net.TCPConn).CloseWrite() // half close: what is on its way still comes back
	if rest, err := io.ReadAll(c.R); len(rest) != 0 || err != nil {
		t.Errorf("the tunnel ends with %q (%v)", rest, err)
	}
	line := s.Exchanges(1)[0]
	if line.Status != 101 || line.Outcome != "ok" || line.BytesOut == 0 || line.BytesIn == 0 {
		t.Errorf("the log says %+v, want 101, ok and bytes both ways", line)
	}
}

func TestAHandshakeThatIsRefusedIsAnAnswer(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, proxytest.Answer(403, "no"))
	s := start(t, up, wary)
	c := proxytest.Dial(t, s.Port("up"))
	if r := c.Do(handshake); statusOf(r) != 403 || r.Text != "no" || !c.Kept() {
		t.Errorf("the client got %d %q, want the upstream's 403 on a connection that stays", statusOf(r), r.Text)
	}
}

func TestAHandshakeIsRetriedUntilItSucceeds(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, proxytest.Answer(503, "busy"), echo)
	s := start(t, up, tallying)
	c := open(t, s, frame("early"))
	expectBytes(t, c, "\x81\x02hi"+frame("early"))
	if up.Seen() != 2 {
		t.Errorf("the upstream saw %d handshakes, want 2", up.Seen())
	}
	c.Close()
	s.Exchanges(1)
	if up.Seen() != 2 {
		t.Errorf("the upstream saw %d handshakes after the tunnel ended, want 2: nothing is tried again behind a 101", up.Seen())
	}
}

func TestASilentTunnelEndsWithTheIdleTimeout(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, echo)
	s := start(t, up, wary+", timeouts: {idle: 500ms}")
	c := open(t, s, "")
	expectBytes(t, c, "\x81\x02hi")
	for range 4 { // together longer than the timeout
		time.Sleep(150 * time.Millisecond)
		c.Send(frame("still here"))
		expectBytes(t, c, frame("still here"))
	}
	if _, err := c.R.ReadByte(); err == nil {
		t.Error("the tunnel goes on")
	}
	s.Exchanges(1)
}

func TestATunnelEndsWhenTheUpstreamDoes(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, func(c *proxytest.Conn, _ *proxytest.Request) {
		c.Send(switched)
		_, _ = c.R.ReadByte()
		c.Reset()
	})
	s := start(t, up, wary)
	c := open(t, s, "")
	c.Send("x")
	if b, err := c.R.ReadByte(); err == nil {
		t.Errorf("the client got %q, want the end of the connection", b)
	}
	s.Exchanges(1)
}

func TestDrainingEndsTunnels(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, echo)
	s := proxytest.Prepare(t, beside(up.URL(), wary))
	o := s.Options()
	o.Drain = time.Second
	s.Run(o)
	c := open(t, s, "")
	expectBytes(t, c, "\x81\x02hi")
	begun := time.Now()
	s.Drain(nil)
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("draining took %v beside an open tunnel", took)
	}
	if _, err := c.R.ReadByte(); err == nil {
		t.Error("the tunnel goes on")
	}
}

// TestOnlyWebSocketsAreTunnelled: any other token is dropped, and the request is an ordinary one.
func TestOnlyWebSocketsAreTunnelled(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t)
	s := start(t, up, wary)
	for _, token := range []string{"h2c", "websocket, h2c", "tls/1.0", "HTTP/2.0"} {
		r := proxytest.Call(t, s.Port("up"), strings.Replace(handshake, "Upgrade: websocket", "Upgrade: "+token, 1))
		if statusOf(r) != 200 {
			t.Errorf("an upgrade to %s gets %d, want an ordinary 200", token, statusOf(r))
		}
	}
	for _, r := range up.Requests() {
		if r.Header["Upgrade"] != nil || r.Header["Connection"] != nil {
			t.Errorf("the upstream was asked for %v", r.Header)
		}
	}
}

// TestATunnelHoldsBuffersOnlyWhileItCopies looks at the count while nothing moves, and takes the buffers away.
func TestATunnelHoldsBuffersOnlyWhileItCopies(t *testing.T) {
	t.Parallel()
	for _, limits := range []string{"", "bufferBytes: off"} {
		t.Run(limits, func(t *testing.T) {
			up := proxytest.NewUpstream(t, echo)
			s := proxytest.Start(t, beside(up.URL(), wary)+"limits: {"+limits+"}\n")
			c := open(t, s, "")
			expectBytes(t, c, "\x81\x02hi")
			proxytest.Until(t, "an idle tunnel holds nothing", func() bool { return s.Metric("outrigger_buffer_bytes") == 0 })
			long := strings.Repeat("0123456789abcdef", 16<<10) // 256 KiB, more than any piece
			go c.Send(long)
			expectBytes(t, c, long)
			proxytest.Until(t, "it holds nothing again", func() bool { return s.Metric("outrigger_buffer_bytes") == 0 })
			if refused := s.Metric("outrigger_buffers_refused_total"); (refused > 0) != (limits != "") {
				t.Errorf("%v buffers were refused", refused)
			}
		})
	}
}
