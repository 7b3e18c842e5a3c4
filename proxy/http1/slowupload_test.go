package http1

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// stalled is a body that gives a little and then nothing until it is closed.
type stalled struct {
	given  bool
	closed chan struct{}
}

func (s *stalled) Read(p []byte) (int, error) {
	if !s.given {
		s.given = true
		return copy(p, "some"), nil
	}
	<-s.closed
	return 0, errors.New("closed")
}

func (s *stalled) Close() error {
	select {
	case <-s.closed:
	default:
		close(s.closed)
	}
	return nil
}

func TestTimeThatPassesWhileTheBodyIsAwaitedIsNotTheEndpointsFault(t *testing.T) {
	tr := transportTo(t, scripted(t, func(c *net.TCPConn, r *bufio.Reader) {
		if req, err := http.ReadRequest(r); err == nil {
			if _, err := io.Copy(io.Discard, req.Body); err == nil {
				t.Error("the endpoint saw a complete body")
			}
		}
	}))
	for name, length := range map[string]int64{"length": 100, "chunked": -1} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		req := newRequest(t, "POST", &stalled{closed: make(chan struct{})}).WithContext(ctx)
		req.ContentLength = length
		_, err := tr.RoundTrip(req)
		cancel()
		var upload *RequestBodyError
		var client *ClientError
		if !errors.As(err, &upload) || !errors.As(err, &client) || client.Status != http.StatusRequestTimeout {
			t.Errorf("%s: got %v, want a body that is too slow", name, err)
		}
	}
}

func TestTimeThatPassesWhileTheEndpointTakesNothingIsItsFault(t *testing.T) {
	release := make(chan struct{})
	tr := transportTo(t, scripted(t, func(c *net.TCPConn, r *bufio.Reader) { <-release }))
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	req := newRequest(t, "POST", io.NopCloser(io.LimitReader(endless{}, 64<<20))).WithContext(ctx)
	req.ContentLength = 64 << 20
	_, err := tr.RoundTrip(req)
	var own *Error
	if !errors.As(err, &own) || !own.Timeout {
		t.Errorf("got %v, want a timeout of the endpoint", err)
	}
}
