package http1

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// narrow makes a transport over connections that take little at once.
func narrow(t *testing.T, addr string) *Transport {
	tr := transportTo(t, addr)
	tr.Dial = func(ctx context.Context) (net.Conn, error) {
		nc, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err == nil {
			err = nc.(*net.TCPConn).SetWriteBuffer(4 << 10)
		}
		return nc, err
	}
	return tr
}

func TestARequestThatTheSocketDoesNotTakeAtOnceArrivesWhole(t *testing.T) {
	large := strings.Repeat("x", 1<<20)
	got := make(chan int, 1)
	addr := scripted(t, func(c *net.TCPConn, r *bufio.Reader) {
		time.Sleep(50 * time.Millisecond) // until the socket is full
		req, err := http.ReadRequest(r)
		if err != nil {
			got <- 0
			return
		}
		got <- len(req.Header.Get("Large"))
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	})
	req := newRequest(t, http.MethodGet, nil)
	req.Header.Set("Large", large)
	res, err := narrow(t, addr).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if body := readAndClose(t, res); body != "ok" || <-got != len(large) {
		t.Errorf("the answer is %q, or the request did not arrive whole", body)
	}
}

func TestARequestThatStoppedHalfWayTellsHowMuchWasSent(t *testing.T) {
	addr := scripted(t, func(c *net.TCPConn, r *bufio.Reader) {
		_, _ = r.ReadByte()
		_ = c.SetLinger(0) // a reset, with most of the request on its way
	})
	req := newRequest(t, http.MethodGet, nil)
	req.Header.Set("Large", strings.Repeat("x", 1<<20))
	_, err := narrow(t, addr).RoundTrip(req)
	f := failureOf(t, err)
	if f.Phase != PhaseWrite || f.Wrote == 0 || f.Wrote >= 1<<20 || f.Started {
		t.Errorf("phase %v, %d bytes written, started %t: %v", f.Phase, f.Wrote, f.Started, err)
	}
}

func TestARequestWhoseTimeIsOverIsNotSent(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector sees no system calls, so with it a request is written before the wait for its answer")
	}
	arrived := make(chan byte, 1)
	addr := scripted(t, func(c *net.TCPConn, r *bufio.Reader) {
		if b, err := r.ReadByte(); err == nil {
			arrived <- b
		}
		close(arrived)
	})
	ctx := headDeadline{t.Context(), time.Now().Add(-time.Millisecond)}
	_, err := transportTo(t, addr).RoundTrip(newRequest(t, http.MethodGet, nil).WithContext(ctx))
	if f := failureOf(t, err); f.Wrote != 0 {
		t.Errorf("%d bytes were written: %v", f.Wrote, err)
	}
	if b, ok := <-arrived; ok {
		t.Errorf("%q arrived", b)
	}
}

// tight accepts connections that take little at once.
type tight struct{ net.Listener }

func (l tight) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err == nil {
		err = nc.(*net.TCPConn).SetWriteBuffer(4 << 10)
	}
	return nc, err
}

// clientOf serves s on loopback, on connections that take little at once, and
// gives a client's connection to it.
func clientOf(t *testing.T, s *Server) *net.TCPConn {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Serve(tight{l}) }()
	t.Cleanup(func() { s.Close() })
	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	_ = nc.SetDeadline(time.Now().Add(5 * time.Second))
	return nc.(*net.TCPConn)
}

const plainGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

func TestARequestSentWhileAnotherIsAnsweredIsNotForgotten(t *testing.T) {
	const requests = 6
	served, arrived := 0, make(chan struct{})
	nc := clientOf(t, &Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if served++; served < requests {
			<-arrived // the next one
		}
		_, _ = io.WriteString(w, "ok")
	})})
	r := bufio.NewReader(nc)
	_, _ = io.WriteString(nc, plainGet)
	for n := range requests {
		if n < requests-1 {
			time.Sleep(5 * time.Millisecond) // until the one before is being served
			_, _ = io.WriteString(nc, plainGet)
			time.Sleep(5 * time.Millisecond)
			arrived <- struct{}{}
		}
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			close(arrived)
			t.Fatalf("request %d: %v", n+1, err)
		}
		if body := readAndClose(t, res); body != "ok" {
			t.Fatalf("the answer is %q", body)
		}
	}
}

func TestAClientThatEndsItsDirectionEarlyGetsItsAnswerAndTheEnd(t *testing.T) {
	nc := clientOf(t, &Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(5 * time.Millisecond)
		_, _ = io.WriteString(w, "ok")
	})})
	_, _ = io.WriteString(nc, plainGet)
	_ = nc.CloseWrite()
	if all, err := io.ReadAll(nc); err != nil || !strings.HasSuffix(string(all), "\r\n\r\nok") {
		t.Errorf("the client read %q, %v", all, err)
	}
}

func TestAnAnswerThatTheSocketDoesNotTakeAtOnceArrivesWhole(t *testing.T) {
	large := strings.Repeat("x", 1<<20)
	nc := clientOf(t, &Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Large", large)
		_, _ = io.WriteString(w, "ok")
	})})
	r := bufio.NewReader(nc)
	for range 2 {
		_, _ = io.WriteString(nc, plainGet)
		time.Sleep(50 * time.Millisecond) // until the socket is full
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if body := readAndClose(t, res); body != "ok" || res.Header.Get("Large") != large {
			t.Fatalf("the answer is %q, with a field of %d bytes", body, len(res.Header.Get("Large")))
		}
	}
}

func TestAClientThatTakesNoAnswerIsGivenUp(t *testing.T) {
	served := make(chan struct{})
	s := &Server{Limits: Limits{WriteTimeout: 100 * time.Millisecond}, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		defer close(served)
		w.Header().Set("Large", strings.Repeat("x", 16<<20))
	})}
	nc := clientOf(t, s)
	_, _ = io.WriteString(nc, plainGet)
	<-served
	for end := time.Now().Add(10 * time.Second); s.Connections() > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the connection is still open")
		}
	}
}

func TestShutdownLosesNoAnswer(t *testing.T) {
	for range 50 {
		var s *Server
		done := make(chan struct{})
		s = &Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			go func() {
				defer close(done)
				_ = s.Shutdown(context.Background())
			}()
			_, _ = io.WriteString(w, "ok")
		})}
		nc := clientOf(t, s)
		_, _ = io.WriteString(nc, plainGet)
		if all, err := io.ReadAll(nc); err != nil || !strings.HasSuffix(string(all), "\r\n\r\nok") {
			t.Fatalf("the client read %q, %v", all, err)
		}
		<-done
	}
}
