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

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts s on a loopback port until the test ends.
func serve(t testing.TB, s *Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Serve(l)
	}()
	t.Cleanup(func() {
		s.Close()
		<-done
		until(t, "the server has no connection", func() bool { return s.Connections() == 0 })
		until(t, "the monitor has ended", func() bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			return !s.monitoring
		})
	})
	return l.Addr().String()
}

func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after 5 s still not: %s", what)
		}
	}
}

func dial(t testing.TB, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(10 * time.Second))
	return c
}

// talk sends raw bytes and gives the status of the first response and
// everything up to the server's close. A connection that stays open makes the
// second "(open)" after the responses so far.
func talk(t testing.TB, addr, raw string) (status int, all string) {
	t.Helper()
	c := dial(t, addr)
	if _, err := io.WriteString(c, raw); err != nil {
		t.Fatal(err)
	}
	c.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	b, err := io.ReadAll(c)
	all = string(b)
	if err != nil {
		all += "(open)"
	}
	if len(all) >= 12 && strings.HasPrefix(all, "HTTP/1.1 ") {
		status = int(all[9]-'0')*100 + int(all[10]-'0')*10 + int(all[11]-'0')
	}
	return status, all
}

// transportTo gives a transport to addr that is closed with the test.
func transportTo(t testing.TB, addr string) *Transport {
	tr := &Transport{Dial: func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", addr)
	}}
	t.Cleanup(tr.Close)
	return tr
}

// scripted is a raw endpoint: for each connection it runs script with the
// request heads it reads. It is closed with the test.
func scripted(t testing.TB, script func(c *net.TCPConn, r *bufio.Reader)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	running := make(chan struct{}, 1000)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.SetDeadline(time.Now().Add(10 * time.Second))
			running <- struct{}{}
			go func() {
				defer func() { <-running }()
				defer c.Close()
				script(c.(*net.TCPConn), bufio.NewReader(c))
			}()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-ended
		until(t, "the scripts have ended", func() bool { return len(running) == 0 })
	})
	return l.Addr().String()
}

// answering is a script that answers every request with the same bytes.
func answering(response string) func(*net.TCPConn, *bufio.Reader) {
	return func(c *net.TCPConn, r *bufio.Reader) {
		for {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			io.Copy(io.Discard, req.Body)
			if _, err := io.WriteString(c, response); err != nil {
				return
			}
		}
	}
}

func newRequest(t testing.TB, method string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequest(method, "http://upstream.test/path", body)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func readAndClose(t testing.TB, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("body after %d bytes: %v", len(b), err)
	}
	return string(b)
}
