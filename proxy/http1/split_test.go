package http1

import (
	"strings"
	"testing"
)

var requestStreams = []string{
	"GET /a?b HTTP/1.1\r\nHost: h\r\nx-lower: 1\r\nX-Lower: 2\r\n\r\nPOST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhelloGET /c HTTP/1.0\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n3;e=\"q\"\r\nabc\r\nA\r\n0123456789\r\n0\r\nx-t: v\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
	"\r\nPUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n",
	"GET / HTTP/3.1\r\nHost: h\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n",
	"GET / HTTP/1.1\nHost: h\n\n",
}

var responseStreams = []string{
	"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 204 No\r\n\r\n",
	"HTTP/1.1 103 Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;e\r\nabc\r\nA\r\n0123456789\r\n0\r\nx-t: v\r\n\r\n",
	"HTTP/1.0 200 OK\r\n\r\nto the end",
	"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
	"HTTP/1.1 200 OK\r\nContent-Length : 2\r\nX: a\r\n b\r\n\r\nok",
	"HTTP/1.1 700 No\r\n\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
}

func TestAStreamMeansTheSameHoweverItIsCut(t *testing.T) {
	check := func(stream string, meaning func([][]byte) string) {
		b := []byte(stream)
		whole := meaning(split(b))
		if whole == "" {
			t.Errorf("%q means nothing", stream)
		}
		for i := range b {
			if cut := meaning(split(b, i)); cut != whole {
				t.Errorf("cut at %d of %q\ngot  %s\nwant %s", i, stream, cut, whole)
			}
		}
		if single := meaning(everyByte(b)); single != whole {
			t.Errorf("byte by byte %q\ngot  %s\nwant %s", stream, single, whole)
		}
	}
	for _, stream := range requestStreams {
		check(stream, requestsIn)
	}
	for _, stream := range responseStreams {
		check(stream, func(pieces [][]byte) string { return stripDiscarded(responsesIn("GET", pieces)) })
	}
}

// stripDiscarded removes what depends on timing by design: bytes behind a
// response end its connection only if they have arrived when it ends; and the
// next exchange on it then reads them.
func stripDiscarded(s string) string {
	first, _, _ := strings.Cut(s, "\n")
	return first
}
