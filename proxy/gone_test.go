package proxy_test

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"outrigger/policy"
	"outrigger/proxy"
	"outrigger/proxy/failure"
	"outrigger/proxy/proxytest"
)

// TestAClientThatGoesAwayTakesItsAttemptAlong measures how soon the upstream learns of it. The promise is 100 ms on a quiet machine.
func TestAClientThatGoesAwayTakesItsAttemptAlong(t *testing.T) {
	const begun = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
	half := func(c *proxytest.Conn, r *proxytest.Request) {
		c.Send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
	}
	for _, c := range []struct {
		name, send string
		step       proxytest.Step
		reads      int // bytes that the client takes before it goes
		reset      bool
	}{
		{name: "before the answer", send: get},
		{name: "before the answer, by a reset", send: get, reset: true},
		{name: "before the answer to a POST", send: post("Content-Length: 5\r\n", "hello")},
		{name: "in the middle of the answer", send: get, reads: len(begun), step: proxytest.Raw(begun + strings.Repeat("x", 1000))},
		{name: "in the middle of a stream", send: get, reads: 1, step: half},
		{name: "in the middle of the upload", send: post("Content-Length: 1000000\r\n", "hello"), step: func(*proxytest.Conn, *proxytest.Request) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			arrived, gone := make(chan struct{}), make(chan time.Time, 1)
			up := proxytest.NewUpstream(t, func(conn *proxytest.Conn, r *proxytest.Request) {
				if c.step != nil {
					c.step(conn, r)
				}
				close(arrived)
				conn.Gone()
				gone <- time.Now()
			})
			s := start(t, up, wary)
			client := proxytest.Dial(t, s.Port("up"))
			client.Send(c.send)
			<-arrived
			if c.reads > 0 {
				_, _ = client.R.Peek(1)
			}
			if c.reset {
				_ = client.Conn.(*net.TCPConn).SetLinger(0)
			}
			left := time.Now()
			client.Close()
			took := (<-gone).Sub(left)
			t.Logf("the upstream was let go after %v", took)
			if took > time.Second {
				t.Errorf("the upstream was let go after %v", took)
			}
			f := fault{policy: wary, outcome: "client_closed", code: failure.ClientClosed}
			f.told(t, s)
			f.counted(t, s)
			f.weighed(t, s)
			if up.Seen() != 1 {
				t.Errorf("the upstream saw %d requests, want 1: nobody waits for another", up.Seen())
			}
		})
	}
}

// TestAPanicEndsItsExchangeAlone panics where the network is reached.
func TestAPanicEndsItsExchangeAlone(t *testing.T) {
	t.Parallel()
	var up *proxytest.Upstream
	var dials atomic.Int64
	inMemory(t, beside("http://upstream.test", wary+", concurrency: {max: 1}"), func(t *testing.T) proxy.Dial {
		up = proxytest.NewPipe(t)
		return func(ctx context.Context, network, address string) (net.Conn, error) {
			if dials.Add(1) == 1 {
				panic("a bug")
			}
			return up.Dial(ctx, network, address)
		}
	}, func(b *bubble) {
		if r := b.call(get); r.Response != nil {
			b.Errorf("the client got %d, want the end of the connection", statusOf(r))
		}
		if d := b.last(); d.Outcome != policy.Failed || d.Code != string(failure.Internal) {
			b.Errorf("the record is %+v, want failed with internal", d)
		}
		b.expect(b.call(get), 200, up, 1) // the only slot was given back
		synctest.Wait()
		if u := b.upstream(); u.InFlight != 0 {
			b.Errorf("%d exchanges are in flight", u.InFlight)
		}
		if !strings.Contains(b.log.String(), `"panic":"a bug"`) {
			b.Errorf("the log says nothing of the panic:\n%s", b.log)
		}
	})
}
