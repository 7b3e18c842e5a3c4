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
