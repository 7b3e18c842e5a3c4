package gate

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

// cleaned runs a request with the given field lines through clean and returns what is left of its header without Via.
func cleaned(t *testing.T, h hop, lines ...string) (http.Header, *exchange.Exchange) {
	t.Helper()
	r := &http.Request{Method: "GET", Host: "shop.example", ProtoMajor: 1, ProtoMinor: 1, RemoteAddr: "192.0.2.7:4711", Header: http.Header{}}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	ex := exchange.New(context.Background(), &policy.Upstream{}, &policy.Operation{}, time.Now())
	if err := testGate().clean(r, ex, h); err != nil {
		t.Fatal(err)
	}
	delete(r.Header, "Via")
	return r.Header, ex
}

func testGate() *Gate { return &Gate{via: newVia("outrigger-test")} }

var outwards = hop{direction: policy.Outbound, trusted: true, forwarded: policy.ForwardedAppend}

func TestCleanDropsWhatBelongsToOneHopOnly(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		want  http.Header
	}{
		{"the connection's own fields", []string{"Connection: keep-alive", "Keep-Alive: timeout=5", "Proxy-Connection: close", "Proxy-Authorization: secret", "Accept: */*"}, http.Header{"Accept": {"*/*"}}},
		{"fields that Connection names", []string{"Connection: close, X-Hop", "X-Hop: 1", "X-End: 2"}, http.Header{"X-End": {"2"}}},
		{
			"but none that decides framing, identity or trust",
			[]string{"Connection: Content-Length, Authorization, X-Forwarded-For", "Content-Length: 5", "Authorization: a", "X-Forwarded-For: 10.0.0.1"},
			http.Header{"Content-Length": {"5"}, "Authorization": {"a"}, "X-Forwarded-For": {"10.0.0.1"}},
		},
		{"TE but for trailers", []string{"TE: gzip, trailers"}, http.Header{"Te": {"trailers"}, "Connection": {"TE"}}},
		{"TE without trailers", []string{"TE: gzip"}, http.Header{}},
		{"an upgrade to h2c with its settings", []string{"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"}, http.Header{}},
		{"an upgrade hidden beside another", []string{"Connection: Upgrade", "Upgrade: websocket, h2c"}, http.Header{}},
		{"an upgrade that Connection does not name", []string{"Upgrade: websocket"}, http.Header{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := cleaned(t, outwards, c.lines...)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCleanLetsAWebSocketHandshakeThrough(t *testing.T) {
	got, _ := cleaned(t, outwards, "Connection: keep-alive, Upgrade", "Upgrade: websocket", "Sec-Websocket-Key: k")
	want := http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Key": {"k"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCleanBelievesControlFieldsOfTrustedCallersOnly(t *testing.T) {
	lines := []string{"Outrigger-Timeout-Ms: 300", "Outrigger-Attempt: 2", "Outrigger-Attempts: 9", "Outrigger-Retryable: true"}
	got, ex := cleaned(t, outwards, lines...)
	deadline, ok := ex.Deadline()
	if len(got) != 0 || ex.CallerAttempt != 2 || !ok || deadline.Sub(ex.Start) != 300*time.Millisecond {
		t.Errorf("trusted: header %v, attempt %d, deadline after %v", got, ex.CallerAttempt, deadline.Sub(ex.Start))
	}
	stranger := outwards
	stranger.trusted = false
	got, ex = cleaned(t, stranger, lines...)
	if _, ok := ex.Deadline(); len(got) != 0 || ex.CallerAttempt != 0 || ok {
		t.Errorf("stranger: header %v, attempt %d, has a deadline %v", got, ex.CallerAttempt, ok)
	}
	for _, garbage := range []string{"-5", "1e3", "99999999999", "", "five"} {
		_, ex := cleaned(t, outwards, "Outrigger-Timeout-Ms: "+garbage)
		if _, ok := ex.Deadline(); ok {
			t.Errorf("%q became a deadline", garbage)
		}
	}
}

func TestForwardedFieldsFollowTheTrust(t *testing.T) {
	claims := []string{"X-Forwarded-For: 10.1.1.1", "X-Forwarded-Proto: https", "Forwarded: for=10.1.1.1", "X_Forwarded_For: 10.1.1.1"}
	for _, c := range []struct {
		name    string
		trusted bool
		mode    policy.Forwarded
		want    http.Header
	}{
		{"a trusted caller's chain grows", true, policy.ForwardedAppend, http.Header{
			"X-Forwarded-For": {"10.1.1.1, 192.0.2.7"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"shop.example"}, "Forwarded": {"for=10.1.1.1"}, "X_forwarded_for": {"10.1.1.1"},
		}},
		{"a stranger's claims are dropped", false, policy.ForwardedAppend, http.Header{
			"X-Forwarded-For": {"192.0.2.7"}, "X-Forwarded-Proto": {"http"}, "X-Forwarded-Host": {"shop.example"},
		}},
		{"replace drops a trusted caller's too", true, policy.ForwardedReplace, http.Header{
			"X-Forwarded-For": {"192.0.2.7"}, "X-Forwarded-Proto": {"http"}, "X-Forwarded-Host": {"shop.example"},
		}},
		{"pass leaves all alone", false, policy.ForwardedPass, http.Header{
			"X-Forwarded-For": {"10.1.1.1"}, "X-Forwarded-Proto": {"https"}, "Forwarded": {"for=10.1.1.1"}, "X_forwarded_for": {"10.1.1.1"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := cleaned(t, hop{policy.Inbound, c.trusted, c.mode}, claims...)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestViaNamesUsAndFindsUsAgain(t *testing.T) {
	v := newVia("outrigger-test")
	first := v.append(nil, 1, 1)
	if diff := cmp.Diff([]string{"1.1 outrigger-test"}, first); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"1.1 edge, 1.1 other, 1.0 outrigger-test"}, v.append([]string{"1.1 edge", "1.1 other"}, 1, 0)); diff != "" {
		t.Error(diff)
	}
	for lines, want := range map[string]bool{
		"1.1 outrigger-test": true, "1.1 a, 1.1 outrigger-test (x), 1.1 b": true,
		"1.1 outrigger-other": false, "1.1 outrigger-test-2": false, "": false, "outrigger-test": false,
	} {
		if got := v.came([]string{lines}); got != want {
			t.Errorf("came(%q) = %v", lines, got)
		}
	}
	r := &http.Request{Header: http.Header{"Via": {"1.1 outrigger-test"}}}
	ex := exchange.New(context.Background(), &policy.Upstream{}, &policy.Operation{}, time.Now())
	if err := testGate().clean(r, ex, outwards); err == nil || err.Code != failure.LoopDetected {
		t.Errorf("a request that came back: %v", err)
	}
}
