package proxy_test

import (
	"net"
	"strings"
	"testing"

	"outrigger/proxy/failure"
	"outrigger/proxy/proxytest"
)

// bad is an answer that is none: 502, and it speaks against the upstream.
func bad(name, answer string) fault {
	return fault{
		name: name, send: get, steps: []proxytest.Step{proxytest.Raw(answer)}, status: 502, kept: true, seen: 1,
		outcome: "failed", code: failure.BadResponse, failures: 1,
	}
}

func TestAnswersThatAreNoneBecome502(t *testing.T) {
	runFaults(t, []fault{
		bad("a length beside chunks", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
		bad("two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok"),
		bad("a folded field", "HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 2\r\n\r\nok"),
		bad("a null byte", "HTTP/1.1 200 OK\r\nX-A: b\x00\r\nContent-Length: 2\r\n\r\nok"),
		bad("status 099", "HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nok"),
		bad("status 600", "HTTP/1.1 600 OK\r\nContent-Length: 2\r\n\r\nok"),
		bad("status 999", "HTTP/1.1 999 OK\r\nContent-Length: 2\r\n\r\nok"),
		bad("junk", "SSH-2.0-OpenSSH_9.2\r\n\r\n"),
		bad("an alert of TLS", "\x15\x03\x01\x00\x02\x02\x0a\r\n\r\n"),
		bad("2,000 interim answers", strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 2000)+ok),
		bad("eleven interim answers", strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 11)+ok),
		bad("a switch of protocols that nobody asked for", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
		bad("a head of 11 MB", "HTTP/1.1 200 OK\r\n"+strings.Repeat("X-A: "+strings.Repeat("b", 1000)+"\r\n", 11_000)+"\r\n"),
	})
}

// good is an answer that is odd but right.
func good(name, answer string) fault {
	return fault{name: name, send: get, steps: []proxytest.Step{proxytest.RawClose(answer)}, status: 200, kept: true, seen: 1, outcome: "ok"}
}

