package proxy_test

import (
	"strconv"
	"strings"
	"testing"

	"outrigger/proxy/failure"
	"outrigger/proxy/proxytest"
)

// badChunk is a request whose body goes wrong after its head was forwarded: the client is to blame, whatever the upstream saw.
// Where the bad bytes arrive with the head, nothing is sent at all.
func badChunk(name, content string) fault {
	return invalid(name, 400, post("Transfer-Encoding: chunked\r\n", content))
}

func TestBadChunksAreTheClientsFault(t *testing.T) {
	long := "a\r\n0123456789\r\n"
	tooMany := badChunk("10,000 trailer fields", "0\r\n"+strings.Repeat("X-A: b\r\n", 10_000)+"\r\n")
	tooMany.status, tooMany.seen = 431, perhaps // they do not all arrive with the head
	runFaults(t, []fault{
		badChunk("a size beyond 64 bits", "fffffffffffffffff\r\n"),
		badChunk("a size with a prefix", "0x5\r\nhello\r\n0\r\n\r\n"),
		badChunk("a size with an underscore", "1_0\r\nhello\r\n0\r\n\r\n"),
		badChunk("a blank behind the size", "5 \r\nhello\r\n0\r\n\r\n"),
		badChunk("an empty size", "\r\nhello\r\n0\r\n\r\n"),
		badChunk("a line feed alone behind the size", "5\nhello\r\n0\r\n\r\n"),
		badChunk("carriage returns before an extension", "5\r\r;a\r\nhello\r\n0\r\n\r\n"),
		badChunk("content longer than its chunk", "5\r\nhello!\r\n0\r\n\r\n"),
		badChunk("a bad chunk behind a good one", long+"5\nhello\r\n0\r\n\r\n"),
		badChunk("a length among the trailers", "0\r\nContent-Length: 5\r\n\r\n"),
		badChunk("a coding among the trailers", "0\r\nTransfer-Encoding: chunked\r\n\r\n"),
		badChunk("a host among the trailers", "0\r\nHost: b\r\n\r\n"),
		tooMany,
	})
}

// TestABodyThatGoesWrongLateIsNeverSeenWhole sends the bad bytes after the upstream has the head: there the attempt is cut off.
func TestABodyThatGoesWrongLateIsNeverSeenWhole(t *testing.T) {
	for _, c := range []struct{ name, bad string }{
		{"a bad size", "5\nhello\r\n0\r\n\r\n"},
		{"a size beyond 64 bits", "fffffffffffffffff\r\n"},
		{"a forbidden trailer", "0\r\nHost: b\r\n\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			begun, ended := make(chan struct{}), make(chan bool, 1)
			up := proxytest.NewUpstream(t, func(conn *proxytest.Conn, r *proxytest.Request) {
				close(begun)
				_, complete := r.Take()
				ended <- complete
				conn.Close()
			})
			s := start(t, up, wary)
			client := proxytest.Dial(t, s.Port("up"))
			client.Send(post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n"))
			<-begun
			client.Send(c.bad)
			r := client.Read("POST")
			if statusOf(r) != 400 || client.Kept() {
				t.Fatalf("status %d, want 400 and a closed connection", statusOf(r))
			}
			ours(t, r, failure.RequestInvalid)
			if <-ended {
				t.Error("the upstream saw a whole request")
			}
			f := fault{status: 400, policy: wary, outcome: "refused", code: failure.RequestInvalid, refused: "request_invalid"}
			f.told(t, s)
			f.counted(t, s)
			f.weighed(t, s)
		})
	}
}

func TestTrailersTravelBothWays(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, proxytest.Raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\nX-More: 8\r\n\r\n"))
	s := start(t, up, wary)
	r := proxytest.Call(t, s.Port("up"), post("TE: trailers\r\nTrailer: X-T\r\nTransfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\nX-T: v\r\nX-U: w\r\n\r\n"))
	if statusOf(r) != 200 || r.Text != "ok" || r.Trailer.Get("X-Sum") != "7" || len(r.Trailer["X-Sum"]) != 1 || r.Trailer.Get("X-More") != "8" {
		t.Errorf("the client got %d %q with trailers %v, want X-Sum and X-More", statusOf(r), r.Text, r.Trailer)
	}
	seen := up.Requests()[0]
	if seen.Trailer.Get("X-T") != "v" || seen.Trailer.Get("X-U") != "w" || seen.Header.Get("Te") != "trailers" {
		t.Errorf("the upstream got trailers %v and TE %q, want X-T, X-U and trailers", seen.Trailer, seen.Header.Get("Te"))
	}
}

