package gate

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
)

// headerOf reads lines as field lines, as the wire would hand them over: names canonical, values without line ends.
func headerOf(lines string) http.Header {
	h := http.Header{}
	for line := range strings.SplitSeq(lines, "\n") {
		name, value, ok := strings.Cut(line, ":")
		if ok && name != "" && !strings.ContainsAny(name, " \t\r") {
			h.Add(name, textproto.TrimString(value))
		}
	}
	return h
}

var fuzzedHeaders = []string{
	"Connection: close, X-Hop\nX-Hop: 1\nX-End: 2",
	"Connection: Content-Length, Authorization, X-Forwarded-For\nContent-Length: 5\nAuthorization: a\nX-Forwarded-For: 10.0.0.1",
	"Connection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: AAMAAABk",
	"Connection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Key: k",
	"Connection: upgrade\nUpgrade: websocket\nUpgrade: h2c",
	"TE: gzip, trailers\nTrailer: X-T\nTransfer-Encoding: chunked",
	"Connection: outrigger-attempt, via, ,,\nVia: 1.1 a\nOutrigger-Attempt: 2",
	"Connection: \tX-A\t,x-b\nX-A: 1\nX-B: 2\nKeep-Alive: timeout=5\nProxy-Connection: close",
	"Outrigger-Timeout-Ms: 300\nOutrigger-Attempts: 9\nOutrigger-Retryable: true",
	"Via: 1.1 outrigger-test-2, 1.0 b (c)\nX_Forwarded_For: 1",
}

// checkForwarded holds a header that goes on against the duties of RFC 9110, 7.6: nothing of one hop is left, nothing protected was lost.
func checkForwarded(t *testing.T, before, after http.Header, upgraded bool) {
	t.Helper()
	for name := range after {
		if oneHop(name) && name != "Connection" && !(upgraded && name == "Upgrade") && name != "Te" {
			t.Fatalf("%s went on: %q", name, after[name])
		}
	}
	var options []string // what is left of one hop is ours, and Connection says so
	if after["Te"] != nil {
		options = append(options, "TE")
	}
	if upgraded {
		options = append(options, "Upgrade")
	}
	if got, want := strings.Join(after["Connection"], "\n"), strings.Join(options, ", "); got != want {
		t.Fatalf("Connection is %q, want %q", got, want)
	}
	if te := strings.Join(after["Te"], "\n"); te != "" && te != "trailers" {
		t.Fatalf("TE went on as %q", te)
	}
	for _, line := range before["Connection"] {
		for option := range strings.SplitSeq(line, ",") {
			name := textproto.CanonicalMIMEHeaderKey(textproto.TrimString(option))
			if !protected(name) && !oneHop(name) && after[name] != nil {
				t.Fatalf("%s went on though Connection names it", name)
			}
		}
	}
	for _, name := range []string{"Content-Length", "Authorization", "Cookie", "Set-Cookie", "Cache-Control", "Traceparent"} {
		if strings.Join(before[name], "\n") != strings.Join(after[name], "\n") {
			t.Fatalf("%s was %q and went on as %q", name, before[name], after[name])
		}
	}
}

func FuzzRequestFields(f *testing.F) {
	for _, seed := range fuzzedHeaders {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, lines string, trusted bool) {
		r := &http.Request{Method: "GET", Host: "shop.example", ProtoMajor: 1, ProtoMinor: 1, RemoteAddr: "192.0.2.7:4711", Header: headerOf(lines)}
		before := r.Header.Clone()
		ex := exchange.New(context.Background(), &policy.Upstream{}, &policy.Operation{}, time.Now())
		from := hop{direction: policy.Inbound, trusted: trusted, forwarded: policy.ForwardedAppend}
		if err := testGate().clean(r, ex, from); err != nil {
			return // it came round, and goes nowhere
		}
		upgraded := r.Header["Upgrade"] != nil
		if upgraded && !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
			t.Fatalf("an upgrade to %q went on", r.Header["Upgrade"])
		}
		checkForwarded(t, before, r.Header, upgraded)
		for name, values := range r.Header {
			if strings.HasPrefix(name, "Outrigger-") && control(name) {
				t.Fatalf("a client's %s went on: %q", name, values)
			}
		}
		via := strings.Join(r.Header["Via"], ", ")
		if !strings.HasSuffix(via, "1.1 outrigger-test") || !strings.HasPrefix(via, strings.Join(before["Via"], ", ")) {
			t.Fatalf("Via was %q and went on as %q", before["Via"], via)
		}
		if claimed := before.Get("X-Forwarded-For"); !trusted && claimed != "" && strings.TrimSpace(r.Header.Get("X-Forwarded-For")) != "192.0.2.7" {
			t.Fatalf("a stranger's X-Forwarded-For went on: %q", r.Header["X-Forwarded-For"])
		}
	})
}

// control reports the fields by which sidecars talk to each other.
func control(name string) bool {
	switch name {
	case "Outrigger-Timeout-Ms", "Outrigger-Attempt", "Outrigger-Attempts", "Outrigger-Retryable":
		return true
	}
	return false
}

func FuzzReplyFields(f *testing.F) {
	for _, seed := range fuzzedHeaders {
		f.Add(seed, int64(5), 200)
	}
	f.Add("Proxy-Status: other; error=x\nX-Request-Id: 7", int64(-1), 503)
	f.Fuzz(func(t *testing.T, lines string, length int64, status int) {
		if status < 200 || status > 599 {
			t.Skip("the wire lets no such reply through")
		}
		ex := exchange.New(context.Background(), &policy.Upstream{}, &policy.Operation{}, time.Now())
		ex.RequestID = "made"
		ex.Open(time.Now()).Verdict.Outcome = policy.OK
		w := httptest.NewRecorder()
		v := &visit{gate: testGate(), ex: ex, w: w}
		header := headerOf(lines)
		before := header.Clone()
		v.head(&http.Response{StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Header: header, ContentLength: length})
		after := w.Header().Clone()
		if before.Get("Content-Length") == "" {
			after.Del("Content-Length") // told from the framing
		}
		checkForwarded(t, before, after, false)
		if after.Get("X-Request-Id") == "" && before.Get("X-Request-Id") == "" {
			t.Fatal("the client got no request id")
		}
		if via := after.Get("Via"); !strings.HasSuffix(via, "1.1 outrigger-test") {
			t.Fatalf("Via went on as %q", via)
		}
	})
}
