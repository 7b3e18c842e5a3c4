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
	"time"
)

// Servers of other protocols greet and then wait for us, as we would for them.
func TestAServerOfAnotherProtocolIsKnownByItsGreeting(t *testing.T) {
	for name, greeting := range map[string]string{
		"SSH":            "SSH-2.0-OpenSSH_9.2\r\n",
		"SMTP":           "220 mail ready\r\n",
		"half a line":    "220",
		"Redis":          "-ERR unknown command\r\n",
		"HTTP/2 in text": "HTTP/2",
		"MySQL":          "\x4a\x00\x00\x00\x0a8.0.35",
	} {
		t.Run(name, func(t *testing.T) {
			over := make(chan struct{})
			defer close(over)
			tr := transportTo(t, scripted(t, func(c *net.TCPConn, r *bufio.Reader) {
				http.ReadRequest(r)
				io.WriteString(c, greeting)
				<-over
			}))
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			res, err := tr.RoundTrip(newRequest(t, "GET", nil).WithContext(ctx))
			var protocol *ProtocolError
			if !errors.As(err, &protocol) || ctx.Err() != nil {
				t.Errorf("got %v, %v; want a ProtocolError at once", res, err)
			}
		})
	}
}

func TestAStatusLineMayComeInPieces(t *testing.T) {
	tr := transportTo(t, scripted(t, func(c *net.TCPConn, r *bufio.Reader) {
		http.ReadRequest(r)
		for i := range okResponse {
			io.WriteString(c, okResponse[i:i+1])
			time.Sleep(100 * time.Microsecond) // so that most bytes arrive alone
		}
	}))
	res, err := tr.RoundTrip(newRequest(t, "GET", nil))
	if err != nil {
		t.Fatal(err)
	}
	readAndClose(t, res)
}

func TestNoMoreInterimResponsesAreDeliveredThanAllowed(t *testing.T) {
	for _, n := range []int{10, 11} {
		var got []string
		tr := transportTo(t, scripted(t, answering(strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", n)+okResponse)))
		res, err := tr.RoundTrip(newRequest(t, "GET", nil).WithContext(listener{t.Context(), &got}))
		if (err == nil) != (n == 10) || len(got) != 10 {
			t.Errorf("of %d responses %d were delivered, then %v", n, len(got), err)
		}
		if err == nil {
			readAndClose(t, res)
		}
	}
}
