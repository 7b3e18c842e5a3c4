package conformance_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"outrigger/proxy/proxytest"
)

var streams = []clause{
	{
		"9112 §9.5, 9110 §15", "SHOULD", "look for an answer while still sending, and stop sending when an error comes",
		"an early answer is forwarded at once; a refusal ends the upload and the connection, another answer leaves the upload going, but not beyond its own end; choice: then both connections end, because the exchange is over and the rest would be nobody's",
		[]probe{
			acted("413 in the middle of an upload", earlyRefusal),
			acted("200 in the middle of an upload that goes on", fullDuplex),
			acted("a whole 200 before the end of an upload", earlyWhole),
			acted("a stream that ends before the upload does", earlyStream),
		},
	},
	{
		"9112 §7.1, 9110 §7.6", "ours", "hold nothing of a stream back",
		"each piece is sent on as it comes, both ways; choice: the head of an answer with a length waits for the first of its content, so that an upstream that dies in between is a clean 502, but no longer than 10 ms; the head of any other does not wait",
		[]probe{
			acted("each piece of an answer before the next is sent", eachPiece),
			acted("each piece of a request before the next is sent", eachPieceUp),
			acted("each piece until the close", eachPieceUntilClose),
			acted("each piece of an answer with a length", eachPieceOfLength),
			acted("the head of an answer with a length whose content is not there yet", headAlone),
			acted("the same, of an answer whose upstream then dies", headAloneForEver),
		},
	},
	{
		"9112 §7.1.2", "MAY", "forward the trailers of a stream",
		"they come with its end, both ways, announced or not, as the chapter on chunks shows for short messages",
		[]probe{acted("trailers behind a stream, both ways", streamTrailers)},
	},
}

func earlyRefusal(t *testing.T, s *stage) { refusedAmid(t, s, "Content-Length: 1073741824", "begun") }

// largestLength and largestChunk are of content that nobody could send.
func largestLength(t *testing.T, s *stage) {
	refusedAmid(t, s, "Content-Length: 9223372036854775807", "begun")
}

func largestChunk(t *testing.T, s *stage) {
	refusedAmid(t, s, "Transfer-Encoding: chunked", "3\r\nabc\r\n7fffffffffffffff\r\nhello")
}

func refusedAmid(t *testing.T, s *stage, field, content string) {
	t.Helper()
	s.plays(func(c *proxytest.Conn, _ *proxytest.Request) {
		c.Send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig")
		c.Gone()
	})
	c := proxytest.Dial(t, s.address(own))
	c.Send("PUT / HTTP/1.1\r\nHost: a\r\n" + field + "\r\n\r\n" + content) // and nothing more
	r := c.Read("PUT")
	if r.Response == nil || r.StatusCode != 413 || r.Text != "big" || !r.Close || c.Kept() {
		t.Errorf("the client got %v %q (%v), want 413 and the end of the connection", r.Response, r.Text, r.Broken)
	}
}

// fullDuplex answers each piece of an upload before the next one comes.
func fullDuplex(t *testing.T, s *stage) {
	s.plays(func(c *proxytest.Conn, r *proxytest.Request) {
		c.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
		piece := make([]byte, 5)
		for {
			if _, err := io.ReadFull(r.Body, piece); err != nil {
				break
			}
			c.Send("5\r\n" + strings.ToUpper(string(piece)) + "\r\n")
		}
		c.Send("0\r\n\r\n")
	})
	c := proxytest.Dial(t, s.address(own))
	c.Send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
	r := c.Head("POST")
	if r.Response == nil || r.StatusCode != 200 {
		t.Fatalf("the client got %v (%v) before it sent anything", r.Response, r.Broken)
	}
	for range 10 {
		c.Send("5\r\nhello\r\n")
		got := make([]byte, 5)
		if _, err := io.ReadFull(r.Body, got); err != nil || string(got) != "HELLO" {
			t.Fatalf("the answer to a piece is %q (%v)", got, err)
		}
	}
	c.Send("0\r\n\r\n")
	if rest, err := io.ReadAll(r.Body); len(rest) != 0 || err != nil {
		t.Errorf("the answer ends with %q (%v)", rest, err)
	}
}

