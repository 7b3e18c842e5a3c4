package http1

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// pressure admits as many connections as there is room.
type pressure struct {
	room   atomic.Int64
	closes atomic.Bool
}

func (p *pressure) Admit() bool {
	if p.room.Add(-1) < 0 {
		p.room.Add(1)
		return false
	}
	return true
}

func (p *pressure) Leave() { p.room.Add(1) }

func (p *pressure) Closes() bool { return p.closes.Load() }

func TestServersThatShareAPressureShareItsRoom(t *testing.T) {
	p := &pressure{}
	p.room.Store(2)
	one, other := handle(echoTarget), handle(echoTarget)
	one.Pressure, other.Pressure = p, p
	a, b := serve(t, one), serve(t, other)
	first, second := dial(t, a), dial(t, b)
	until(t, "both are in", func() bool { return p.room.Load() == 0 })
	for _, addr := range []string{a, b} {
		if status, all := talk(t, addr, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); status != 503 {
			t.Errorf("a third connection gets %q", all)
		}
	}
	first.Close()
	until(t, "one has left", func() bool { return p.room.Load() == 1 })
	if status, all := talk(t, b, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); status != 200 {
		t.Errorf("after one has left: %q", all)
	}
	second.Close()
	until(t, "all have left", func() bool { return p.room.Load() == 2 })
}

func TestUnderPressureAnswersEndTheirConnections(t *testing.T) {
	p := &pressure{}
	p.room.Store(10)
	s := handle(echoTarget)
	s.Pressure = p
	c := dial(t, serve(t, s))
	r := bufio.NewReader(c)
	for _, closes := range []bool{false, true} {
		p.closes.Store(closes)
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		res, err := http.ReadResponse(r, nil)
		if err != nil || res.Close != closes {
			t.Fatalf("%+v %v, want Close %t", res, err, closes)
		}
		readAndClose(t, res)
	}
	if b, err := io.ReadAll(r); err != nil || len(b) > 0 {
		t.Errorf("%q %v after the last answer", b, err)
	}
}

func TestCloseIdleEndsWaitsThatHadBegunAndNothingElse(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	s := handle(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/busy" {
			entered <- struct{}{}
			<-release
		}
	})
	addr := serve(t, s)
	ask := func(c net.Conn, path string) {
		io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: a\r\n\r\n")
	}
	idle, busy, fresh := dial(t, addr), dial(t, addr), dial(t, addr)
	answer := func(c net.Conn) error {
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err == nil {
			readAndClose(t, res)
		}
		return err
	}
	ask(idle, "/")
	if err := answer(idle); err != nil {
		t.Fatal(err)
	}
	ask(busy, "/busy")
	<-entered
	until(t, "all are open", func() bool { return s.Connections() == 3 })
	s.CloseIdle()
	if b, err := io.ReadAll(idle); err != nil || len(b) > 0 {
		t.Errorf("the idle one gets %q %v", b, err)
	}
	close(release)
	for name, c := range map[string]net.Conn{"busy": busy, "never used": fresh} {
		if c == busy {
			if err := answer(c); err != nil {
				t.Errorf("the busy one: %v", err)
			}
		}
		ask(c, "/")
		if err := answer(c); err != nil {
			t.Errorf("the %s one afterwards: %v", name, err)
		}
	}
}

// fickle is a listener whose Accept fails at first.
type fickle struct {
	net.Listener
	fails int
}

func (f *fickle) Accept() (net.Conn, error) {
	if f.fails > 0 {
		f.fails--
		return nil, syscall.EMFILE
	}
	return f.Listener.Accept()
}

func TestConnectionsWithoutAnAnswerAreTold(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var lost, flood atomic.Int32
	s := handle(echoTarget)
	s.Limits.Connections = 1
	s.OnLost = func(err error) {
		switch {
		case errors.Is(err, syscall.EMFILE):
			lost.Add(1)
		case err == ErrFlood:
			flood.Add(1)
		default:
			t.Errorf("lost a connection to %v", err)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Serve(&fickle{l, 3})
	}()
	kept := dial(t, l.Addr().String())
	until(t, "one is in", func() bool { return s.Connections() == 1 })
	if lost.Load() != 3 {
		t.Errorf("told of %d failures to accept, want 3", lost.Load())
	}
	// Each refusal lingers for half a second, so that the last ones find no room for an answer.
	unanswered := 0
	for range 80 {
		c := dial(t, l.Addr().String())
		c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		b, _ := io.ReadAll(c)
		if !strings.HasPrefix(string(b), "HTTP/1.1 503 ") {
			unanswered++
		}
	}
	if unanswered == 80 || int(flood.Load()) > unanswered {
		t.Errorf("%d of 80 without an answer, told of %d", unanswered, flood.Load())
	}
	kept.Close()
	s.Close()
	<-done
}

// A pipe, like a connection of TLS, is read in the background to learn that its client has gone.
func TestAClientThatGoesAwayIsNoticedAlsoAfterIdleConnectionsWereClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		noticed := make(chan time.Duration, 1)
		s := handle(func(_ http.ResponseWriter, r *http.Request) {
			start := time.Now()
			select {
			case <-r.Context().Done():
			case <-time.After(time.Minute):
			}
			noticed <- time.Since(start)
		})
		near, far := net.Pipe()
		go s.ServeConn(near, nil)
		if _, err := io.WriteString(far, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		s.CloseIdle()
		time.Sleep(time.Second)
		far.Close()
		if after := <-noticed; after > 3*time.Second {
			t.Errorf("noticed after %s", after)
		}
		time.Sleep(time.Second) // the monitor ends by the clock
	})
}
