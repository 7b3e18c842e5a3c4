package proxy_test

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"outrigger/proxy/proxytest"
)

// load is a crowd of clients that send as fast as they can on connections that they keep.
type load struct {
	address string
	all     sync.WaitGroup
	stop    atomic.Bool
	sent    atomic.Int64
	mu      sync.Mutex
	lost    []string // requests that reached the upstream or began to be answered, and were not answered well
	served  map[string]bool
}

func newLoad(address string, clients int) *load {
	l := &load{address: address, served: map[string]bool{}}
	for n := range clients {
		l.all.Go(func() { l.client(n) })
	}
	return l
}

func (l *load) client(n int) {
	for i := 0; !l.stop.Load(); {
		nc, err := net.Dial("tcp", l.address)
		if err != nil {
			return // nobody listens any more
		}
		_ = nc.SetDeadline(time.Now().Add(10 * time.Second))
		for again := true; again && !l.stop.Load(); i++ {
			again = l.one(nc, fmt.Sprintf("/%d/%d", n, i))
		}
		nc.Close()
	}
}

// one sends a request and reports whether the connection goes on.
func (l *load) one(nc net.Conn, path string) bool {
	l.sent.Add(1)
	r := proxytest.On(nc).Do(proxytest.Get(path))
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case statusOf(r) == 200 && r.Broken == nil:
		l.served[path] = true
		return !r.Close
	case r.Response != nil:
		l.lost = append(l.lost, fmt.Sprintf("%s: %d %v", path, statusOf(r), r.Broken))
	}
	return false
}

// end stops the crowd and reports what was lost: nothing that the upstream saw may have gone without its answer.
func (l *load) end(t *testing.T, up *proxytest.Upstream) {
	t.Helper()
	l.stop.Store(true)
	l.all.Wait()
	lost := l.lost
	for _, r := range up.Requests() {
		if !l.served[r.URL.Path] {
			lost = append(lost, r.URL.Path+" reached the upstream and was not answered")
		}
	}
	if len(lost) > 0 {
		t.Errorf("%d of %d requests were lost: %q", len(lost), l.sent.Load(), lost[:min(3, len(lost))])
	}
	if len(l.served) == 0 {
		t.Error("no request was served at all")
	}
}

// TestDrainingUnderLoadLosesNothing is SIGTERM: what was accepted is answered, and the sidecar ends within its time.
func TestDrainingUnderLoadLosesNothing(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, func(c *proxytest.Conn, r *proxytest.Request) {
		time.Sleep(2 * time.Millisecond)
		proxytest.Raw(ok)(c, r)
	})
	s := proxytest.Prepare(t, beside(up.URL(), wary))
	o := s.Options()
	o.Drain = 2 * time.Second
	s.Run(o)
	crowd := newLoad(s.Port("up"), 16)
	proxytest.Until(t, "the crowd is busy", func() bool { return up.Seen() > 200 })
	begun := time.Now()
	s.Drain(nil)
	if took := time.Since(begun); took > 4*time.Second {
		t.Errorf("draining took %v of 2s", took)
	}
	crowd.end(t, up)
}

// TestDrainingDuringReloadsLosesNothing edits the policy all the while.
func TestDrainingDuringReloadsLosesNothing(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, proxytest.Raw(ok))
	s := proxytest.Prepare(t, beside(up.URL(), wary))
	o := s.Options()
	o.Drain = time.Second
	s.Run(o)
	crowd := newLoad(s.Port("up"), 4)
	proxytest.Until(t, "the crowd is busy", func() bool { return up.Seen() > 50 })
	stop := make(chan struct{})
	var edits sync.WaitGroup
	edits.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
				s.Edit(beside(up.URL(), fmt.Sprintf("%s, timeouts: {request: %ds}", wary, 5+n%5)))
				time.Sleep(5 * time.Millisecond)
			}
		}
	})
	time.Sleep(50 * time.Millisecond)
	s.Drain(nil)
	close(stop)
	edits.Wait()
	crowd.end(t, up)
}

func TestAnEditDoesNotBringADrainedSidecarBack(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t)
	s := proxytest.Prepare(t, beside(up.URL(), wary))
	o := s.Options()
	o.Drain = 100 * time.Millisecond
	s.Run(o)
	s.Drain(nil)
	s.Edit(beside(up.URL(), tallying))
	if env := s.Proxy.Environment(); len(env) != 0 {
		t.Errorf("a drained sidecar has the ports %v", env)
	}
	if lines := s.Log.Lines("policy rejected, the last good one stays"); len(lines) != 1 {
		t.Errorf("the log tells %d times that the edit was rejected, want once", len(lines))
	}
}

// TestTheOrderOfDraining: not ready at once, callers finish, then the application ends while its calls still work, then the rest.
func TestTheOrderOfDraining(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	app := proxytest.NewUpstream(t, func(c *proxytest.Conn, r *proxytest.Request) {
		<-release
		proxytest.Raw(ok)(c, r)
	})
	up := proxytest.NewUpstream(t)
	s := proxytest.Prepare(t, beside(up.URL(), "")+"inbound: {listen: 127.0.0.1:0, application: '"+app.URL()+"'}\n")
	o := s.Options()
	o.Drain = 2 * time.Second
	s.Run(o)
	if status, _ := s.Get("/readyz"); status != 200 {
		t.Fatalf("/readyz answers %d before", status)
	}
	inbound, port := s.Inbound(), s.Port("up")
	caller := proxytest.Dial(t, inbound)
	caller.Send(get)
	proxytest.Until(t, "the application has the request", func() bool { return app.Seen() == 1 })
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Drain(func(context.Context) {
			if _, err := net.Dial("tcp", inbound); err == nil {
				t.Error("callers are still accepted when the application ends")
			}
			if r := proxytest.Call(t, port, get); statusOf(r) != 200 {
				t.Errorf("the application's last call gets %d, want 200", statusOf(r))
			}
			if status, _ := s.Get("/livez"); status != 200 {
				t.Errorf("/livez answers %d while draining", status)
			}
		})
	}()
	proxytest.Until(t, "the sidecar is not ready", func() bool { status, _ := s.Get("/readyz"); return status == 503 })
	if r := proxytest.Call(t, port, get); statusOf(r) != 200 || !r.Close {
		t.Errorf("a new caller gets %d, close: %t, want 200 and Connection: close in the first tenth", statusOf(r), r.Close)
	}
	close(release)
	if r := caller.Read("GET"); statusOf(r) != 200 || !r.Close {
		t.Errorf("the caller in flight got %d, close: %t", statusOf(r), r.Close)
	}
	<-ended
}

// TestRestartingBindsTheSamePortsAtOnce is a kill without grace, as far as one process can.
func TestRestartingBindsTheSamePortsAtOnce(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t)
	first := start(t, up, wary)
	address := first.Port("up")
	c := proxytest.Dial(t, address)
	c.Do(get)
	first.Stop()
	second := proxytest.Start(t, fmt.Sprintf("version: 1\nservice: test\nupstreams: {up: {listen: '%s', endpoints: ['%s']}}\n", address, up.URL()))
	if r := proxytest.Call(t, address, get); statusOf(r) != 200 || second.Port("up") != address {
		t.Errorf("the second sidecar answers %d on %s, want 200 on %s", statusOf(r), second.Port("up"), address)
	}
}