// earlyWhole: the whole answer comes while the upload goes on, so that its connections cannot carry another exchange.
func earlyWhole(t *testing.T, s *stage) {
	s.plays(func(c *proxytest.Conn, _ *proxytest.Request) {
		c.Send(answerOK)
		c.Gone()
	})
	c := proxytest.Dial(t, s.address(own))
	c.Send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
	if r := c.Read("POST"); r.Response == nil || r.Text != "ok" || !r.Close {
		t.Errorf("the client got %v %q (%v), want the answer and the end of the connection", r.Response, r.Text, r.Broken)
	}
}

// earlyStream has to announce the end of the connection before it is known whether the upload will end in time.
func earlyStream(t *testing.T, s *stage) {
	more := make(chan struct{})
	s.plays(func(c *proxytest.Conn, _ *proxytest.Request) {
		c.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
		<-more
		c.Send("0\r\n\r\n")
		c.Gone()
	})
	c := proxytest.Dial(t, s.address(own))
	c.Send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
	r := c.Head("POST")
	close(more)
	if r.Response == nil || !r.Close {
		t.Fatalf("the client got %v (%v), want an answer that announces the end", r.Response, r.Broken)
	}
	if text, err := io.ReadAll(r.Body); string(text) != "ok" || err != nil || c.Kept() {
		t.Errorf("the client got %q (%v), want the whole stream and the end of the connection", text, err)
	}
}

func eachPiece(t *testing.T, s *stage) {
	pieces(t, s, "Transfer-Encoding: chunked\r\n", func(text string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(text), text) }, "0\r\n\r\n")
}

func eachPieceUntilClose(t *testing.T, s *stage) {
	pieces(t, s, "", func(text string) string { return text }, "")
}

func eachPieceOfLength(t *testing.T, s *stage) {
	pieces(t, s, "Content-Length: 90\r\n", func(text string) string { return text }, "")
}

// pieces lets the upstream send a piece only when the client has the one before.
func pieces(t *testing.T, s *stage, field string, framed func(string) string, end string) {
	more := make(chan string)
	s.plays(func(c *proxytest.Conn, r *proxytest.Request) {
		r.Take()
		c.Send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" + field + "\r\n")
		for text := range more {
			c.Send(framed(text))
		}
		c.Send(end)
		c.Close()
	})
	c := proxytest.Dial(t, s.address(own))
	c.Send(get("/"))
	defer close(more)
	r := c.Head("GET")
	if r.Response == nil {
		t.Fatal(r.Broken)
	}
	for n := range 10 {
		want := fmt.Sprintf("data: %d\n\n", n)
		more <- want
		got := make([]byte, len(want))
		if _, err := io.ReadFull(r.Body, got); err != nil || string(got) != want {
			t.Fatalf("piece %d is %q (%v)", n, got, err)
		}
	}
}

// headAlone sends content only when the client has the head. A second exchange over the same connections must not feel the wait.
func headAlone(t *testing.T, s *stage) {
	arrived := make(chan struct{})
	s.plays(func(c *proxytest.Conn, r *proxytest.Request) {
		r.Take()
		c.Send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
		<-arrived
		c.Send("ok")
	})
	c := proxytest.Dial(t, s.address(own))
	for range 2 {
		c.Send(get("/"))
		r := c.Head("GET")
		if r.Response == nil {
			t.Fatal(r.Broken)
		}
		arrived <- struct{}{}
		if text, err := io.ReadAll(r.Body); string(text) != "ok" || err != nil {
			t.Fatalf("behind the head the client got %q (%v)", text, err)
		}
	}
}

func headAloneForEver(t *testing.T, s *stage) {
	arrived := make(chan struct{})
	s.plays(func(c *proxytest.Conn, r *proxytest.Request) {
		r.Take()
		c.Send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
		<-arrived
		c.Close()
	})
	c := proxytest.Dial(t, s.address(own))
	c.Send(get("/"))
	r := c.Head("GET")
	if r.Response == nil {
		t.Fatal(r.Broken)
	}
	close(arrived)
	if text, err := io.ReadAll(r.Body); err == nil || c.Kept() {
		t.Errorf("behind the head the client got %q and a clean end, want a break", text)
	}
}

