package http1

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// liftable is a context whose deadline can be lifted and whose idle timeout can be set.
type liftable struct {
	context.Context
	deadline time.Time
	lifted   atomic.Bool
	idle     time.Duration
}

func (c *liftable) Deadline() (time.Time, bool) { return c.deadline, !c.lifted.Load() }
func (c *liftable) BodyIdle() time.Duration     { return c.idle }

// slowStream answers with a head at once and one piece of a chunked body after wait.
func slowStream(t *testing.T, wait time.Duration) *Transport {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		select {
		case <-time.After(wait):
			_, _ = io.WriteString(w, "late")
		case <-r.Context().Done():
		}
	})}
	go s.Serve(l)
	tr := &Transport{Dial: func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", l.Addr().String())
	}}
	t.Cleanup(func() {
		tr.Close()
		s.Close()
	})
	return tr
}

func TestABodyOutlivesADeadlineThatIsLiftedAfterTheHead(t *testing.T) {
	tr := slowStream(t, 300*time.Millisecond)
	for _, lift := range []bool{true, false} {
		ctx := &liftable{Context: t.Context(), deadline: time.Now().Add(150 * time.Millisecond)}
		req, _ := http.NewRequestWithContext(ctx, "GET", "http://a/", nil)
		resp, err := tr.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		ctx.lifted.Store(lift)
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if lift && (err != nil || string(body) != "late") || !lift && err == nil {
			t.Errorf("deadline lifted %v: body %q, %v", lift, body, err)
		}
	}
}

func TestTheContextsIdleTimeoutEndsASilentBody(t *testing.T) {
	tr := slowStream(t, 5*time.Second)
	ctx := &liftable{Context: t.Context(), idle: 50 * time.Millisecond}
	ctx.lifted.Store(true)
	req, _ := http.NewRequestWithContext(ctx, "GET", "http://a/", nil)
	resp, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.ReadAll(resp.Body); err == nil {
		t.Error("a silent body was waited for")
	}
}
