package http1

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// rotten is a body that gives a little and then panics, when it is told to.
type rotten struct {
	given bool
	now   <-chan struct{}
}

func (r *rotten) Read(p []byte) (int, error) {
	if !r.given {
		r.given = true
		return copy(p, "some"), nil
	}
	<-r.now
	panic("boom")
}

func (r *rotten) Close() error { return nil }

// panicOf gives what f panics with, or "".
func panicOf(f func()) (reason string) {
	defer func() {
		if r := recover(); r != nil {
			reason = fmt.Sprint(r)
		}
	}()
	f()
	return ""
}

func TestABodyThatPanicsWhileItIsSentPanicsWhereItsRequestIsServed(t *testing.T) {
	now := make(chan struct{})
	close(now)
	tr := transportTo(t, scripted(t, func(_ *net.TCPConn, r *bufio.Reader) { _, _ = io.Copy(io.Discard, r) }))
	reason := panicOf(func() {
		res, err := tr.RoundTrip(newRequest(t, http.MethodPost, &rotten{now: now}))
		t.Errorf("got %v, %v", res, err)
	})
	if !strings.Contains(reason, "boom") || !strings.Contains(reason, "rotten") {
		t.Errorf("panicked with %q, want the reason and where it was", reason)
	}
	if tr.Open() != 0 {
		t.Errorf("%d connections are left open", tr.Open())
	}
}

func TestABodyThatPanicsBehindTheHeadOfItsAnswerPanicsWhereThatIsRead(t *testing.T) {
	now := make(chan struct{})
	tr := transportTo(t, scripted(t, func(c *net.TCPConn, r *bufio.Reader) {
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok")
		_, _ = io.Copy(io.Discard, r)
	}))
	res, err := tr.RoundTrip(newRequest(t, http.MethodPost, &rotten{now: now}))
	if err != nil {
		t.Fatal(err)
	}
	reason := panicOf(func() {
		defer res.Body.Close()
		close(now)
		_, err := io.ReadAll(res.Body)
		t.Errorf("the answer ended with %v", err)
	})
	if !strings.Contains(reason, "boom") || tr.Open() != 0 {
		t.Errorf("panicked with %q, %d connections are left open", reason, tr.Open())
	}
}

func TestAPanicBesideTheHandlerEndsNoMoreThanItsConnection(t *testing.T) {
	s := &Server{
		Handler:  http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }),
		OnRefuse: func(http.ResponseWriter, *Refusal) { panic("boom") },
	}
	nc := clientOf(t, s)
	_, _ = io.WriteString(nc, "GET /\r\n\r\n")
	if got, err := io.ReadAll(nc); len(got) > 0 || err != nil {
		t.Errorf("the client read %q, %v", got, err)
	}
	for end := time.Now().Add(5 * time.Second); s.Connections() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the connection is still counted")
		}
	}
}