func eachPieceUp(t *testing.T, s *stage) {
	got := make(chan string)
	s.plays(func(c *proxytest.Conn, r *proxytest.Request) {
		piece := make([]byte, 5)
		for {
			n, err := io.ReadFull(r.Body, piece)
			got <- string(piece[:n])
			if err != nil {
				break
			}
		}
		c.Send(answerOK)
	})
	c := proxytest.Dial(t, s.address(own))
	c.Send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
	for range 5 {
		c.Send("5\r\nhello\r\n")
		if text := <-got; text != "hello" {
			t.Fatalf("the upstream got %q", text)
		}
	}
	c.Send("0\r\n\r\n")
	<-got
	if r := c.Read("POST"); r.Response == nil || r.StatusCode != 200 {
		t.Errorf("the client got %v (%v)", r.Response, r.Broken)
	}
}

func streamTrailers(t *testing.T, s *stage) {
	sent := make(chan string, 1)
	s.plays(func(c *proxytest.Conn, r *proxytest.Request) {
		c.Send("HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
		r.Take()
		sent <- r.Trailer.Get("X-T") + r.Trailer.Get("X-U")
		c.Send("0\r\nX-Sum: 7\r\nX-More: 8\r\n\r\n")
	})
	c := proxytest.Dial(t, s.address(own))
	c.Send("POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTrailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
	r := c.Head("POST")
	if r.Response == nil {
		t.Fatal(r.Broken)
	}
	c.Send("0\r\nX-T: v\r\nX-U: w\r\n\r\n")
	text, err := io.ReadAll(r.Body)
	if err != nil || string(text) != "ok" || r.Trailer.Get("X-Sum") != "7" || r.Trailer.Get("X-More") != "8" {
		t.Errorf("the client got %q with %v (%v)", text, r.Trailer, err)
	}
	if got := <-sent; got != "vw" {
		t.Errorf("the upstream got trailers %q, want v and w", got)
	}
}

// rawHead reads one head off a connection, byte for byte.
func rawHead(t *testing.T, c *proxytest.Client) string {
	t.Helper()
	var b strings.Builder
	for {
		line, err := c.R.ReadString('\n')
		b.WriteString(line)
		if err != nil {
			t.Fatalf("the client got %q (%v)", b.String(), err)
		}
		if line == "\r\n" {
			return b.String()
		}
	}
}

const putExpecting = "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"

func expectAsked(t *testing.T, s *stage) {
	s.plays(func(c *proxytest.Conn, r *proxytest.Request) {
		c.Send("HTTP/1.1 100 Continue\r\n\r\n")
		proxytest.Raw(answerOK)(c, r)
	})
	before := s.origin.Seen()
	c := proxytest.Dial(t, s.address(own))
	c.Send(putExpecting)
	if head := rawHead(t, c); head != "HTTP/1.1 100 Continue\r\n\r\n" {
		t.Fatalf("the client got %q", head)
	}
	c.Send("hello")
	if r := c.Read("PUT"); r.Response == nil || r.StatusCode != 200 || len(r.Interim) != 0 {
		t.Errorf("the client got %v (%v)", r.Response, r.Broken)
	}
	r := s.origin.Requests()[before]
	if body, whole := r.Taken(); body != "hello" || !whole || r.Header.Get("Expect") != "100-continue" {
		t.Errorf("the upstream got %q, %q", r.Head, body)
	}
}

// expectUnasked leaves no time to wait for a 100 that the upstream does not send.
func expectUnasked(t *testing.T, _ *stage) {
	up := proxytest.NewUpstream(t, proxytest.Raw(answerOK))
	s := strict(t, up, ", timeouts: {request: 700ms}")
	c := proxytest.Dial(t, s.Port("up"))
	for range 2 {
		r := c.Do(putExpecting + "hello")
		if r.Response == nil || r.StatusCode != 200 || r.Close {
			t.Fatalf("the client got %v (%v), want 200 on a connection that stays", r.Response, r.Broken)
		}
	}
	if body, whole := up.Requests()[1].Taken(); body != "hello" || !whole {
		t.Errorf("the upstream got %q (whole: %t)", body, whole)
	}
}

// expectSilent: the upstream waits for the content as we wait for its 100, and the time for its answer runs.
func expectSilent(t *testing.T, _ *stage) {
	up := proxytest.NewUpstream(t, proxytest.Raw(answerOK))
	s := strict(t, up, ", timeouts: {attempt: 600ms}")
	c := proxytest.Dial(t, s.Port("up"))
	c.Send(putExpecting)
	if head := rawHead(t, c); head != "HTTP/1.1 100 Continue\r\n\r\n" {
		t.Fatalf("the client got %q", head)
	}
	c.Send("hello")
	if r := c.Read("PUT"); r.Response == nil || r.StatusCode != 200 {
		t.Errorf("the client got %v (%v)", r.Response, r.Broken)
	}
	if body, whole := up.Requests()[0].Taken(); body != "hello" || !whole || up.Seen() != 1 {
		t.Errorf("the upstream got %q (whole: %t) in %d requests", body, whole, up.Seen())
	}
}

func expectRefused(t *testing.T, s *stage) {
	s.plays(func(c *proxytest.Conn, _ *proxytest.Request) {
		c.Send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
		c.Close()
	})
	c := proxytest.Dial(t, s.address(own))
	c.Send(putExpecting)
	if r := c.Read("PUT"); r.Response == nil || r.StatusCode != 401 || len(r.Interim) != 0 || !r.Close {
		t.Errorf("the client got %v after %d interim answers (%v), want 401, and the end because the content may come", r.Response, len(r.Interim), r.Broken)
	}
}

func hintsForwarded(t *testing.T, s *stage)      { interimForwarded(t, s, "103 Early Hints") }
func processingForwarded(t *testing.T, s *stage) { interimForwarded(t, s, "102 Processing") }

// interimForwarded holds the answer back until the interim one has arrived.
func interimForwarded(t *testing.T, s *stage, status string) {
	arrived := make(chan struct{})
	s.plays(func(c *proxytest.Conn, r *proxytest.Request) {
		c.Send("HTTP/1.1 " + status + "\r\nLink: </a>\r\nLink: </b>\r\n\r\n")
		<-arrived
		proxytest.Raw(answerOK)(c, r)
	})
	c := proxytest.Dial(t, s.address(own))
	c.Send(get("/"))
	head := rawHead(t, c)
	close(arrived)
	if !strings.HasPrefix(head, "HTTP/1.1 "+status+"\r\n") || !strings.Contains(head, "Link: </a>\r\nLink: </b>\r\n") {
		t.Errorf("the client got %q", head)
	}
	if r := c.Read("GET"); r.Response == nil || r.StatusCode != 200 || r.Header["Link"] != nil {
		t.Errorf("the client got %v", r.Response)
	}
}

func hopsOfInterim(t *testing.T, s *stage) {
	s.plays(proxytest.Raw("HTTP/1.1 103 Early Hints\r\nConnection: X-A\r\nX-A: b\r\nKeep-Alive: c\r\nProxy-Connection: d\r\nUpgrade: h2c\r\nLink: </a>\r\n\r\n" + answerOK))
	c := proxytest.Dial(t, s.address(own))
	c.Send(get("/"))
	head := rawHead(t, c)
	has(t, "the client", "\r\n"+head, []string{"Link: </a>", "!Connection:", "!X-A:", "!Keep-Alive:", "!Proxy-Connection:", "!Upgrade:"})
}

func hintsForOldClient(t *testing.T, s *stage) {
	s.plays(proxytest.Raw(early + answerOK))
	r := proxytest.Call(t, s.address(own), "GET / HTTP/1.0\r\n\r\n")
	if r.Response == nil || r.StatusCode != 200 || len(r.Interim) != 0 {
		t.Errorf("the client got %v after %d interim answers", r.Response, len(r.Interim))
	}
}
