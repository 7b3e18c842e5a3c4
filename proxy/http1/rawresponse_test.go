package http1

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

var badResponses = map[string]string{
	"content-length beside transfer-encoding": "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"two different content-lengths":           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
	"content-length twice":                    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
	"content-length list":                     "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello",
	"content-length signed":                   "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
	"folded line":                             "HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 0\r\n\r\n",
	"NUL in a value":                          "HTTP/1.1 200 OK\r\nX-A: b\x00c\r\nContent-Length: 0\r\n\r\n",
	"bare carriage return":                    "HTTP/1.1 200 OK\r\nX-A: b\rX-B: c\r\nContent-Length: 0\r\n\r\n",
	"bare line feeds":                         "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
	"status 099":                              "HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n",
	"status 600":                              "HTTP/1.1 600 High\r\nContent-Length: 0\r\n\r\n",
	"status 999":                              "HTTP/1.1 999 High\r\nContent-Length: 0\r\n\r\n",
	"status with two digits":                  "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
	"status with four digits":                 "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
	"eleven interim responses":                strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 11) + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
	"2,000 unsolicited 100s":                  strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 2000) + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
	"101 nobody asked for":                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
	"junk":                                    "hello, I speak something else\r\n\r\n",
	"TLS alert":                               "\x15\x03\x01\x00\x02\x02\x46",
	"HTTP/2":                                  "HTTP/2.0 200 OK\r\n\r\n",
	"blank line first":                        "\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
	"transfer-encoding gzip":                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
	"transfer-encoding in HTTP/1.0":           "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"interim with a body":                     "HTTP/1.1 103 Early\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
	"head of 11 MB":                           "HTTP/1.1 200 OK\r\nX-A: " + strings.Repeat("a", 11<<20) + "\r\n\r\n",
	"101 fields":                              "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 101) + "\r\n",
}

func TestABadResponseIsAProtocolErrorAndClosesTheConnection(t *testing.T) {
	for name, raw := range badResponses {
		t.Run(name, func(t *testing.T) {
			tr := transportTo(t, scripted(t, answering(raw)))
			res, err := tr.RoundTrip(newRequest(t, "GET", nil))
			var protocol *ProtocolError
			if !errors.As(err, &protocol) {
				t.Fatalf("got %v, %v; want a ProtocolError", res, err)
			}
			if tr.Open() != 0 {
				t.Errorf("%d connections open after it", tr.Open())
			}
		})
	}
}

func TestAResponseThatEndsEarlyIsNeverTakenForComplete(t *testing.T) {
	for name, raw := range map[string]string{
		"content-length":            "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
		"chunk":                     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\nhello",
		"chunked, no last chunk":    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"chunked, trailer not done": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-T: v\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			tr := transportTo(t, scripted(t, func(c *net.TCPConn, r *bufio.Reader) {
				http.ReadRequest(r)
				io.WriteString(c, raw)
			}))
			res, err := tr.RoundTrip(newRequest(t, "GET", nil))
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(res.Body)
			res.Body.Close()
			var failed *Error
			if string(b) != "hello" || !errors.As(err, &failed) || !errors.Is(err, io.ErrUnexpectedEOF) || failed.Phase != PhaseBody || !failed.Started {
				t.Errorf("got %q, %v", b, err)
			}
			if tr.Open() != 0 {
				t.Errorf("the connection was kept")
			}
		})
	}
}

func TestABadChunkInAResponseIsAProtocolError(t *testing.T) {
	for name, body := range badChunks {
		if strings.HasPrefix(name, "trailer ") && !strings.Contains(name, "line feed") {
			continue // forbidden trailer fields of a response are dropped
		}
		t.Run(name, func(t *testing.T) {
			tr := transportTo(t, scripted(t, answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"+body)))
			res, err := tr.RoundTrip(newRequest(t, "GET", nil))
			if err != nil {
				t.Fatal(err)
			}
			_, err = io.Copy(io.Discard, res.Body)
			res.Body.Close()
			var protocol *ProtocolError
			if !errors.As(err, &protocol) || tr.Open() != 0 {
				t.Errorf("got %v with %d connections open", err, tr.Open())
			}
		})
	}
}

func TestResponsesAreDelimitedAsTheirHeadsSay(t *testing.T) {
	for _, test := range []struct {
		name, method, raw, body string
		kept                    bool
	}{
		{"content-length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", true},
		{"leading zeros", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 005\r\n\r\nhello", "hello", true},
		{"no reason phrase", "GET", "HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello", "hello", true},
		{"space before the colon", "GET", "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello", "hello", true},
		{"chunked", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "hello", true},
		{"no length", "GET", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello", "hello", false},
		{"HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", false},
		{"HTTP/1.0 kept alive", "GET", "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 5\r\n\r\nhello", "hello", true},
		{"close announced", "GET", "HTTP/1.1 200 OK\r\nConnection: foo, Close\r\nContent-Length: 5\r\n\r\nhello", "hello", false},
		{"HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "", true},
		{"204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", "", true},
		{"304 with a length", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "", true},
		{"bytes behind the response", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n\r\n", "hello", false},
		{"bytes behind the last chunk", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nx", "hello", false},
		{"unsolicited 100", "GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			tr := transportTo(t, scripted(t, func(c *net.TCPConn, r *bufio.Reader) {
				http.ReadRequest(r)
				io.WriteString(c, test.raw)
				if strings.Contains(test.raw, "no length") || !strings.Contains(test.raw, "ontent-Length") && !strings.Contains(test.raw, "ransfer") && !strings.Contains(test.raw, "204") {
					return
				}
				io.Copy(io.Discard, c)
			}))
			res, err := tr.RoundTrip(newRequest(t, test.method, nil))
			if err != nil {
				t.Fatal(err)
			}
			if got := readAndClose(t, res); got != test.body {
				t.Errorf("body %q, want %q", got, test.body)
			}
			if got := tr.Idle() == 1; got != test.kept {
				t.Errorf("connection kept: %t, want %t", got, test.kept)
			}
		})
	}
}
