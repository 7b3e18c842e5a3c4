package http1

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// unread is more than the kernel's buffers of two sockets take.
const unread = 32 << 20

func TestAnAnswerThatNobodyReadsEndsAfterTheWriteTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, c := range map[string]struct {
			own  time.Duration // set by the handler
			want time.Duration
		}{
			"the limit's":   {0, 20 * time.Second},
			"the handler's": {3 * time.Second, 3 * time.Second},
		} {
			var took time.Duration
			var failed error
			served := make(chan struct{})
			client := onPipe(t, &Server{Limits: Limits{WriteTimeout: 20 * time.Second}, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				defer close(served)
				w.(interface{ SetWriteIdle(time.Duration) }).SetWriteIdle(c.own)
				start := time.Now()
				_, failed = w.Write(make([]byte, unread))
				took = time.Since(start)
			})})
			io.WriteString(client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			<-served
			var blamed *ClientError
			if !errors.As(failed, &blamed) || blamed.Reason != "reads too slowly" || took < c.want-time.Second || took > c.want+time.Second {
				t.Errorf("%s: %v after %v, want it to end after %v", name, failed, took, c.want)
			}
		}
	})
}

func TestAClientThatReadsSlowlyButSteadilyGetsItsAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := onPipe(t, &Server{Limits: Limits{WriteTimeout: 2 * time.Second}, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Write(make([]byte, 256<<10))
		})})
		io.WriteString(client, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		got, start := 0, time.Now()
		for buf := make([]byte, 16<<10); ; time.Sleep(time.Second) {
			n, err := client.Read(buf)
			got += n
			if err != nil {
				break
			}
		}
		if took := time.Since(start); got < 256<<10 || took < 10*time.Second {
			t.Errorf("%d bytes in %v, want all of it, far beyond the write timeout", got, took)
		}
	})
}

// The same on a real socket, whose kernel takes bytes on its own: only those that the client reads make room for more.
func TestASocketThatTakesNothingEndsAWriteAndOneThatDripsDoesNot(t *testing.T) {
	const idle = 1500 * time.Millisecond
	for name, c := range map[string]struct {
		reads bool
	}{"stalled": {false}, "reading": {true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ended := make(chan error, 1)
			addr := serve(t, handle(func(w http.ResponseWriter, _ *http.Request) {
				w.(interface{ SetWriteIdle(time.Duration) }).SetWriteIdle(idle)
				_, err := w.Write(make([]byte, unread))
				ended <- err
			}))
			client := dial(t, addr)
			io.WriteString(client, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
			if c.reads {
				start := time.Now()
				for buf := make([]byte, 1<<20); ; time.Sleep(idle / 15) {
					if _, err := client.Read(buf); err != nil {
						break
					}
				}
				if time.Since(start) < idle {
					t.Skip("the kernel took everything at once")
				}
			}
			if err := <-ended; (err == nil) != c.reads {
				t.Errorf("the write ended with %v", err)
			}
		})
	}
}

func TestChangedLimitsHoldForConnectionsThatAreOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		follow := new(ChangingLimits)
		s := handle(echoTarget)
		s.Follow = follow
		client := onPipe(t, s)
		r := bufio.NewReader(client)
		ask := func(field string) int {
			io.WriteString(client, "GET / HTTP/1.1\r\nHost: a\r\n"+field+"\r\n")
			res, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			readAndClose(t, res)
			return res.StatusCode
		}
		long := "X: " + strings.Repeat("x", 3000) + "\r\n"
		if status := ask(long); status != 200 {
			t.Fatalf("status %d with the defaults", status)
		}
		follow.Set(Limits{HeadBytes: 2000, IdleTimeout: 7 * time.Second})
		if status := ask(""); status != 200 { // the wait for this head had begun before
			t.Fatalf("status %d of a short head", status)
		}
		start := time.Now()
		if b, err := io.ReadAll(r); err != nil || len(b) > 0 {
			t.Errorf("%q %v", b, err)
		}
		if took := time.Since(start); took < 6*time.Second || took > 8*time.Second {
			t.Errorf("idle for %v, want the changed 7s", took)
		}
		client = onPipe(t, s)
		r = bufio.NewReader(client)
		go io.WriteString(client, "GET / HTTP/1.1\r\nHost: a\r\n"+long+"\r\n")
		res, err := http.ReadResponse(r, nil)
		if err != nil || res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("%v, %v, want 431 by the changed limit", res, err)
		}
	})
}

func TestChangedLimitsHoldForTheNextExchangeOfATransport(t *testing.T) {
	head := "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: " + strings.Repeat("x", 3000) + "\r\n\r\n"
	var connections atomic.Int32
	addr := scripted(t, func(c *net.TCPConn, r *bufio.Reader) {
		connections.Add(1)
		answering(head)(c, r)
	})
	tr := transportTo(t, addr)
	tr.Follow = new(ChangingLimits)
	ask := func() error {
		res, err := tr.RoundTrip(newRequest(t, "GET", nil))
		if err == nil {
			readAndClose(t, res)
		}
		return err
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	tr.Follow.Set(Limits{HeadBytes: 2000})
	var protocol *ProtocolError
	if err := ask(); !errors.As(err, &protocol) {
		t.Errorf("a head over the changed limit: %v", err)
	}
	for idle, want := range map[time.Duration]int32{time.Nanosecond: 2, time.Hour: 0} {
		tr.Follow.Set(Limits{IdleTimeout: idle})
		if err := ask(); err != nil { // whatever was kept before
			t.Fatal(err)
		}
		before := connections.Load()
		for range 2 {
			if err := ask(); err != nil {
				t.Fatal(err)
			}
		}
		if made := connections.Load() - before; made != want {
			t.Errorf("%d new connections for two exchanges with an idle timeout of %v, want %d", made, idle, want)
		}
	}
}
