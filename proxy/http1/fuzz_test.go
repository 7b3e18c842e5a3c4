package http1

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// places are cuts to try: all of a short input, some of a long one.
func places(b []byte) []int {
	var at []int
	step := 1 + len(b)/64
	for i := 1; i < len(b); i += step {
		at = append(at, i)
	}
	return at
}

func FuzzRequestHead(f *testing.F) {
	for _, test := range rawCases {
		if len(test.raw) < 4096 {
			f.Add([]byte(strings.Replace(test.raw, "…", "POST / HTTP/1.1\r\nHost: a\r\n", 1)))
		}
	}
	for _, stream := range requestStreams {
		f.Add([]byte(stream))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		whole := requestsIn(split(b))
		for _, i := range places(b) {
			if cut := requestsIn(split(b, i)); cut != whole {
				t.Fatalf("cut at %d\ngot  %s\nwant %s", i, cut, whole)
			}
		}
		compareWithStandardRequest(t, b)
	})
}

// compareWithStandardRequest checks that what we accept, net/http accepts with
// the same meaning: one may be stricter than it, never different.
func compareWithStandardRequest(t *testing.T, b []byte) {
	var ours *http.Request
	var body []byte
	var bodyErr error
	s := &Server{AllowConnect: true, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ours == nil {
			ours = r.Clone(r.Context())
			body, bodyErr = io.ReadAll(r.Body)
			ours.Trailer = r.Trailer
		}
		panic(http.ErrAbortHandler)
	})}
	s.init()
	newConn(s, &piecewise{pieces: split(b)}, nil).serve()
	if ours == nil {
		return
	}
	theirs, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\r\n")))))
	if err != nil {
		t.Fatalf("we accept %q, net/http says %v", b, err)
	}
	if bodyErr != nil {
		return // net/http may be laxer about chunks
	}
	theirBody, err := io.ReadAll(theirs.Body)
	if err != nil {
		t.Fatalf("we accept the body of %q, net/http says %v", b, err)
	}
	theirs.Header.Del("Host")
	theirs.Header.Del("Content-Length")
	ours.Header.Del("Content-Length")
	a := fmt.Sprintf("%s %s %s %d %v %q %s", ours.Method, ours.RequestURI, ours.Host, ours.ContentLength, ours.Header, body, ours.URL.Path)
	c := fmt.Sprintf("%s %s %s %d %v %q %s", theirs.Method, theirs.RequestURI, theirs.Host, theirs.ContentLength, withoutPragma(ours, theirs), theirBody, theirs.URL.Path)
	if a != c {
		t.Fatalf("ours   %s\ntheirs %s", a, c)
	}
}

// withoutPragma takes back what net/http adds: Cache-Control for Pragma.
func withoutPragma(ours, theirs *http.Request) http.Header {
	h := theirs.Header.Clone()
	if ours.Header["Cache-Control"] == nil && ours.Header["Pragma"] != nil {
		delete(h, "Cache-Control")
	}
	return h
}

func FuzzResponseHead(f *testing.F) {
	for _, raw := range badResponses {
		if len(raw) < 4096 {
			f.Add([]byte(raw))
		}
	}
	for _, stream := range responseStreams {
		f.Add([]byte(stream))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		whole := stripDiscarded(responsesIn("GET", split(b)))
		for _, i := range places(b) {
			if cut := stripDiscarded(responsesIn("GET", split(b, i))); cut != whole {
				t.Fatalf("cut at %d\ngot  %s\nwant %s", i, cut, whole)
			}
		}
		responsesIn("HEAD", split(b))
	})
}

func FuzzChunkedBody(f *testing.F) {
	for _, body := range badChunks {
		if len(body) < 4096 {
			f.Add([]byte(body))
		}
	}
	f.Add([]byte("5;a=b\r\nhello\r\n0\r\nX-T: v\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, trailer, err := decode(split(b))
		for _, i := range places(b) {
			if again, _, err2 := decode(split(b, i)); !bytes.Equal(got, again) || fmt.Sprint(err) != fmt.Sprint(err2) {
				t.Fatalf("cut at %d\ngot  %q %v\nwant %q %v", i, again, err2, got, err)
			}
		}
		if err != nil {
			return
		}
		// What is accepted and written again is read as the same.
		w := borrowBig(nil)
		defer w.giveBack()
		w.end += copy(w.free(), got)
		if w.content() < len(got) {
			return
		}
		wire := slices.Clone(w.frame(nil, true, appendTrailers([]byte("0\r\n"), trailer, keys(trailer))))
		again, trailer2, err := decode(split(wire))
		if err != nil || !bytes.Equal(got, again) || fmt.Sprint(trailer) != fmt.Sprint(trailer2) {
			t.Fatalf("%q written as %q is read as %q %v %v", got, wire, again, trailer2, err)
		}
	})
}

func keys(h http.Header) []string {
	var names []string
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// decode reads a chunked body in pieces.
func decode(pieces [][]byte) ([]byte, http.Header, error) {
	limits := Limits{}.withDefaults(1, 1)
	w := &wire{}
	w.init(&piecewise{pieces: pieces})
	d := decoder{w: w, limits: &limits, kind: chunkedBody, trailer: http.Header{}}
	b, err := io.ReadAll(readerFunc(d.read))
	return b, d.trailer, err
}
