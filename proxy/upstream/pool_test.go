package upstream

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
	"outrigger/proxy/http1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// network is endpoints in memory. Each answers with its own address, when hold lets it.
type network struct {
	mu    sync.Mutex
	dials map[string]int
	hosts []string
	hold  chan struct{} // nil answers at once
}

func (n *network) dial(_ context.Context, _, address string) (net.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.dials == nil {
		n.dials = map[string]int{}
	}
	n.dials[address]++
	near, far := net.Pipe()
	go n.serve(far, address)
	return near, nil
}

func (n *network) serve(conn net.Conn, address string) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	for {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		n.mu.Lock()
		n.hosts = append(n.hosts, req.Host)
		n.mu.Unlock()
		if n.hold != nil {
			<-n.hold
		}
		resp := http.Response{StatusCode: 200, ProtoMajor: 1, ProtoMinor: 1, ContentLength: 0, Header: http.Header{"X-From": {address}}}
		if resp.Write(conn) != nil {
			return
		}
	}
}

func upstreamOf(hosts ...string) *policy.Upstream {
	u := &policy.Upstream{Name: "inventory", Unmatched: &policy.Operation{ID: policy.Unmatched}}
	for _, h := range hosts {
		u.Endpoints = append(u.Endpoints, policy.Endpoint{Scheme: "http", Host: h})
	}
	return u
}

var operation = &policy.Operation{ID: "getStock", Policy: policy.Policy{Timeouts: policy.Timeouts{Connect: 2 * time.Second}}}

// send makes one more attempt of ex and ends it.
func send(p *Pool, ex *exchange.Exchange) (*exchange.Attempt, error) {
	a := ex.Open(time.Now())
	req, _ := http.NewRequestWithContext(a, http.MethodGet, "http://inventory/stock", nil)
	req.Host = ""
	resp, err := p.RoundTrip(req)
	if err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	a.End()
	return a, err
}

func open(t *testing.T) *exchange.Exchange {
	return exchange.New(t.Context(), nil, operation, time.Now())
}

func TestEveryEndpointIsTriedBeforeOneIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(upstreamOf("a:80", "b:80", "c:80"), Options{Dial: (&network{}).dial})
		defer p.Close()
		first := map[string]int{}
		for range 60 {
			ex := open(t)
			seen := map[string]bool{}
			for i := range 3 {
				a, err := send(p, ex)
				if err != nil {
					t.Fatal(err)
				}
				if i == 0 {
					first[a.Endpoint]++
				}
				seen[a.Endpoint] = true
			}
			if len(seen) != 3 {
				t.Fatalf("three attempts went to %v", seen)
			}
			if a, err := send(p, ex); err != nil || a.Endpoint == "" {
				t.Fatalf("the fourth attempt: %v", err)
			}
		}
		if len(first) != 3 {
			t.Errorf("first attempts went to %v", first)
		}
	})
}

func TestAnEndpointWithADeadPooledConnectionCountsAsUntried(t *testing.T) {
	p := New(upstreamOf("a:80", "b:80"), Options{})
	ex := open(t)
	stale := ex.Open(time.Now())
	stale.Endpoint, stale.Verdict.Outcome = "a:80", policy.Stale
	seen := map[string]bool{}
	a := ex.Open(time.Now())
	for range 100 {
		seen[choose(*p.current.Load(), a).address] = true
	}
	if len(seen) != 2 {
		t.Errorf("the re-send went to %v only", seen)
	}
}

func TestTheLessBusyOfTwoIsChosen(t *testing.T) {
	p := New(upstreamOf("a:80", "b:80"), Options{})
	list := *p.current.Load()
	list[0].inFlight.Store(5)
	for range 100 {
		a := open(t).Open(time.Now())
		if got := choose(list, a); got != list[1] {
			t.Fatalf("chose %s with %d in flight", got.address, got.inFlight.Load())
		}
	}
	list[1].inFlight.Store(9)
	if got := choose(list, open(t).Open(time.Now())); got != list[0] {
		t.Errorf("chose %s", got.address)
	}
}

func TestLoadSpreadsOverEndpointsThatAreEquallyBusy(t *testing.T) {
	p := New(upstreamOf("a:80", "b:80", "c:80", "d:80"), Options{})
	counts := map[string]int{}
	for range 4000 {
		counts[choose(*p.current.Load(), open(t).Open(time.Now())).address]++
	}
	for address, n := range counts {
		if n < 800 || n > 1200 {
			t.Errorf("%s got %d of 4000", address, n)
		}
	}
}

func TestAttemptsAreCountedWhereTheyRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{hold: make(chan struct{})}
		p := New(upstreamOf("a:80"), Options{Dial: n.dial})
		for range 3 {
			go func() {
				if _, err := send(p, open(t)); err != nil {
					t.Error(err)
				}
			}()
		}
		synctest.Wait()
		want := []Endpoint{{Address: "a:80", State: "healthy", InFlight: 3, Open: 3}}
		if diff := cmp.Diff(want, p.Status()); diff != "" {
			t.Error(diff)
		}
		close(n.hold)
		synctest.Wait()
		want[0].InFlight, want[0].Idle = 0, 3
		if diff := cmp.Diff(want, p.Status()); diff != "" {
			t.Error(diff)
		}
		p.Close()
	})
}