func TestOddButRightAnswersPass(t *testing.T) {
	runFaults(t, []fault{
		good("a body that ends with the connection", "HTTP/1.1 200 OK\r\n\r\nok"),
		good("an answer of HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nok"),
		good("an answer of HTTP/1.0 with a length", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"),
		good("a 100 that nobody waits for", "HTTP/1.1 100 Continue\r\n\r\n"+ok),
		good("ten interim answers", strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 10)+ok),
		good("no reason phrase", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok"),
	})
}

// cut is an answer that breaks off in its body.
func cut(name string, step proxytest.Step) fault {
	return fault{
		name: name, send: get, policy: wary, steps: []proxytest.Step{step}, status: 200, broken: true, seen: 1,
		outcome: "failed", code: failure.ResetMidBody, failures: 1,
	}
}

func TestAnAnswerThatBreaksOffNeverLooksComplete(t *testing.T) {
	begun := strings.Repeat("x", 20<<10)
	early := cut("before its first byte: nothing was sent yet, so it is a 502", proxytest.RawClose("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"))
	early.status, early.broken, early.kept = 502, false, true
	old := cut("a body without any length, by a reset", proxytest.RawReset("HTTP/1.0 200 OK\r\n\r\n"+begun))
	malformed := cut("a bad chunk behind a good one", proxytest.Raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n"))
	malformed.code, malformed.status, malformed.broken, malformed.kept = failure.BadResponse, 502, false, true // it came at once: not even the head had left
	runFaults(t, []fault{
		early, old, malformed,
		cut("with a length, by the end of the connection", proxytest.RawClose("HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n"+begun)),
		cut("with a length, by a reset", proxytest.RawReset("HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n"+begun)),
		cut("in chunks, by the end of the connection", proxytest.RawClose("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5000\r\n"+begun+"\r\n")),
		cut("in chunks, by a reset", proxytest.RawReset("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5000\r\n"+begun+"\r\n")),
		cut("in the middle of a chunk", proxytest.RawClose("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6000\r\n"+begun)),
	})
}

// failing is a request that meets nothing good.
func failing(name, send string, step proxytest.Step) fault {
	return fault{
		name: name, send: send, policy: tallying, steps: []proxytest.Step{step}, status: 502, kept: true, seen: 1,
		outcome: "failed", code: failure.ResetBeforeHeaders, failures: 1,
	}
}

// after makes the fault one that is saved, or not, by another attempt.
func (f fault) after(second proxytest.Step, seen int) fault {
	f.steps = append(f.steps, second)
	f.seen = seen
	return f
}

// saved by its second attempt.
func (f fault) saved() fault {
	f = f.after(proxytest.Raw(ok), 2)
	f.status, f.outcome, f.code, f.failures = 200, "ok", "", .5
	return f
}

func TestConnectionsThatBreakBeforeAnAnswer(t *testing.T) {
	hang := failing("silence ends with the attempt timeout", get, proxytest.Hang)
	hang.policy, hang.status, hang.code = wary+", timeouts: {request: 1s, attempt: 50ms}", 504, failure.UpstreamTimeout
	total := failing("silence ends with the request timeout where there is no attempt timeout", get, proxytest.Hang)
	total.policy, total.status, total.code = wary+", timeouts: {request: 50ms}", 504, failure.Deadline
	half := failing("half a head and silence end with the attempt timeout", get, proxytest.RawHang("HTTP/1.1 200 OK\r\nConte"))
	half.policy, half.status, half.code = hang.policy, 504, failure.UpstreamTimeout
	body := failing("a head and silence end with the idle timeout, before anything was sent", get, proxytest.RawHang("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"))
	body.policy, body.status, body.code = wary+", timeouts: {idle: 5ms}", 504, failure.UpstreamTimeout
	head := cut("a head and a longer silence too, but the head has been sent by then", proxytest.RawHang("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"))
	head.policy, head.code = wary+", timeouts: {idle: 50ms}", failure.UpstreamTimeout
	rest := cut("half a body and silence end with the idle timeout", proxytest.RawHang("HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n"+strings.Repeat("x", 20<<10)))
	rest.policy, rest.code = head.policy, failure.UpstreamTimeout
	putReset := failing("a PUT that meets a reset is sent again, with its body", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", proxytest.Reset)
	faults := []fault{
		failing("a GET that meets a reset is sent again", get, proxytest.Reset).saved(),
		failing("a GET that meets the end of the connection is sent again", get, proxytest.Close).saved(),
		failing("a GET that meets a reset in the head of the answer is sent again", get, proxytest.RawReset("HTTP/1.1 200 OK\r\nConte")).saved(),
		putReset.saved(),
		failing("a POST that meets a reset is not sent again", post("Content-Length: 5\r\n", "hello"), proxytest.Reset).after(proxytest.Raw(ok), 1),
		failing("a POST that meets the end of the connection is not sent again", post("Content-Length: 5\r\n", "hello"), proxytest.Close).after(proxytest.Raw(ok), 1),
		failing("a GET that meets two resets is given up", get, proxytest.Reset).after(proxytest.Reset, 2),
		hang, total, half, body, head, rest,
	}
	runFaults(t, faults)
}

func TestAnUpstreamThatRefusesToConnectIsAsked(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	s := proxytest.Start(t, beside("http://"+l.Addr().String(), tallying))
	r := proxytest.Call(t, s.Port("up"), post("Content-Length: 5\r\n", "hello"))
	if statusOf(r) != 502 || r.Header.Get("Outrigger-Attempts") != "2" {
		t.Errorf("status %d after %s attempts, want 502 after 2: what was not sent may be tried again", statusOf(r), r.Header.Get("Outrigger-Attempts"))
	}
	ours(t, r, failure.ConnectRefused)
	if op := s.Operation("up", "unmatched"); op.FailureRate != 1 {
		t.Errorf("the failure rate is %v, want 1", op.FailureRate)
	}
}

// TestAConnectionWithExtraBytesIsDiscarded is response queue poisoning: the bytes behind an answer must not become the next one.
func TestAConnectionWithExtraBytesIsDiscarded(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, proxytest.Raw(ok+"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"), proxytest.Raw(ok))
	s := start(t, up, wary)
	c := proxytest.Dial(t, s.Port("up"))
	for range 3 {
		if r := c.Do(get); statusOf(r) != 200 || r.Text != "ok" {
			t.Fatalf("the client got %d %q", statusOf(r), r.Text)
		}
	}
	if n := up.Connections(); n != 2 {
		t.Errorf("the upstream got %d connections, want 2", n)
	}
}

func TestAnAnswerWithoutLengthIsReframed(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, proxytest.RawClose("HTTP/1.0 200 OK\r\n\r\n"+strings.Repeat("x", 100<<10)))
	s := start(t, up, wary)
	r := proxytest.Call(t, s.Port("up"), get)
	if statusOf(r) != 200 || r.Broken != nil || len(r.Text) != 100<<10 || len(r.TransferEncoding) != 1 || r.Close {
		t.Errorf("the client got %d bytes (%v) in %v, want 100 KiB in chunks on a connection that stays", len(r.Text), r.Broken, r.TransferEncoding)
	}
}
