package proxy_test

import (
	"strings"
	"testing"

	"outrigger/proxy"
	"outrigger/proxy/proxytest"
)

func TestAnAdminPortThatIsSwitchedOffIsNotOpened(t *testing.T) {
	t.Parallel()
	for _, off := range []string{"admin: off", "admin: {listen: off}"} {
		s := proxytest.Prepare(t, "version: 1\nservice: test\n"+off+"\nupstreams:\n  up: {listen: '127.0.0.1:0', endpoints: ['http://127.0.0.1:9']}\n")
		o := s.Options()
		o.Admin = ""
		p, err := proxy.New(o)
		if err != nil {
			t.Fatalf("%s: %v", off, err)
		}
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		for _, v := range p.Environment() {
			if strings.HasPrefix(v, "OUTRIGGER_ADMIN=") {
				t.Errorf("%s: %s", off, v)
			}
		}
		p.Drain(t.Context(), nil)
	}
}

func TestAPostThatMayNotBeRepeatedIsNotCalledExhausted(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, proxytest.Raw("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"))
	s := proxytest.Start(t, beside(up.URL(), "retry: {retries: 1, when: [503]}"))
	r := proxytest.Call(t, s.Port("up"), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
	if got := r.Header.Get("Proxy-Status"); !strings.Contains(got, `details="not_idempotent"`) || strings.Contains(got, "error=") {
		t.Errorf("Proxy-Status %s", got)
	}
	if got := r.Header.Get("Outrigger-Retryable"); got != "" || statusOf(r) != 503 {
		t.Errorf("status %d, Outrigger-Retryable %q", statusOf(r), got)
	}
}
