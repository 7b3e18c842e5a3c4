package proxy_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"outrigger/proxy/failure"
	"outrigger/proxy/proxytest"
)

const events = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

// event is one event in a chunk of its own.
func event(n int) string {
	text := fmt.Sprintf("data: %d\n\n", n)
	return fmt.Sprintf("%x\r\n%s\r\n", len(text), text)
}

// TestEveryEventArrivesBeforeTheNextIsSent lets the upstream send an event only when the client has the one before.
func TestEveryEventArrivesBeforeTheNextIsSent(t *testing.T) {
	t.Parallel()
	more := make(chan struct{})
	up := proxytest.NewUpstream(t, func(c *proxytest.Conn, r *proxytest.Request) {
		r.Take()
		c.Send(events)
		for n := range 20 {
			if _, open := <-more; !open {
				return
			}
			c.Send(event(n))
		}
		c.Send("0\r\n\r\n")
	})
	s := start(t, up, wary+", timeouts: {request: 100ms}")
	c := proxytest.Dial(t, s.Port("up"))
	c.Send(get)
	r := c.Head("GET") // the head alone arrives before any event
	if statusOf(r) != 200 {
		t.Fatalf("status %d", statusOf(r))
	}
	defer close(more)
	for n := range 20 {
		more <- struct{}{}
		want := fmt.Sprintf("data: %d\n\n", n)
		got := make([]byte, len(want))
		if _, err := io.ReadFull(r.Body, got); err != nil || string(got) != want {
			t.Fatalf("event %d is %q (%v)", n, got, err)
		}
		time.Sleep(10 * time.Millisecond) // together longer than the request timeout
	}
	if rest, err := io.ReadAll(r.Body); len(rest) != 0 || err != nil {
		t.Errorf("the stream ends with %q (%v)", rest, err)
	}
	if line := s.Exchanges(1)[0]; line.Outcome != "ok" || line.BytesOut != 190 {
		t.Errorf("the log says %+v", line)
	}
}

// TestAStreamOutlivesTheRequestTimeoutButNotSilence runs for an hour.
func TestAStreamOutlivesTheRequestTimeoutButNotSilence(t *testing.T) {
	stream := func(c *proxytest.Conn, r *proxytest.Request) {
		r.Take()
		c.Send(events)
		for n := range 60 {
			time.Sleep(time.Minute)
			c.Send(event(n))
		}
		c.Gone()
	}
	pairing(t, wary+", timeouts: {request: 10s, idle: 2m}", script{stream}, func(b *bubble, _ *proxytest.Upstream) {
		begun := time.Now()
		r := b.call(get)
		lasted := time.Since(begun)
		if n := strings.Count(r.Text, "data: "); n != 60 || r.Broken == nil {
			b.Errorf("%d events arrived (%v), want 60 and a stream that breaks off", n, r.Broken)
		}
		if lasted < 61*time.Minute || lasted > 63*time.Minute {
			b.Errorf("the stream lasted %v, want an hour and the idle timeout", lasted)
		}
		if d := b.last(); d.Code != string(failure.UpstreamTimeout) || d.Outcome != "failed" {
			b.Errorf("the record is %+v, want upstream_timeout", d)
		}
	})
}

