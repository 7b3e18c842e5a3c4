package conformance_test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"outrigger/proxy/proxytest"
)

// head sends a request to a port of the stage and returns what the upstream got of it.
func (s *stage) head(t *testing.T, port, send string) *proxytest.Request {
	t.Helper()
	s.plays(proxytest.Raw(answerOK))
	before := s.origin.Seen()
	if r := proxytest.Call(t, s.address(port), send); r.Response == nil || r.StatusCode != 200 {
		t.Fatalf("the client got %v", r.Response)
	}
	return s.origin.Requests()[before]
}

func spellings(t *testing.T, _ *stage) {
	up := proxytest.NewUpstream(t)
	s := proxytest.Start(t, `version: 1
service: test
upstreams: {up: {listen: 127.0.0.1:0, endpoints: ['`+up.URL()+`'], unmatched: refuse, operations: {'GET /orders/{id}': {retry: off}}}}
`)
	for _, target := range []string{"/orders/1", "/%6frders/1", "//orders//1", "/./orders/1", "/a/../orders/1", "/%2e/orders/1", "http://a/orders/1", "/orders/a%2Fb", "/orders/1?a=/../"} {
		before := up.Seen()
		r := proxytest.Call(t, s.Port("up"), get(target))
		if r.Response == nil || r.StatusCode != 200 || up.Seen() != before+1 {
			t.Errorf("%s gets %v, want the operation", target, r.Response)
			continue
		}
		want := "GET " + strings.TrimPrefix(target, "http://a") + " HTTP/1.1\r\n"
		if head := up.Requests()[before].Head; !strings.HasPrefix(head, want) {
			t.Errorf("%s goes on as %q", target, head)
		}
	}
	for _, target := range []string{"/orders", "/orders/1/2", "/orders%2F1", "/ORDERS/1", "/orders/../1", "/orders\\1"} {
		if r := proxytest.Call(t, s.Port("up"), get(target)); r.Response == nil || r.StatusCode != 404 {
			t.Errorf("%s gets %v, want 404: it is no spelling of the operation", target, r.Response)
		}
	}
}

func orderOfLines(t *testing.T, s *stage) {
	r := s.head(t, own, get("/", "X-A: 1", "X-C: 2", "x-a: 3", "X-A: 1, 4"))
	if want := []string{"1", "3", "1, 4"}; !slices.Equal(r.Header["X-A"], want) {
		t.Errorf("the upstream got %q, want %q", r.Header["X-A"], want)
	}
}

func viaOfRequest(t *testing.T, s *stage) {
	if via := s.head(t, own, get("/")).Header["Via"]; len(via) != 1 || !strings.HasPrefix(via[0], "1.1 outrigger-") {
		t.Errorf("Via is %q", via)
	}
}

func viaOfOldRequest(t *testing.T, s *stage) {
	via := strings.Join(s.head(t, own, "GET / HTTP/1.0\r\nVia: 1.1 b (c)\r\nVia: 1.0 d\r\n\r\n").Header["Via"], ", ")
	if !strings.HasPrefix(via, "1.1 b (c), 1.0 d, 1.0 outrigger-") {
		t.Errorf("Via is %q, want ours last, with the version that came", via)
	}
}

func viaOfNewerRequest(t *testing.T, s *stage) {
	if via := s.head(t, own, "GET / HTTP/1.9\r\nHost: a\r\n\r\n").Header["Via"]; len(via) != 1 || !strings.HasPrefix(via[0], "1.1 outrigger-") {
		t.Errorf("Via is %q", via)
	}
}

func viaOfOthers(t *testing.T, s *stage) {
	via := strings.Join(s.head(t, own, get("/", "Via: 1.1 b (c), 1.1 d:80", "Via: HTTPS/1.1 e")).Header["Via"], ", ")
	if !strings.HasPrefix(via, "1.1 b (c), 1.1 d:80, HTTPS/1.1 e, 1.1 outrigger-") {
		t.Errorf("Via is %q, want every entry of others as it was, and ours last", via)
	}
}

func viaOfAnswer(t *testing.T, s *stage) {
	s.plays(proxytest.RawClose("HTTP/1.0 200 OK\r\nVia: 1.1 b\r\n\r\nok"))
	r := proxytest.Call(t, s.address(own), get("/"))
	if r.Response == nil {
		t.Fatal(r.Broken)
	}
	if via := strings.Join(r.Header["Via"], ", "); !strings.HasPrefix(via, "1.1 b, 1.0 outrigger-") {
		t.Errorf("Via is %q, want ours last, with the version that came", via)
	}
}

func loop(t *testing.T, s *stage) { looped(t, s) }

func loopNamedAway(t *testing.T, s *stage) { looped(t, s, "Connection: Via") }

func looped(t *testing.T, s *stage, fields ...string) {
	t.Helper()
	via := s.head(t, own, get("/")).Header["Via"][0]
	before := s.origin.Seen()
	r := proxytest.Call(t, s.address(own), get("/", append(fields, "Via: 1.1 b", "Via: 1.1 c, "+via+" (a comment), 1.1 d")...))
	if r.Response == nil || r.StatusCode != 502 || r.Problem().Code != "loop_detected" || s.origin.Seen() != before {
		t.Errorf("the client got %v %s", r.Response, r.Text)
	}
}

