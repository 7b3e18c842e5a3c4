package proxy_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"outrigger/proxy/failure"
	"outrigger/proxy/proxytest"
)

func TestHopByHopFieldsOfAnAnswerStayOnTheirHop(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, proxytest.Answer(200, "ok", "Connection: x-hop, content-type, set-cookie", "X-Hop: a", "Keep-Alive: timeout=5",
		"Proxy-Authenticate: Basic", "Upgrade: h2c", "Content-Type: text/plain", "Set-Cookie: a=b", "Set-Cookie: c=d", "Via: 1.1 inner", "Server: theirs"))
	s := start(t, up, wary)
	r := proxytest.Call(t, s.Port("up"), get)
	for _, gone := range []string{"X-Hop", "Keep-Alive", "Proxy-Authenticate", "Upgrade", "Connection"} {
		if r.Header[gone] != nil {
			t.Errorf("the client gets %s: %q", gone, r.Header[gone])
		}
	}
	if r.Header.Get("Content-Type") != "text/plain" || len(r.Header["Set-Cookie"]) != 2 || r.Header.Get("Server") != "theirs" {
		t.Errorf("the client gets %v, want protected fields and the rest as they were", r.Header)
	}
	if via := r.Header.Get("Via"); !strings.HasPrefix(via, "1.1 inner, 1.1 outrigger-") {
		t.Errorf("Via is %q, want ours behind the upstream's", via)
	}
	if r.Header.Get("Outrigger-Attempts") != "" || r.Header.Get("Proxy-Status") != "" || r.Header.Get("Date") == "" {
		t.Errorf("the client gets %v, want nothing of ours but Via and X-Request-Id", r.Header)
	}
}

func TestARequestIDIsKeptOrMade(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t)
	s := start(t, up, wary)
	kept := proxytest.Call(t, s.Port("up"), "GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine-1\r\n\r\n")
	made := proxytest.Call(t, s.Port("up"), get)
	sent := up.Requests()
	lines := s.Exchanges(2)
	for n, r := range []proxytest.Reply{kept, made} {
		id := r.Header.Get("X-Request-Id")
		if id == "" || id != sent[n].Header.Get("X-Request-Id") || id != lines[n].RequestID || (id == "mine-1") != (n == 0) {
			t.Errorf("request %d: the client has id %q, the upstream %q, the log %q", n, id, sent[n].Header.Get("X-Request-Id"), lines[n].RequestID)
		}
	}
}

func TestMaxForwardsIsCountedDown(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t)
	s := proxytest.Start(t, beside(up.URL(), wary)+"    operations: {'PUT /a/{id}': {timeouts: {request: 1s}}, 'GET /a/{id}': {timeouts: {request: 1s}}}\n")
	ask := func(method, field string) proxytest.Reply {
		return proxytest.Call(t, s.Port("up"), method+" /a/1 HTTP/1.1\r\nHost: a\r\nAuthorization: secret\r\nCookie: secret\r\nX-A: b\r\n"+field+"\r\n")
	}
	r := ask("OPTIONS", "Max-Forwards: 0\r\n")
	if statusOf(r) != 200 || r.Header.Get("Allow") != "GET, HEAD, PUT" || up.Seen() != 0 {
		t.Errorf("OPTIONS that may go no further gets %d with Allow %q, want what the policy declares", statusOf(r), r.Header.Get("Allow"))
	}
	r = ask("TRACE", "Max-Forwards: 0\r\n")
	if statusOf(r) != 200 || up.Seen() != 0 || !strings.HasPrefix(r.Text, "TRACE /a/1 HTTP/1.1\r\nHost: a\r\n") || !strings.Contains(r.Text, "X-A: b\r\n") || strings.Contains(r.Text, "secret") {
		t.Errorf("TRACE that may go no further gets %d %q, want the request without its secrets", statusOf(r), r.Text)
	}
	for n, c := range []struct{ method, field, want string }{
		{"OPTIONS", "Max-Forwards: 5\r\n", "4"}, {"TRACE", "Max-Forwards: 1\r\n", "0"}, {"OPTIONS", "", ""}, {"GET", "Max-Forwards: 0\r\n", "0"}, {"OPTIONS", "Max-Forwards: x\r\n", "x"},
	} {
		ask(c.method, c.field)
		if sent := up.Requests(); len(sent) != n+1 || sent[n].Header.Get("Max-Forwards") != c.want {
			t.Errorf("%s with %q reaches the upstream with %q, want %q", c.method, c.field, sent[len(sent)-1].Header.Get("Max-Forwards"), c.want)
		}
	}
}

