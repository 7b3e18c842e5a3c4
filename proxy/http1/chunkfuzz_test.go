package http1

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"testing"
)

// decodeResponse reads a chunked body as it comes from an upstream.
func decodeResponse(pieces [][]byte) ([]byte, http.Header, error) {
	limits := Limits{}.withDefaults(1, 1)
	w := &wire{}
	w.init(&piecewise{pieces: pieces})
	d := decoder{w: w, limits: &limits, kind: chunkedBody, lenient: true, trailer: http.Header{}}
	b, err := io.ReadAll(readerFunc(d.read))
	return b, d.trailer, err
}

// FuzzChunkedResponse holds the lenient reading, which only drops trailer fields, against the strict one and against the chunked
// reader of the standard library: none may see another end or other bytes.
func FuzzChunkedResponse(f *testing.F) {
	for _, body := range badChunks {
		if len(body) < 4096 {
			f.Add([]byte(body))
		}
	}
	f.Add([]byte("5;a=b\r\nhello\r\n0\r\nX-T: v\r\nContent-Length: 3\r\n\r\n"))
	f.Add([]byte("3\r\nabc\r\n7fffffffffffffff\r\nhello"))
	f.Add([]byte("A\r\n0123456789\r\n00\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, trailer, err := decodeResponse(split(b))
		for name := range trailer {
			if forbiddenTrailer[name] {
				t.Fatalf("trailer field %s of %q was kept", name, b)
			}
		}
		for _, i := range places(b) {
			if again, _, err2 := decodeResponse(split(b, i)); !bytes.Equal(got, again) || fmt.Sprint(err) != fmt.Sprint(err2) {
				t.Fatalf("cut at %d\ngot  %q %v\nwant %q %v", i, again, err2, got, err)
			}
		}
		strict, _, strictErr := decode(split(b))
		if strictErr == nil && (err != nil || !bytes.Equal(got, strict)) {
			t.Fatalf("a request may hold %q, a response is read as %q %v", b, got, err)
		}
		if err != nil {
			return
		}
		standard, err := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(b)))
		if err != nil || !bytes.Equal(got, standard) {
			t.Fatalf("%q is %q for us and %q, %v for net/http", b, got, standard, err)
		}
	})
}