// TestABodyLargerThanTheReplayBufferIsNotSentAgain covers the three answers to "again?" for a body over the cap.
func TestABodyLargerThanTheReplayBufferIsNotSentAgain(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, proxytest.Answer(503, "busy"), proxytest.Answer(200, "ok"))
	s := start(t, up, tallying)
	content := strings.Repeat("x", 65<<10)
	r := proxytest.Call(t, s.Port("up"), "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 66560\r\n\r\n"+content)
	if statusOf(r) != 503 || r.Text != "busy" || up.Seen() != 1 {
		t.Fatalf("the client got %d %q after %d requests, want the upstream's own 503 after one", statusOf(r), r.Text, up.Seen())
	}
	if body, complete := up.Requests()[0].Taken(); body != content || !complete {
		t.Errorf("the upstream got %d bytes, want %d", len(body), len(content))
	}
	if n := s.Metric("outrigger_retries_refused_total", `reason="body_too_large"`); n != 1 {
		t.Errorf("%v refusals for body_too_large, want 1", n)
	}
	if r.Header.Get("Outrigger-Retryable") != "false" {
		t.Errorf("Outrigger-Retryable is %q, want false", r.Header.Get("Outrigger-Retryable"))
	}
}

// TestExpectationsEndToEnd covers what an upstream may do with Expect: 100-continue.
func TestExpectationsEndToEnd(t *testing.T) {
	const send = "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
	for _, c := range []struct {
		name     string
		step     proxytest.Step
		status   int
		interim  bool // the client is told to continue
		complete bool // the upstream gets the body
	}{
		{"the upstream says continue", func(c *proxytest.Conn, r *proxytest.Request) {
			c.Send("HTTP/1.1 100 Continue\r\n\r\n")
			proxytest.Raw(ok)(c, r)
		}, 200, true, true},
		{"the upstream fails the expectation", refusing(417), 417, false, false},
		{"the upstream wants to know who asks", refusing(401), 401, false, false},
		{"the upstream says nothing, and the body comes after a second", proxytest.Raw(ok), 200, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			up := proxytest.NewUpstream(t, c.step)
			s := start(t, up, wary)
			client := proxytest.Dial(t, s.Port("up"))
			client.Send(send)
			if c.interim {
				if line, err := client.R.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
					t.Fatalf("the client is told %q (%v), want to continue", line, err)
				}
				_, _ = client.R.ReadString('\n')
				client.Send("hello")
			}
			r := client.Read("PUT")
			if statusOf(r) != c.status || len(r.Interim) != 0 {
				t.Errorf("status %d after %d more interim answers, want %d after none", statusOf(r), len(r.Interim), c.status)
			}
			body, complete := up.Requests()[0].Taken()
			if complete != c.complete || complete && body != "hello" {
				t.Errorf("the upstream got %q (whole: %t), want the body: %t", body, complete, c.complete)
			}
			if op := s.Operation("up", "unmatched"); op.Circuit != "closed" || op.FailureRate != 0 {
				t.Errorf("the circuit is %s with failure rate %v, want closed and 0", op.Circuit, op.FailureRate)
			}
		})
	}
}

// refusing answers without waiting for the body, and closes.
func refusing(status int) proxytest.Step {
	return func(c *proxytest.Conn, _ *proxytest.Request) {
		c.Send("HTTP/1.1 " + strconv.Itoa(status) + " No\r\nContent-Length: 0\r\n\r\n")
		c.Close()
	}
}

// TestAnExpectationOutlivesARetry: the first attempt is refused before its body, so that the second can have it.
func TestAnExpectationOutlivesARetry(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, refusing(503), func(c *proxytest.Conn, r *proxytest.Request) {
		c.Send("HTTP/1.1 100 Continue\r\n\r\n")
		proxytest.Raw(ok)(c, r)
	})
	s := start(t, up, tallying)
	c := proxytest.Dial(t, s.Port("up"))
	c.Send("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	if line, err := c.R.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("the client is told %q (%v), want to continue", line, err)
	}
	_, _ = c.R.ReadString('\n')
	c.Send("hello")
	r := c.Read("PUT")
	body, complete := up.Requests()[len(up.Requests())-1].Taken()
	if statusOf(r) != 200 || up.Seen() != 2 || body != "hello" || !complete {
		t.Errorf("the client got %d after %d requests, the last with %q", statusOf(r), up.Seen(), body)
	}
}

// TestChunkedBodiesAreCounted: the log tells what came, not what a length announced.
func TestChunkedBodiesAreCounted(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t)
	s := start(t, up, wary)
	proxytest.Call(t, s.Port("up"), post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n"))
	if line := s.Exchanges(1)[0]; line.BytesIn != 10 {
		t.Errorf("the log says %d bytes in, want 10", line.BytesIn)
	}
}