func TestAnEditKeepsTheConnectionsOfEndpointsThatStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{}
		p := New(upstreamOf("a:80"), Options{Dial: n.dial})
		defer p.Close()
		for range 5 {
			if _, err := send(p, open(t)); err != nil {
				t.Fatal(err)
			}
			p.Adopt(upstreamOf("b:80", "a:80"))
			p.Adopt(upstreamOf("a:80"))
		}
		if n.dials["a:80"] != 1 || n.dials["b:80"] != 0 {
			t.Errorf("dialled %v", n.dials)
		}
		secure := upstreamOf("a:80")
		secure.Endpoints[0].Scheme = "https"
		p.Adopt(secure)
		if got := p.Status()[0].Open; got != 0 {
			t.Errorf("another scheme has %d connections of the plain one", got)
		}
	})
}

func TestARemovedEndpointGetsNoNewAttemptsAndClosesAfterItsLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{hold: make(chan struct{})}
		p := New(upstreamOf("a:80"), Options{Dial: n.dial})
		removed := (*p.current.Load())[0]
		done := make(chan error)
		go func() {
			_, err := send(p, open(t))
			done <- err
		}()
		synctest.Wait()
		p.Adopt(upstreamOf("b:80"))
		if got := p.Status(); len(got) != 1 || got[0].Address != "b:80" {
			t.Errorf("status %+v", got)
		}
		close(n.hold)
		if err := <-done; err != nil {
			t.Errorf("the attempt in flight failed: %v", err)
		}
		if got := removed.transport.Open(); got != 0 {
			t.Errorf("%d connections of the removed endpoint are open", got)
		}
		if a, err := send(p, open(t)); err != nil || a.Endpoint != "b:80" {
			t.Errorf("went to %s, %v", a.Endpoint, err)
		}
		p.Close()
	})
}

func TestNoAttemptFailsWhileEndpointsComeAndGo(t *testing.T) {
	n := &network{}
	p := New(upstreamOf("a:80", "b:80"), Options{Dial: n.dial})
	stop := make(chan struct{})
	var edits, clients sync.WaitGroup
	edits.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				p.Adopt([]*policy.Upstream{upstreamOf("a:80", "b:80"), upstreamOf("b:80"), upstreamOf("a:80"), upstreamOf("c:80", "a:80")}[i%4])
			}
		}
	})
	for range 4 {
		clients.Go(func() {
			for range 300 {
				if _, err := send(p, open(t)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	clients.Wait()
	close(stop)
	edits.Wait()
	p.Close()
}

func TestAClosedPoolFailsWithoutBlame(t *testing.T) {
	p := New(upstreamOf("a:80"), Options{})
	p.Close()
	p.Adopt(upstreamOf("a:80"))
	_, err := send(p, open(t))
	var f *failure.Error
	if !errors.As(err, &f) || f.Code != failure.Internal {
		t.Errorf("got %v", err)
	}
}

func TestTheEndpointIsTheHostWhereTheRequestNamesNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{}
		for _, endpoint := range []string{"a:80", "b:8080"} {
			p := New(upstreamOf(endpoint), Options{Dial: n.dial})
			if _, err := send(p, open(t)); err != nil {
				t.Fatal(err)
			}
			p.Close()
		}
		if diff := cmp.Diff([]string{"a", "b:8080"}, n.hosts); diff != "" {
			t.Error(diff)
		}
	})
}

func TestConnectingIsBoundedByItsTimeoutAndTheAttempts(t *testing.T) {
	black := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	for _, c := range []struct {
		name string
		head time.Duration
		want time.Duration
	}{
		{"the connect timeout", time.Minute, 2 * time.Second},
		{"no attempt timeout", 0, 2 * time.Second},
		{"the attempt's time", time.Second, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := New(upstreamOf("a:80"), Options{Dial: black})
				defer p.Close()
				a := open(t).Open(time.Now())
				if c.head > 0 {
					a.SetHeadDeadline(time.Now().Add(c.head))
				}
				req, _ := http.NewRequestWithContext(a, http.MethodGet, "http://inventory/", nil)
				start := time.Now()
				_, err := p.RoundTrip(req)
				var e *http1.Error
				if !errors.As(err, &e) || e.Phase != http1.PhaseDial || !e.Timeout || !e.NotSent() {
					t.Errorf("got %+v", err)
				}
				if got := time.Since(start); got != c.want {
					t.Errorf("after %v, want %v", got, c.want)
				}
				a.End()
			})
		})
	}
}

func TestChoosingAllocatesNothing(t *testing.T) {
	p := New(upstreamOf("a:80", "b:80", "c:80"), Options{})
	a := open(t).Open(time.Now())
	if n := testing.AllocsPerRun(100, func() { p.take(a).EndAttempt(a, 0) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
