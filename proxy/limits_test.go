package proxy_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"outrigger/proxy/failure"
	"outrigger/proxy/proxytest"
)

// limited is beside with limits, a flow mapping without its braces.
func limited(up *proxytest.Upstream, limits string) string {
	return beside(up.URL(), wary) + "limits: {" + limits + "}\n"
}

func fields(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "X-%d: 1\r\n", i)
	}
	return b.String()
}

func headWith(fields string) string { return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" }

// TestEveryLimitOfHeadsIsTheFiles sends what is just within and just beyond each, both ways.
func TestEveryLimitOfHeadsIsTheFiles(t *testing.T) {
	long := func(n int) string { return "X: " + strings.Repeat("x", n) + "\r\n" }
	reply := func(before, fields string) string {
		return before + "HTTP/1.1 200 OK\r\n" + fields + "Content-Length: 2\r\n\r\nok"
	}
	interim := "HTTP/1.1 103 Early Hints\r\n\r\n"
	for _, c := range []struct {
		limit, send, reply string
		status, seen       int
		code               failure.Code
	}{
		{"headerBytes: 2KiB", headWith(long(1900)), "", 200, 1, ""},
		{"headerBytes: 2KiB", headWith(long(2100)), "", 431, 0, failure.RequestInvalid},
		{"headerCount: 20", headWith(fields(18)), "", 200, 1, ""},
		{"headerCount: 20", headWith(fields(20)), "", 431, 0, failure.RequestInvalid},
		{"requestLineBytes: 100B", "GET /" + strings.Repeat("x", 80) + " HTTP/1.1\r\nHost: a\r\n\r\n", "", 200, 1, ""},
		{"requestLineBytes: 100B", "GET /" + strings.Repeat("x", 100) + " HTTP/1.1\r\nHost: a\r\n\r\n", "", 414, 0, failure.RequestInvalid},
		{"responseHeaderBytes: 2KiB", get, reply("", long(1900)), 200, 1, ""},
		{"responseHeaderBytes: 2KiB", get, reply("", long(2100)), 502, 1, failure.BadResponse},
		{"responseHeaderBytes: 1MiB", get, reply("", long(200_000)), 200, 1, ""},
		{"headerCount: 20", get, reply("", fields(19)), 200, 1, ""},
		{"headerCount: 20", get, reply("", fields(20)), 502, 1, failure.BadResponse},
		{"interimReplies: 2", get, reply(interim+interim, ""), 200, 1, ""},
		{"interimReplies: 2", get, reply(interim+interim+interim, ""), 502, 1, failure.BadResponse},
	} {
		t.Run(fmt.Sprintf("%s gives %d", c.limit, c.status), func(t *testing.T) {
			t.Parallel()
			up := proxytest.NewUpstream(t)
			if c.reply != "" {
				up = proxytest.NewUpstream(t, proxytest.Raw(c.reply))
			}
			s := proxytest.Start(t, limited(up, c.limit))
			client := proxytest.Dial(t, s.Port("up"))
			client.Send(c.send)
			r := client.Read(http.MethodGet)
			for statusOf(r) == http.StatusEarlyHints {
				r = client.Read(http.MethodGet)
			}
			if statusOf(r) != c.status || up.Seen() != c.seen {
				t.Fatalf("status %d and %d requests upstream, want %d and %d\n%s", statusOf(r), up.Seen(), c.status, c.seen, s.Log)
			}
			if c.code != "" {
				ours(t, r, c.code)
			}
		})
	}
}

// TestAReloadChangesTheLimitsOfOpenConnections keeps one connection of each side through two edits.
func TestAReloadChangesTheLimitsOfOpenConnections(t *testing.T) {
	t.Parallel()
	large := "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 3000) + "\r\nContent-Length: 2\r\n\r\nok"
	up := proxytest.NewUpstream(t, proxytest.Raw(large))
	s := proxytest.Start(t, limited(up, ""))
	client := proxytest.Dial(t, s.Port("up"))
	for _, c := range []struct {
		limits string
		status int
	}{
		{"headerTimeout: 9s", 200},
		{"responseHeaderBytes: 2KiB", 502},
	} {
		s.Edit(limited(up, c.limits))
		if r := client.Do(get); statusOf(r) != c.status {
			t.Errorf("with %s: status %d, want %d", c.limits, statusOf(r), c.status)
		}
	}
	if n := up.Connections(); n > 1 {
		t.Errorf("%d connections to the upstream, want the one that was open", n)
	}
	s.Edit(limited(up, "headerCount: 5, idleTimeout: 200ms"))
	if r := client.Do(headWith(fields(3))); statusOf(r) == 431 {
		t.Fatal("a head within the limit is refused") // the wait for this head had begun before the edit
	}
	begun := time.Now()
	if b, err := io.ReadAll(client.R); err != nil || len(b) > 0 || time.Since(begun) > 20*time.Second {
		t.Errorf("the idle connection gets %q %v after %v, want its end by the changed limit", b, err, time.Since(begun))
	}
	if r := proxytest.Call(t, s.Port("up"), headWith(fields(6))); statusOf(r) != 431 {
		t.Errorf("status %d, want 431 by the changed limit", statusOf(r))
	}
}

// TestConnectionsBeyondTheLimitAreToldSo has one client too many.
func TestConnectionsBeyondTheLimitAreToldSo(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t)
	s := proxytest.Start(t, limited(up, "connections: 2"))
	for range 2 {
		if r := proxytest.Dial(t, s.Port("up")).Do(get); statusOf(r) != 200 {
			t.Fatalf("status %d of a connection within the limit", statusOf(r))
		}
	}
	r := proxytest.Call(t, s.Port("up"), get)
	if statusOf(r) != 503 || r.Header.Get("Retry-After") != "1" {
		t.Errorf("status %d, Retry-After %q", statusOf(r), r.Header.Get("Retry-After"))
	}
	ours(t, r, failure.Overload)
	if n := s.Metric("outrigger_refused_total", `reason="overload"`); n != 1 {
		t.Errorf("%v refusals are counted, want 1", n)
	}
}

