package http1

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func someBytes(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	r.Read(b)
	return b
}

func pipesInUse() int {
	pipes.mu.Lock()
	defer pipes.mu.Unlock()
	return pipes.used
}

func TestALargeBodyPassesUnchangedAndLeavesTheConnectionsWhole(t *testing.T) {
	content := someBytes(5<<20 + 17)
	for name, length := range map[string]bool{"known length": true, "chunked": false} {
		origin := serve(t, handle(func(w http.ResponseWriter, r *http.Request) {
			if length {
				w.Header().Set("Content-Length", "5242897")
			}
			w.Write(content)
		}))
		tr := transportTo(t, origin)
		client := transportTo(t, serve(t, passThrough(t, tr)))
		for range 3 {
			res, err := client.RoundTrip(newRequest(t, "GET", nil))
			if err != nil {
				t.Fatal(err)
			}
			if got := readAndClose(t, res); sha256.Sum256([]byte(got)) != sha256.Sum256(content) {
				t.Errorf("%s: %d bytes that differ", name, len(got))
			}
		}
		if client.Open() != 1 || tr.Open() != 1 {
			t.Errorf("%s: %d and %d connections for 3 exchanges in a row", name, client.Open(), tr.Open())
		}
		client.Close()
		tr.Close()
	}
	if n := pipesInUse(); n != 0 {
		t.Errorf("%d pipes in use", n)
	}
}

// TestALargeBodyIsBlamedOnTheSideThatBroke cuts it at the endpoint, lets it
// stop there, and lets the client leave.
func TestALargeBodyIsBlamedOnTheSideThatBroke(t *testing.T) {
	for _, test := range []struct {
		name     string
		endpoint func(c *net.TCPConn)
		client   func(c net.Conn)
		check    func(err error) bool
	}{
		{"endpoint cut", func(c *net.TCPConn) {}, func(c net.Conn) { io.Copy(io.Discard, c) }, func(err error) bool {
			var e *Error
			return errors.As(err, &e) && e.Phase == PhaseBody && !e.Timeout && errors.Is(err, io.ErrUnexpectedEOF)
		}},
		{"endpoint silent", func(c *net.TCPConn) { io.Copy(io.Discard, c) }, func(c net.Conn) { io.Copy(io.Discard, c) }, func(err error) bool {
			var e *Error
			return errors.As(err, &e) && e.Phase == PhaseBody && e.Timeout
		}},
		{"client gone", func(c *net.TCPConn) { io.Copy(c, io.LimitReader(endless{}, 60<<20)) }, func(c net.Conn) { c.Close() }, func(err error) bool {
			var e *ClientError
			return errors.As(err, &e) && e.Status == 499 || errors.Is(err, ErrClientGone)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			origin := scripted(t, func(c *net.TCPConn, r *bufio.Reader) {
				http.ReadRequest(r)
				io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n")
				c.Write(make([]byte, 1<<20))
				test.endpoint(c)
			})
			tr := &Transport{Limits: Limits{BodyTimeout: 100 * time.Millisecond}, Dial: func(context.Context) (net.Conn, error) { return net.Dial("tcp", origin) }}
			defer tr.Close()
			ended := make(chan error, 1)
			front := serve(t, handle(func(w http.ResponseWriter, r *http.Request) {
				res, err := tr.RoundTrip(r)
				if err != nil {
					ended <- err
					return
				}
				defer res.Body.Close()
				w.Header().Set("Content-Length", "67108864")
				_, err = io.Copy(w, res.Body)
				ended <- err
			}))
			c := dial(t, front)
			io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			c.Read(make([]byte, 1000))
			test.client(c)
			if err := <-ended; !test.check(err) {
				t.Errorf("got %v", err)
			}
			until(t, "no connection to the endpoint", func() bool { return tr.Open() == 0 })
		})
	}
	if n := pipesInUse(); n != 0 {
		t.Errorf("%d pipes in use", n)
	}
}

func TestALargeUploadPassesUnchanged(t *testing.T) {
	content := someBytes(3 << 20)
	origin := serve(t, handle(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil || !bytes.Equal(b, content) {
			t.Errorf("%d bytes, %v", len(b), err)
		}
		io.WriteString(w, strings.Join(r.TransferEncoding, ""))
	}))
	tr := transportTo(t, origin)
	client := transportTo(t, serve(t, passThrough(t, tr)))
	for _, body := range []io.Reader{bytes.NewReader(content), io.NopCloser(bytes.NewReader(content))} {
		res, err := client.RoundTrip(newRequest(t, "POST", body))
		if err != nil {
			t.Fatal(err)
		}
		readAndClose(t, res)
	}
	if client.Open() != 1 || tr.Open() != 1 {
		t.Errorf("%d and %d connections for 2 exchanges in a row", client.Open(), tr.Open())
	}
	client.Close()
	tr.Close()
}
