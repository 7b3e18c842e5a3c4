package http1

import (
	"io"
	"net"
	"net/http"
	"testing"
)

// passThrough is the smallest proxy: server and transport back to back.
func passThrough(t testing.TB, tr http.RoundTripper) *Server {
	return handle(func(w http.ResponseWriter, r *http.Request) {
		res, err := tr.RoundTrip(r)
		if err != nil {
			t.Error(err)
			panic(http.ErrAbortHandler)
		}
		for name, values := range res.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(res.StatusCode)
		_, err = io.Copy(w, res.Body)
		res.Body.Close()
		if err != nil {
			panic(http.ErrAbortHandler)
		}
	})
}

// pingPong answers every read with the same bytes and allocates nothing.
func pingPong(t testing.TB, response string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		buf, answer := make([]byte, 4096), []byte(response)
		for {
			if _, err := c.Read(buf); err != nil {
				return
			}
			c.Write(answer)
		}
	}()
	t.Cleanup(func() { l.Close(); <-ended })
	return l.Addr().String()
}

const (
	benchRequest = "GET /items/42?full=1 HTTP/1.1\r\nHost: shop.test\r\nUser-Agent: test\r\nAccept: */*\r\n" +
		"Accept-Encoding: gzip\r\nX-Request-Id: 0123456789\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n"
	benchResponse = "HTTP/1.1 200 OK\r\nServer: test\r\nDate: Mon, 02 Nov 2026 10:00:00 GMT\r\nContent-Type: application/json\r\n" +
		"Content-Length: 16\r\nCache-Control: no-store\r\n\r\n{\"id\":42,\"n\":17}"
)

// ping gives a function that makes one exchange on a kept connection.
func ping(t testing.TB, addr string) func() {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	buf, request := make([]byte, 4096), []byte(benchRequest)
	return func() {
		if _, err := c.Write(request); err != nil {
			t.Fatal(err)
		}
		if n, err := c.Read(buf); err != nil || n < 100 {
			t.Fatal(n, err)
		}
	}
}

func TestAPassThroughExchangeAllocatesAtMostSixTimes(t *testing.T) {
	if raceDetector || poisoned {
		t.Skip("the build allocates for itself")
	}
	tr := transportTo(t, pingPong(t, benchResponse))
	once := ping(t, serve(t, passThrough(t, tr)))
	once()
	// The server allocates on its own goroutine; AllocsPerRun counts them all.
	if n := testing.AllocsPerRun(2000, once); n > 6 {
		t.Errorf("%v allocations per exchange", n)
	}
	tr.Close()
}

func BenchmarkPassThrough(b *testing.B) {
	tr := transportTo(b, pingPong(b, benchResponse))
	once := ping(b, serve(b, passThrough(b, tr)))
	b.ReportAllocs()
	for b.Loop() {
		once()
	}
}
