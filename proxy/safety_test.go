package proxy_test

import (
	"context"
	"net"
	"syscall"
	"testing"
	"time"

	"outrigger/policy"
	"outrigger/proxy"
	"outrigger/proxy/proxytest"
)

// happening is what an attempt meets.
type happening struct {
	name string
	// first is what the first attempt meets; nil where there is no connection.
	first proxytest.Step
	// primed sends a harmless request before, so that the attempt meets a pooled connection.
	primed bool
	// unread says that the upstream saw no byte of the first attempt, unprocessed that it said so.
	unread, unprocessed bool
	// never is followed by no other attempt, whatever is allowed; free needs no retry of the policy.
	never, free bool
	after       time.Duration // the least time between the attempts
}

var happenings = []happening{
	{name: "no connection", unread: true},
	{name: "a reset before any byte", first: proxytest.Reset},
	{name: "the end of the connection before any byte", first: proxytest.Close},
	{name: "a dead pooled connection, nothing written", first: deadBeforehand, primed: true, unread: true, free: true},
	{name: "a dead pooled connection, something written", first: proxytest.Close, primed: true, free: true},
	{name: "a reset in the middle of the head", first: proxytest.RawReset("HTTP/1.1 200 OK\r\nConte")},
	{name: "the attempt timeout", first: proxytest.Hang},
	{name: "503", first: proxytest.Answer(503, "busy")},
	{name: "500", first: proxytest.Answer(500, "oops"), never: true},
	{name: "425", first: proxytest.Answer(425, "early"), unprocessed: true},
	{name: "429 with Retry-After", first: proxytest.Answer(429, "slow down", "Retry-After: 2"), after: 2 * time.Second},
	{name: "200", first: proxytest.Answer(200, "ok"), never: true},
	{name: "404", first: proxytest.Answer(404, "none"), never: true},
}

// deadBeforehand is no step: the connection ends behind the answer before it.
var deadBeforehand proxytest.Step

// permission is what makes a request repeatable beside its method.
type permission struct {
	name, settings, field string
	repeats               bool
}

var permissions = []permission{
	{name: "nothing said"},
	{name: "a key that nobody honours", field: "Idempotency-Key: 1\r\n"},
	{name: "a key that the policy honours", settings: "retry: {idempotencyKey: forward}", field: "Idempotency-Key: 1\r\n", repeats: true},
	{name: "no key where one would be honoured", settings: "retry: {idempotencyKey: forward}"},
	{name: "a key that we make", settings: "retry: {idempotencyKey: inject}", repeats: true},
	{name: "an operation that is idempotent", settings: "retry: {idempotent: true}", repeats: true},
}

// seen is how often the upstream may see the request: the rules of safety in four lines.
func (h *happening) seen(method string, p permission, d policy.Direction) int {
	repeatable := p.repeats || policy.IdempotentMethod(method)
	switch {
	case h.unread:
		return 1 // the first attempt left no trace, so the second is the only one
	case h.never, !repeatable && !h.unprocessed, d == policy.Inbound && !h.free && !h.unprocessed:
		return 1
	}
	return 2
}

// TestWhatMayHaveBeenProcessedIsSentTwiceOnlyWhereThatIsSafe walks every cell of method, happening, permission and direction.
func TestWhatMayHaveBeenProcessedIsSentTwiceOnlyWhereThatIsSafe(t *testing.T) {
	for _, d := range []policy.Direction{policy.Outbound, policy.Inbound} {
		for _, h := range happenings {
			t.Run(string(d)+"/"+h.name, func(t *testing.T) {
				t.Parallel()
				for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "POST", "PATCH"} {
					for _, p := range permissions {
						t.Run(method+"/"+p.name, func(t *testing.T) { h.try(t, method, p, d) })
					}
				}
			})
		}
	}
}

func (h *happening) try(t *testing.T, method string, p permission, d policy.Direction) {
	var up *proxytest.Upstream
	refused := h.first == nil && !h.primed
	inMemory(t, safetyPolicy(method, p, d), func(t *testing.T) proxy.Dial {
		up = proxytest.NewPipe(t, h.script()...)
		return func(ctx context.Context, network, address string) (net.Conn, error) {
			if refused {
				refused = false
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
			}
			return up.Dial(ctx, network, address)
		}
	}, func(b *bubble) {
		if h.primed {
			b.call(get)
		}
		before := up.Seen()
		begun := time.Now()
		r := b.call(method + " /x HTTP/1.1\r\nHost: a\r\n" + p.field + "Content-Length: 5\r\n\r\nhello")
		want := h.seen(method, p, d)
		got := up.Seen() - before
		if got != want {
			b.Errorf("the upstream saw %d requests, want %d (the client got %d)\n%+v", got, want, statusOf(r), b.last())
		}
		if want == 2 && time.Since(begun) < h.after {
			b.Errorf("the second attempt came after %v, want %v at least", time.Since(begun), h.after)
		}
		alike(b.T, up.Requests()[before:])
		if second := want == 2 || h.unread; second && statusOf(r) != 200 {
			b.Errorf("the client got %d, want the 200 of the second attempt", statusOf(r))
		}
	})
}

// alike checks that all attempts were the same request.
func alike(t *testing.T, requests []*proxytest.Request) {
	t.Helper()
	for _, r := range requests {
		body, complete := r.Taken()
		key := r.Header.Get("Idempotency-Key")
		if body != "hello" || !complete || r.ContentLength != 5 || key != requests[0].Header.Get("Idempotency-Key") {
			t.Errorf("an attempt was %q with key %q, whole: %t", body, key, complete)
		}
	}
}

func (h *happening) script() []proxytest.Step {
	second := proxytest.Answer(200, "ok")
	switch {
	case h.first == nil && !h.primed:
		return []proxytest.Step{second}
	case h.first == nil:
		return []proxytest.Step{proxytest.RawClose(ok), second}
	case h.primed:
		return []proxytest.Step{second, h.first, second}
	}
	return []proxytest.Step{h.first, second}
}

// safetyPolicy has one operation, METHOD /x, and defaults but for the attempt timeout.
func safetyPolicy(method string, p permission, d policy.Direction) string {
	operation := "    operations: {'" + method + " /x': {" + p.settings + "}}\n"
	if p.settings == "" {
		operation = "    operations: {'" + method + " /x': {timeouts: {request: 10s}}}\n"
	}
	if d == policy.Outbound {
		return beside("http://upstream.test", "timeouts: {attempt: 1s}") + operation
	}
	return "version: 1\nservice: test\ninbound:\n    listen: 127.0.0.1:0\n    application: http://127.0.0.1:1\n" +
		"    policy: {timeouts: {attempt: 1s}}\n" + operation
}