// TestASlowReaderIsGivenUp: a client that stops reading must not hold the upstream for ever, nor the answer in memory.
func TestASlowReaderIsGivenUp(t *testing.T) {
	flood := func(c *proxytest.Conn, r *proxytest.Request) {
		r.Take()
		c.Send("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
		piece := strings.Repeat("x", 64<<10)
		for range 1 << 14 {
			if _, err := io.WriteString(c, piece); err != nil {
				return
			}
		}
	}
	pairing(t, wary, script{flood}, func(b *bubble, _ *proxytest.Upstream) {
		c := b.client()
		c.Send(get)
		c.Head("GET")
		time.Sleep(10 * time.Minute)
		if d := b.last(); d.Outcome != "client_closed" {
			b.Errorf("the record is %+v, want client_closed", d)
		}
		if op := b.operation("unmatched"); op.Circuit != "closed" || op.FailureRate != 0 || op.InFlight != 0 {
			b.Errorf("the operation stands %+v, want no failure and nothing in flight", op)
		}
	})
}

func TestALargeBodyPasses(t *testing.T) {
	t.Parallel()
	const size = 64 << 20
	up := proxytest.NewUpstream(t, func(c *proxytest.Conn, r *proxytest.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		c.Send(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", n))
		_, _ = io.CopyN(c, zeros{}, n)
	})
	s := start(t, up, wary)
	c := proxytest.Dial(t, s.Port("up"))
	go func() {
		c.Send(fmt.Sprintf("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", size))
		_, _ = io.CopyN(c, zeros{}, size)
	}()
	r := c.Head("PUT")
	n, err := io.Copy(io.Discard, r.Body)
	if statusOf(r) != 200 || n != size || err != nil {
		t.Errorf("the client got %d and %d bytes (%v), want 200 and %d", statusOf(r), n, err, size)
	}
	if line := s.Exchanges(1)[0]; line.BytesIn != size || line.BytesOut != size {
		t.Errorf("the log says %d bytes in and %d out, want %d", line.BytesIn, line.BytesOut, size)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestAnEarlyAnswerStopsTheUpload: the upstream refuses a body that has hardly begun.
func TestAnEarlyAnswerStopsTheUpload(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, func(c *proxytest.Conn, _ *proxytest.Request) {
		c.Send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig")
		time.Sleep(50 * time.Millisecond)
		c.Close()
	})
	s := start(t, up, wary)
	c := proxytest.Dial(t, s.Port("up"))
	c.Send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1073741824\r\n\r\nbegun") // and nothing more
	r := c.Read("PUT")
	if statusOf(r) != 413 || r.Text != "big" || !r.Close || c.Kept() {
		t.Errorf("the client got %d %q, close: %t, want the upstream's 413 and the end of the connection", statusOf(r), r.Text, r.Close)
	}
	if line := s.Exchanges(1)[0]; line.Outcome != "client_error" || line.Code != "" {
		t.Errorf("the log says %+v, want client_error", line)
	}
}

func TestInterimAnswersReachTheClientAtOnce(t *testing.T) {
	t.Parallel()
	hinted := make(chan struct{})
	up := proxytest.NewUpstream(t, func(c *proxytest.Conn, r *proxytest.Request) {
		c.Send("HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n")
		<-hinted
		proxytest.Raw(ok)(c, r)
	})
	s := start(t, up, wary)
	c := proxytest.Dial(t, s.Port("up"))
	c.Send(get)
	if line, err := c.R.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 103 ") {
		t.Fatalf("the client got %q (%v), want 103", line, err)
	}
	close(hinted)
	link := ""
	for line := "-"; line != "\r\n"; {
		line, _ = c.R.ReadString('\n')
		link += line
	}
	if !strings.Contains(link, "Link: </style.css>\r\n") {
		t.Errorf("the hint has %q, want the Link", link)
	}
	if r := c.Read("GET"); statusOf(r) != 200 || r.Header.Get("Link") != "" {
		t.Errorf("the answer is %d with Link %q, want 200 without", statusOf(r), r.Header.Get("Link"))
	}
}

func TestAnswersWithoutABody(t *testing.T) {
	for _, c := range []struct {
		name, send, answer string
		status             int
		length             string
	}{
		{"HEAD keeps the length of what GET would get", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n", 200, "1234"},
		{"HEAD of what has no length", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200, ""},
		{"204", get, "HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
		{"304 keeps the length of what it stands for", get, "HTTP/1.1 304 Not Modified\r\nContent-Length: 1234\r\nETag: \"a\"\r\n\r\n", 304, "1234"},
		{"an empty answer", get, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			up := proxytest.NewUpstream(t, proxytest.Raw(c.answer))
			s := start(t, up, wary)
			client := proxytest.Dial(t, s.Port("up"))
			for range 2 { // the second shows that the first ended where it should
				r := client.Do(c.send)
				if statusOf(r) != c.status || r.Header.Get("Content-Length") != c.length || r.Text != "" {
					t.Fatalf("the client got %d with length %q and %q, want %d with %q", statusOf(r), r.Header.Get("Content-Length"), r.Text, c.status, c.length)
				}
			}
			if n := up.Connections(); n != 1 {
				t.Errorf("the upstream got %d connections, want 1", n)
			}
		})
	}
}

func TestAClientOfHTTP10GetsNoChunks(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, proxytest.Raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nworld\r\n0\r\nX-T: v\r\n\r\n"))
	s := start(t, up, wary)
	c := proxytest.Dial(t, s.Port("up"))
	c.Send("GET / HTTP/1.0\r\n\r\n")
	raw, err := io.ReadAll(c.R)
	head, body, _ := strings.Cut(string(raw), "\r\n\r\n")
	if err != nil || body != "helloworld" || strings.Contains(head, "chunked") || strings.Contains(head, "Trailer") {
		t.Errorf("the client got %q (%v), want the content up to the end of the connection", raw, err)
	}
}
