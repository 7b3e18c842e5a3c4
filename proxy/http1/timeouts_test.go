package http1

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// onPipe serves one in-memory connection in a bubble of fake time, and gives
// the client's end of it. Both end with the test.
func onPipe(t *testing.T, s *Server) net.Conn {
	client, server := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.ServeConn(server, nil)
	}()
	t.Cleanup(func() {
		client.Close()
		<-done
		time.Sleep(2 * tickLength) // the monitor notices at its next tick that it is alone
	})
	return client
}

func TestAHeadThatDripsIsCutOffAfterTheHeaderTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := onPipe(t, handle(echoTarget))
		start := time.Now()
		dripped := make(chan struct{})
		go func() {
			defer close(dripped)
			for _, b := range []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n") {
				if _, err := c.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(9 * time.Second)
			}
		}()
		b, err := io.ReadAll(c)
		if took := time.Since(start); err != nil || !strings.HasPrefix(string(b), "HTTP/1.1 408 ") || took < 10*time.Second || took > 11*time.Second {
			t.Errorf("%.60q %v after %v", b, err, took)
		}
		<-dripped
	})
}

// TestALineEndBehindARequestDoesNotBeginTheNext is for clients that end a body with one (RFC 9112, 2.2): an answer that nobody asked
// for would be taken for that to the next request.
func TestALineEndBehindARequestDoesNotBeginTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := onPipe(t, handle(echoTarget))
		r := bufio.NewReader(c)
		for _, send := range []string{"POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi\r\n", "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n\r", "\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n\r\n"} {
			if _, err := io.WriteString(c, send); err != nil {
				t.Fatal(err)
			}
			res, err := http.ReadResponse(r, nil)
			if err != nil || res.StatusCode != http.StatusOK {
				t.Fatalf("got %v (%v)", res, err)
			}
			_, _ = io.Copy(io.Discard, res.Body)
			time.Sleep(30 * time.Second) // longer than a head may take, shorter than a connection may idle
		}
		if rest, err := io.ReadAll(r); len(rest) > 0 || err != nil {
			t.Errorf("at its end the idle connection gives %q (%v)", rest, err)
		}
	})
}

func TestAnIdleConnectionIsClosedAfterTheIdleTimeoutCountedFromItsLastRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := onPipe(t, handle(echoTarget))
		r := bufio.NewReader(c)
		for range 3 {
			time.Sleep(50 * time.Second)
			io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			res, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			readAndClose(t, res)
		}
		start := time.Now()
		b, err := io.ReadAll(r)
		if took := time.Since(start); err != nil || len(b) > 0 || took < 59*time.Second || took > 61*time.Second {
			t.Errorf("%q %v after %v", b, err, took)
		}
	})
}

func TestABodyThatStopsIsTheClientsFaultAfterTheBodyTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var took time.Duration
		var failed error
		c := onPipe(t, handle(func(w http.ResponseWriter, r *http.Request) {
			start := time.Now()
			_, failed = io.Copy(io.Discard, r.Body)
			took = time.Since(start)
			w.WriteHeader(408)
		}))
		io.WriteString(c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
		time.Sleep(20 * time.Second)
		io.WriteString(c, "def")
		b, _ := io.ReadAll(c)
		var client *ClientError
		if !errors.As(failed, &client) || client.Status != 408 || took < 49*time.Second || took > 51*time.Second {
			t.Errorf("%v after %v; %.50q", failed, took, b)
		}
	})
}

func TestAClientThatReadsTooSlowlyIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var failed error
		var took time.Duration
		ended := make(chan struct{})
		c := onPipe(t, handle(func(w http.ResponseWriter, r *http.Request) {
			defer close(ended)
			start := time.Now()
			_, failed = w.Write(make([]byte, 1<<20))
			took = time.Since(start)
			if context.Cause(r.Context()) != ErrClientGone {
				t.Errorf("cause %v", context.Cause(r.Context()))
			}
		}))
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		c.Read(make([]byte, 100))
		<-ended
		var client *ClientError
		if !errors.As(failed, &client) || client.Status != 499 || took < 299*time.Second || took > 301*time.Second {
			t.Errorf("%v after %v", failed, took)
		}
	})
}

func TestAClientThatLeavesAPipeIsNoticedWithoutTakingItsNextRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		causes := make(chan error, 2)
		c := onPipe(t, handle(func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
				causes <- context.Cause(r.Context())
			case <-time.After(time.Second): // long enough to be watched
				io.WriteString(w, r.URL.Path)
			}
		}))
		r := bufio.NewReader(c)
		io.WriteString(c, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
		go io.WriteString(c, "GET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n")
		for _, want := range []string{"/1", "/2"} {
			res, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := readAndClose(t, res); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		start := time.Now()
		c.Close()
		if cause := <-causes; cause != ErrClientGone || time.Since(start) > 100*time.Millisecond {
			t.Errorf("%v after %v", cause, time.Since(start))
		}
	})
}

func TestAResponseBodyThatStopsFailsAfterTheIdleTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		tr := &Transport{Dial: func(context.Context) (net.Conn, error) { return ours, nil }}
		defer tr.Close()
		defer theirs.Close()
		go func() {
			http.ReadRequest(bufio.NewReader(theirs))
			io.WriteString(theirs, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nab")
			time.Sleep(4 * time.Minute)
			io.WriteString(theirs, "cd")
		}()
		res, err := tr.RoundTrip(newRequest(t, "GET", nil))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		start := time.Now()
		b, err := io.ReadAll(res.Body)
		if e := failureOf(t, err); string(b) != "abcd" || !e.Timeout || e.Phase != PhaseBody || time.Since(start) != 9*time.Minute {
			t.Errorf("%q %+v after %v", b, e, time.Since(start))
		}
	})
}
