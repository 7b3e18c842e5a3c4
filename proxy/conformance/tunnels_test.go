package conformance_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"outrigger/proxy/proxytest"
)

// tunnelled opens a tunnel through a sidecar of its own, whose upstream echoes.
func tunnelled(t *testing.T, rest string) (*proxytest.Sidecar, *proxytest.Client) {
	t.Helper()
	up := proxytest.NewUpstream(t, func(c *proxytest.Conn, _ *proxytest.Request) {
		c.Send(switched)
		_, _ = io.Copy(c, c.R)
	})
	s := strict(t, up, rest)
	c := proxytest.Dial(t, s.Port("up"))
	c.Send(handshake)
	rawHead(t, c)
	return s, c
}

// speak sends through the tunnel and waits for the echo.
func speak(t *testing.T, c *proxytest.Client) {
	t.Helper()
	c.Send("hello")
	if got, err := io.ReadAll(io.LimitReader(c.R, 5)); err != nil || string(got) != "hello" {
		t.Fatalf("the echo is %q (%v)", got, err)
	}
}

// silent expects the end of a tunnel without another byte.
func silent(t *testing.T, s *proxytest.Sidecar, c *proxytest.Client) {
	t.Helper()
	if rest, _ := io.ReadAll(c.R); len(rest) > 0 {
		t.Errorf("at its end the tunnel gives %q", rest)
	}
	if lines := s.Exchanges(1); len(lines) != 1 || lines[0].Status != 101 {
		t.Errorf("the log says %+v, want one exchange with 101", lines)
	}
}

func tunnelIdle(t *testing.T, _ *stage) {
	s, c := tunnelled(t, ", timeouts: {idle: 400ms}")
	for range 4 { // together longer than the timeout
		time.Sleep(120 * time.Millisecond)
		speak(t, c)
	}
	silent(t, s, c)
}

func tunnelDrained(t *testing.T, _ *stage) {
	s, c := tunnelled(t, "")
	speak(t, c)
	over := make(chan struct{})
	go func() {
		defer close(over)
		s.Drain(nil)
	}()
	silent(t, s, c)
	select {
	case <-over:
	case <-time.After(soon):
		t.Error("the drain waits for a tunnel that is gone")
	}
}

func tunnelReset(t *testing.T, _ *stage) {
	up := proxytest.NewUpstream(t, func(c *proxytest.Conn, _ *proxytest.Request) {
		c.Send(switched)
		_, _ = c.R.ReadByte()
		c.Reset()
	})
	s := strict(t, up, "")
	c := proxytest.Dial(t, s.Port("up"))
	c.Send(handshake)
	rawHead(t, c)
	c.Send("x")
	silent(t, s, c)
	if op := s.Operation("up", "unmatched"); op.Circuit != "closed" {
		t.Errorf("the circuit is %s: the handshake was answered", op.Circuit)
	}
}

func tunnelHead(t *testing.T, s *stage) {
	s.plays(func(c *proxytest.Conn, _ *proxytest.Request) {
		c.Send(strings.Replace(switched, "Connection: Upgrade", "Connection: Upgrade, X-A\r\nX-A: b\r\nKeep-Alive: c", 1))
		c.Gone()
	})
	c := proxytest.Dial(t, s.address(own))
	c.Send(handshake)
	head := rawHead(t, c)
	has(t, "the client", "\r\n"+head, []string{"HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", "!X-A:", "!Keep-Alive:", "!Content-Length:", "!Transfer-Encoding:"})
	if !strings.Contains(head, "\r\nVia: 1.1 outrigger-") {
		t.Errorf("the client gets no Via: %q", head)
	}
}

// tunnelEarlyBytes sends bytes behind the handshake, and the upstream some behind its 101, each in one breath.
func tunnelEarlyBytes(t *testing.T, s *stage) {
	s.plays(func(c *proxytest.Conn, _ *proxytest.Request) {
		c.Send(switched + "hi ")
		_, _ = io.Copy(c, c.R)
	})
	c := proxytest.Dial(t, s.address(own))
	c.Send(handshake + "early ")
	rawHead(t, c)
	got := make([]byte, len("hi early late"))
	c.Send("late")
	if _, err := io.ReadFull(c.R, got); err != nil || string(got) != "hi early late" {
		t.Errorf("the client got %q (%v)", got, err)
	}
}

func tunnelHalfClose(t *testing.T, s *stage) {
	s.plays(func(c *proxytest.Conn, _ *proxytest.Request) {
		c.Send(switched)
		all, _ := io.ReadAll(c.R) // to the end of the client's direction
		time.Sleep(20 * time.Millisecond)
		c.Send("got " + string(all))
	})
	c := proxytest.Dial(t, s.address(own))
	c.Send(handshake)
	rawHead(t, c)
	c.Send("all")
	_ = c.Conn.(*net.TCPConn).CloseWrite()
	if rest, err := io.ReadAll(c.R); err != nil || string(rest) != "got all" {
		t.Errorf("the client got %q (%v)", rest, err)
	}
}