func traceSecrets(t *testing.T, s *stage) {
	r := proxytest.Call(t, s.address(own), "TRACE /a?b HTTP/1.1\r\nHost: a\r\nAuthorization: s3cret\r\nCookie: s3cret\r\nProxy-Authorization: s3cret\r\nX-A: b\r\nMax-Forwards: 0\r\n\r\n")
	if r.Response == nil || !strings.HasPrefix(r.Text, "TRACE /a?b HTTP/1.1\r\nHost: a\r\n") || !strings.Contains(r.Text, "\r\nX-A: b\r\n") || strings.Contains(r.Text, "s3cret") {
		t.Errorf("the client got %q", r.Text)
	}
}

func dateAdded(t *testing.T, s *stage) {
	s.plays(proxytest.Raw(answerOK))
	if r := proxytest.Call(t, s.address(own), get("/")); r.Response == nil || len(r.Header["Date"]) != 1 {
		t.Errorf("the client got %v", r.Response)
	}
}

func pipelinedBehindRefused(t *testing.T, s *stage) {
	s.plays(proxytest.Raw(answerOK))
	before := s.origin.Seen()
	c := proxytest.Dial(t, s.address(own))
	c.Send(get("/1") + post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n") + smuggled)
	first, second := c.Read("GET"), c.Read("POST")
	if first.Response == nil || first.StatusCode != 200 || second.Response == nil || second.StatusCode != 400 || !second.Close {
		t.Fatalf("the client got %v and %v", first.Response, second.Response)
	}
	if rest, _ := io.ReadAll(c.R); len(rest) > 0 || s.origin.Seen() != before+1 {
		t.Errorf("behind the refusal the client got %q, the upstream %d requests, want 1", rest, s.origin.Seen()-before)
	}
}

func pipelined(t *testing.T, s *stage) {
	s.plays(func(c *proxytest.Conn, r *proxytest.Request) { proxytest.Answer(200, r.URL.Path)(c, r) })
	var all strings.Builder
	for n := range 50 {
		fmt.Fprintf(&all, "POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", n)
		fmt.Fprintf(&all, "POST /%d/chunks HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", n)
	}
	c := proxytest.Dial(t, s.address(own))
	go c.Send(all.String())
	for n := range 100 {
		want := fmt.Sprintf("/%d", n/2) + []string{"", "/chunks"}[n%2]
		if r := c.Read("POST"); r.Response == nil || r.Text != want {
			t.Fatalf("answer %d is %v %q, want %q", n, r.Response, r.Text, want)
		}
	}
}

func nothingBehindClose(t *testing.T, s *stage) {
	s.plays(proxytest.Raw(answerOK))
	before := s.origin.Seen()
	c := proxytest.Dial(t, s.address(own))
	c.Send(get("/", "Connection: close") + smuggled)
	if r := c.Read("GET"); r.Response == nil || !r.Close {
		t.Errorf("the client got %v", r.Response)
	}
	if rest, _ := io.ReadAll(c.R); len(rest) > 0 || s.origin.Seen() != before+1 {
		t.Errorf("behind the last answer the client got %q, the upstream %d requests, want 1", rest, s.origin.Seen()-before)
	}
}

// unreadBody lets the sidecar answer by itself, without a look at content that holds a request.
func unreadBody(t *testing.T, s *stage) {
	before := s.origin.Seen()
	c := proxytest.Dial(t, s.address(own))
	c.Send(fmt.Sprintf("POST /../ HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", len(smuggled), smuggled) + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
	first, second := c.Read("POST"), c.Read("GET")
	if first.Response == nil || first.StatusCode != 400 || second.Response == nil || second.Text != "next" {
		t.Errorf("the client got %v and %v %q", first.Response, second.Response, second.Text)
	}
	if n := s.origin.Seen() - before; n != 1 {
		t.Errorf("the upstream got %d requests, want the second alone", n)
	}
}

// lingering goes on sending behind a refusal: a connection that were closed at once would answer that with a reset, which may
// overtake the refusal on its way to whoever reads late.
func lingering(t *testing.T, s *stage) {
	c := proxytest.Dial(t, s.address(own))
	c.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n")
	if r := c.Read("POST"); r.Response == nil || r.StatusCode != 400 {
		t.Fatalf("the client got %v (%v)", r.Response, r.Broken)
	}
	for n := range 5 {
		if _, err := io.WriteString(c, strings.Repeat("x", 20<<10)); err != nil {
			t.Fatalf("piece %d of what was on its way meets %v", n, err)
		}
		time.Sleep(5 * time.Millisecond) // until a reset would be here
	}
	if rest, err := io.ReadAll(c.R); len(rest) > 0 || err != nil {
		t.Errorf("behind the refusal the client got %q (%v), want a clean end", rest, err)
	}
}
