package http1

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// rawCases are the requests of the design's table of raw cases and of the
// fault table, with the status owed and whether the handler may see them.
var rawCases = []struct {
	name   string
	raw    string // "…" stands for "POST / HTTP/1.1\r\nHost: a\r\n"
	status int
	called bool
}{
	{"content-length beside transfer-encoding", "…Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, false},
	{"transfer-encoding beside content-length, with a request behind the last chunk", "…Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n", 400, false},
	{"two content-lengths", "…Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello", 400, false},
	{"the same content-length twice", "…Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400, false},
	{"content-length list", "…Content-Length: 5, 5\r\n\r\nhello", 400, false},
	{"content-length with plus", "…Content-Length: +5\r\n\r\nhello", 400, false},
	{"content-length negative", "…Content-Length: -5\r\n\r\nhello", 400, false},
	{"content-length empty", "…Content-Length: \r\n\r\nhello", 400, false},
	{"content-length hexadecimal", "…Content-Length: 0x5\r\n\r\nhello", 400, false},
	{"content-length beyond 64 bits", "…Content-Length: 99999999999999999999\r\n\r\nhello", 400, false},
	{"content-length with leading zeros", "…Content-Length: 005\r\n\r\nhello", 200, true},
	{"space before colon", "…Content-Length : 5\r\n\r\nhello", 400, false},
	{"folded line", "…X-A: b\r\n c\r\n\r\n", 400, false},
	{"folded first field", "POST / HTTP/1.1\r\n Host: a\r\n\r\n", 400, false},
	{"folded transfer-encoding", "…Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400, false},
	{"bare line feeds", "GET / HTTP/1.1\nHost: a\n\n", 400, false},
	{"bare line feed in a field", "…X-A: b\nX-B: c\r\n\r\n", 400, false},
	{"bare carriage return in a value", "…X-A: b\rX-B: c\r\n\r\n", 400, false},
	{"NUL in a value", "…X-A: b\x00c\r\n\r\n", 400, false},
	{"empty field name", "…: x\r\n\r\n", 400, false},
	{"field without colon", "…foo bar\r\n\r\n", 400, false},
	{"field without colon or space", "…foobar\r\n\r\n", 400, false},
	{"coding list with empty member", "…Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n", 501, false},
	{"gzip before chunked", "…Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501, false},
	{"identity beside content-length", "…Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello", 400, false},
	{"vertical tab before chunked", "…Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400, false},
	{"vertical tab before chunked, beside content-length", "…Transfer-Encoding: \x0bchunked\r\nContent-Length: 5\r\n\r\nhello", 400, false},
	{"chunked twice", "…Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, false},
	{"transfer-encoding empty", "…Transfer-Encoding:\r\n\r\n", 400, false},
	{"chunked in capitals", "…Transfer-Encoding: CHUNKED\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 200, true},
	{"transfer-encoding in HTTP/1.0, with bytes behind", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n", 400, false},
	{"no host", "GET / HTTP/1.1\r\n\r\n", 400, false},
	{"empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, false},
	{"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, false},
	{"host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400, false},
	{"host with path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, false},
	{"host with a broken literal", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, false},
	{"host with a literal and port", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 200, true},
	{"host with a port of letters", "GET / HTTP/1.1\r\nHost: a:http\r\n\r\n", 400, false},
	{"no host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", 200, true},
	{"absolute target that differs from host", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, false},
	{"absolute target, host in other case and with the default port", "GET http://A/ HTTP/1.1\r\nHost: a:80\r\n\r\n", 200, true},
	{"absolute target of a strange scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, false},
	{"HTTP/1.9", "GET / HTTP/1.9\r\nHost: a\r\n\r\n", 200, true},
	{"HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, false},
	{"HTTP/0.9", "GET /\r\n", 400, false},
	{"version in small letters", "GET / http/1.1\r\nHost: a\r\n\r\n", 400, false},
	{"version with two digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400, false},
	{"two spaces in the request line", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, false},
	{"tab in the request line", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, false},
	{"method in small letters", "get / HTTP/1.1\r\nHost: a\r\n\r\n", 200, true},
	{"GET with a body", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 200, true},
	{"connection names content-length", "…Connection: Content-Length\r\nContent-Length: 5\r\n\r\nhello", 200, true},
	{"expectation unknown", "…Expect: 200-ok\r\nContent-Length: 5\r\n\r\nhello", 417, false},
	{"CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405, false},
	{"fragment in the target", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400, false},
	{"asterisk without OPTIONS", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400, false},
	{"asterisk with OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 200, true},
	{"target without slash", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400, false},
	{"broken escape in the path", "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400, false},
	{"eight-bit byte in the target", "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", 400, false},
	{"TLS on a plain port", "\x16\x03\x01\x02\x00\x01\x00", 400, false},
	{"a blank line before the request", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 200, true},
	{"two blank lines before the request", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, false},
	{"head of 1 MB", "…X-A: " + strings.Repeat("a", 1<<20) + "\r\n\r\n", 431, false},
	{"20,000 fields", "…" + strings.Repeat("X: y\r\n", 20_000) + "\r\n", 431, false},
	{"101 fields", "…" + strings.Repeat("X: y\r\n", 100) + "\r\n", 431, false},
	{"100 fields", "…" + strings.Repeat("X: y\r\n", 99) + "\r\n", 200, true},
	{"target of 100 KB", "GET /" + strings.Repeat("a", 100<<10) + " HTTP/1.1\r\nHost: a\r\n\r\n", 414, false},
	{"method of 8 KB", strings.Repeat("A", 8<<10) + " / HTTP/1.1\r\nHost: a\r\n\r\n", 501, false},
}

func TestARawRequestIsAnsweredAsTheTableSays(t *testing.T) {
	for _, test := range rawCases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			var refused atomic.Pointer[Refusal]
			addr := serve(t, &Server{
				Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					calls.Add(1)
					io.Copy(w, r.Body)
				}),
				OnRefuse: func(w http.ResponseWriter, r *Refusal) {
					refused.Store(r)
					w.WriteHeader(r.Status)
				},
			})
			status, all := talk(t, addr, strings.Replace(test.raw, "…", "POST / HTTP/1.1\r\nHost: a\r\n", 1))
			if status != test.status {
				t.Errorf("status %d, want %d; answer %.200q", status, test.status, all)
			}
			if got := calls.Load() > 0; got != test.called {
				t.Errorf("handler called: %t, want %t", got, test.called)
			}
			if test.called {
				return
			}
			if strings.HasSuffix(all, "(open)") || !strings.Contains(all, "\r\nConnection: close\r\n") {
				t.Errorf("the connection must be announced closed and close: %.200q", all)
			}
			if strings.Count(all, "HTTP/1.1 ") != 1 {
				t.Errorf("bytes behind a refused request were parsed: %.300q", all)
			}
			if r := refused.Load(); r == nil || r.Reason == "" || strings.Contains(r.Reason, "hello") {
				t.Errorf("refusal %v has no stable reason", r)
			}
		})
	}
}

// badChunks are bodies after "Transfer-Encoding: chunked".
var badChunks = map[string]string{
	"bare line feed after the size":   "5\nhello\r\n0\r\n\r\n",
	"space after the size":            "5 \r\nhello\r\n0\r\n\r\n",
	"space before the size":           " 5\r\nhello\r\n0\r\n\r\n",
	"size with 0x":                    "0x5\r\nhello\r\n0\r\n\r\n",
	"size with underscore":            "1_0\r\nhellohellohello!\r\n0\r\n\r\n",
	"size signed":                     "+5\r\nhello\r\n0\r\n\r\n",
	"size empty":                      "\r\nhello\r\n0\r\n\r\n",
	"size beyond 64 bits":             "10000000000000005\r\nhello\r\n0\r\n\r\n",
	"carriage returns before the ;":   "5\r\r;a\r\nhello\r\n0\r\n\r\n",
	"bare carriage return in the ext": "5;a\rb\r\nhello\r\n0\r\n\r\n",
	"extension without a name":        "5;\r\nhello\r\n0\r\n\r\n",
	"extension value open":            "5;a=\"b\r\nhello\r\n0\r\n\r\n",
	"extension of 2 KB":               "5;" + strings.Repeat("a", 2048) + "\r\nhello\r\n0\r\n\r\n",
	"no CRLF after the data":          "5\r\nhelloX\r\n0\r\n\r\n",
	"bare line feed after the data":   "5\r\nhello\n0\r\n\r\n",
	"trailer with bare line feed":     "5\r\nhello\r\n0\r\nX-T: v\n\r\n",
	"trailer Content-Length":          "5\r\nhello\r\n0\r\nContent-Length: 3\r\n\r\n",
	"trailer Transfer-Encoding":       "5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
	"trailer Host":                    "5\r\nhello\r\n0\r\nHost: b\r\n\r\n",
	"trailer Authorization":           "5\r\nhello\r\n0\r\nAuthorization: b\r\n\r\n",
	"10,000 trailers":                 "5\r\nhello\r\n0\r\n" + strings.Repeat("X-T: v\r\n", 10_000) + "\r\n",
}

func TestABadChunkIsTheClientsFaultAndEndsTheConnection(t *testing.T) {
	for name, body := range badChunks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var ended atomic.Pointer[error]
			addr := serve(t, &Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, err := io.Copy(io.Discard, r.Body)
				ended.Store(&err)
				var status int
				if c, ok := err.(*ClientError); ok {
					status = c.Status
				}
				w.WriteHeader(max(status, 200))
			})})
			status, all := talk(t, addr, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"+body+"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
			if err := ended.Load(); err == nil || *err == nil {
				t.Errorf("the body ended cleanly")
			}
			if status != 400 && status != 431 || strings.HasSuffix(all, "(open)") || strings.Count(all, "HTTP/1.1 ") != 1 {
				t.Errorf("want one 400 or 431 and a close, got %.200q", all)
			}
		})
	}
}

func TestAChunkOfAnySizeIsReadAsFarAsItCame(t *testing.T) {
	for _, first := range []string{"", "3\r\nabc\r\n"} {
		for _, size := range []string{"6", "7fffffff", "ffffffff", "7fffffffffffffff"} {
			sent := first + size + "\r\nhello"
			want := strings.Repeat("abc", len(first)/8) + "hello"
			for name, read := range map[string]func([][]byte) ([]byte, http.Header, error){"a request": decode, "an answer": decodeResponse} {
				if got, _, err := read(split([]byte(sent))); string(got) != want || err != io.ErrUnexpectedEOF {
					t.Errorf("%q in %s is read as %q (%v), want %q and that it broke off", sent, name, got, err, want)
				}
			}
		}
	}
}

func TestGoodChunksArriveWholeWithTheirTrailers(t *testing.T) {
	addr := serve(t, &Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %v %s %s", b, err, r.Trailer.Get("X-T"), r.Trailer.Get("X-U"))
	})})
	for name, body := range map[string]string{
		"plain":            "5\r\nhello\r\n6\r\n world\r\n0\r\nX-T: v\r\nx-u: w\r\n\r\n",
		"extensions":       "5;a;b=c ; d = \"e;\\\"f\"\r\nhello\r\n6\r\n world\r\n0;last\r\nX-T: v\r\nX-U: w\r\n\r\n",
		"zeros and hex":    "00005\r\nhello\r\n0006\r\n world\r\n000\r\nX-T: v\r\nX-U: w\r\n\r\n",
		"every byte alone": "1\r\nh\r\n1\r\ne\r\n1\r\nl\r\n1\r\nl\r\n1\r\no\r\n6\r\n world\r\n0\r\nX-T: v\r\nX-U: w\r\n\r\n",
	} {
		_, all := talk(t, addr, "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTrailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n"+body)
		if !strings.HasSuffix(all, "\r\n\r\nhello world <nil> v w") {
			t.Errorf("%s: got %.300q", name, all)
		}
	}
}