func TestWhatThePolicyDoesNotDeclare(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t)
	const spec = "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths: {/a: {get: {operationId: getA, responses: {'200': {description: ok}}}}}\n"
	text := beside(up.URL(), wary) + "    openapi: spec.yaml\n"
	s := proxytest.Start(t, text, proxytest.File{Name: "spec.yaml", Text: spec})
	proxytest.Call(t, s.Port("up"), proxytest.Get("/a"))
	proxytest.Call(t, s.Port("up"), proxytest.Get("/b"))
	lines := s.Exchanges(2)
	if lines[0].Operation != "getA" || lines[1].Operation != "unmatched" {
		t.Errorf("the operations are %q and %q, want getA and unmatched", lines[0].Operation, lines[1].Operation)
	}
	if n := s.Metric("outrigger_undeclared_requests_total", `upstream="up"`); n != 1 {
		t.Errorf("%v undeclared requests are counted, want 1", n)
	}
	s.Edit(text + "    unmatched: refuse\n")
	r := proxytest.Call(t, s.Port("up"), proxytest.Get("/b"))
	if statusOf(r) != 404 || up.Seen() != 2 {
		t.Errorf("what is refused gets %d, the upstream saw %d requests", statusOf(r), up.Seen())
	}
	ours(t, r, failure.NoRoute)
	if r := proxytest.Call(t, s.Port("up"), proxytest.Get("/a")); statusOf(r) != 200 {
		t.Errorf("what is declared gets %d", statusOf(r))
	}
}

// TestASecondSignalEndsAtOnce: draining whose context is over waits for nobody.
func TestASecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, proxytest.Hang)
	s := start(t, up, wary)
	c := proxytest.Dial(t, s.Port("up"))
	c.Send(get)
	proxytest.Until(t, "the request is on its way", func() bool { return up.Seen() == 1 })
	ctx, second := context.WithCancel(t.Context())
	ended := make(chan struct{})
	begun := time.Now()
	go func() {
		defer close(ended)
		s.Proxy.Drain(ctx, nil)
	}()
	time.Sleep(50 * time.Millisecond)
	second()
	<-ended
	if took := time.Since(begun); took > 3*time.Second {
		t.Errorf("the end took %v of a drain time of 5s", took)
	}
}

// TestExchangesDoNotMix sends different requests at the same time, over and over, on connections that are used again: what
// is lent to one exchange must never show in another.
func TestExchangesDoNotMix(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, func(c *proxytest.Conn, r *proxytest.Request) {
		body, _ := r.Take()
		proxytest.Answer(200, r.URL.Path+" "+r.Header.Get("X-Who")+" "+body, "X-Who: "+r.Header.Get("X-Who"))(c, r)
	})
	s := start(t, up, wary)
	done := make(chan string)
	for n := range 8 {
		c := proxytest.Dial(t, s.Port("up"))
		go func() {
			who := strings.Repeat(string(rune('a'+n)), 1+n*10)
			for range 100 {
				r := c.Do("POST /" + who + " HTTP/1.1\r\nHost: a\r\nX-Who: " + who + "\r\nContent-Length: 2\r\n\r\n" + who[:1] + "\n")
				if want := "/" + who + " " + who + " " + who[:1] + "\n"; r.Text != want || r.Header.Get("X-Who") != who {
					done <- "the client of " + who[:1] + " got " + r.Text
					return
				}
			}
			done <- ""
		}()
	}
	for range 8 {
		if wrong := <-done; wrong != "" {
			t.Error(wrong)
		}
	}
	for _, line := range s.Exchanges(800) {
		if strings.Trim(line.Path, "/"+line.Path[1:2]) != "" {
			t.Errorf("the log has a path that nobody asked for: %q", line.Path)
		}
	}
}