// TestAClientThatReadsNothingIsGivenUpAfterTheIdleTimeout lets the upstream go and blames the client.
func TestAClientThatReadsNothingIsGivenUpAfterTheIdleTimeout(t *testing.T) {
	endless := func(c *proxytest.Conn, r *proxytest.Request) {
		r.Take()
		c.Send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
		for range 10_000 {
			c.Send("1000\r\n" + strings.Repeat("x", 4096) + "\r\n")
		}
	}
	pairing(t, wary+", timeouts: {idle: 40s}", script{endless}, func(b *bubble, _ *proxytest.Upstream) {
		c := b.client()
		defer c.Close()
		begun := time.Now()
		c.Send(get)
		if r := c.Head(http.MethodGet); statusOf(r) != 200 {
			b.Fatalf("status %d", statusOf(r))
		}
		for b.upstream().InFlight > 0 && time.Since(begun) < time.Hour {
			time.Sleep(time.Second)
		}
		if took := time.Since(begun); took < 39*time.Second || took > 42*time.Second {
			b.Errorf("the exchange ended after %v, want the idle timeout of 40s", took)
		}
		if d := b.last(); d.Code != string(failure.ClientClosed) || b.operation("unmatched").FailureRate != 0 {
			b.Errorf("the record is %+v, want client_closed and no failure of the upstream", d)
		}
	})
}

// TestSlowClientsAreGoneWhenTheirTimeIsOver lets many clients be slow in every way at once, on fake time, and counts what is left.
func TestSlowClientsAreGoneWhenTheirTimeIsOver(t *testing.T) {
	const each = 25
	up := func(c *proxytest.Conn, r *proxytest.Request) {
		r.Take()
		c.Send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + strings.Repeat("x", 1_000_000))
	}
	kinds := map[string]func(c *proxytest.Client){
		"never sends":    func(*proxytest.Client) {},
		"drips its head": func(c *proxytest.Client) { dripping(c, "GET / HTTP/1.1\r\nX: ") },
		"drips its body": func(c *proxytest.Client) { dripping(c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n") },
		"never reads":    func(c *proxytest.Client) { c.Send(get) },
	}
	const policy = wary + ", timeouts: {request: off, body: 20s, idle: 30s}, concurrency: off"
	pairing(t, policy, script{up}, func(b *bubble, _ *proxytest.Upstream) {
		var clients []*proxytest.Client
		for _, slow := range kinds {
			for range each {
				c := b.client()
				clients = append(clients, c)
				go slow(c)
			}
		}
		time.Sleep(5 * time.Second)
		if n := b.server.Connections(); n != each*len(kinds) {
			b.Errorf("%d clients are connected, want all %d", n, each*len(kinds))
		}
		time.Sleep(65 * time.Second) // the longest is the idle timeout of a connection, a minute
		if n := b.server.Connections(); n != 0 {
			b.Errorf("%d clients are still connected", n)
		}
		if n := b.upstream().InFlight; n != 0 {
			b.Errorf("%d exchanges are still in flight", n)
		}
		if n := b.metric("outrigger_buffer_bytes"); n != 0 {
			b.Errorf("%v bytes of buffers are still held", n)
		}
		if op := b.operation("unmatched"); op.Circuit != "closed" || op.FailureRate != 0 {
			b.Errorf("slow clients speak against the upstream: %+v", op)
		}
		for _, c := range clients {
			c.Close()
		}
	})
}

// dripping sends a byte a second behind a beginning, and reads nothing.
func dripping(c *proxytest.Client, beginning string) {
	c.Send(beginning)
	for {
		if _, err := io.WriteString(c.Conn, "x"); err != nil {
			return
		}
		time.Sleep(time.Second)
	}
}
