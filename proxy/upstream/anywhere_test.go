package upstream

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
)

func visit(t *testing.T, w *Anywhere, host string) *exchange.Exchange {
	t.Helper()
	ex := exchange.New(t.Context(), &policy.Upstream{}, &policy.Operation{}, time.Now())
	a := ex.Open(time.Now())
	req, err := http.NewRequestWithContext(a, "GET", "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	resp, err := w.RoundTrip(req)
	if err != nil {
		t.Fatalf("%s: %v", host, err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	ex.Finish()
	return ex
}

func TestAnywhereGoesToTheHostThatTheRequestNames(t *testing.T) {
	n := &network{}
	w := NewAnywhere(&policy.Upstream{}, Options{Dial: n.dial})
	defer w.Close()
	for host, want := range map[string]string{
		"billing": "billing:80", "Billing": "billing:80", "billing:8080": "billing:8080", "[::1]": "[::1]:80", "[::1]:9": "[::1]:9",
	} {
		if got := visit(t, w, host).Last().Endpoint; got != want {
			t.Errorf("%s went to %s, want %s", host, got, want)
		}
	}
	if n.dials["billing:80"] != 1 {
		t.Errorf("%d connections to one host, one after the other", n.dials["billing:80"])
	}
}

func TestAnywhereKeepsConnectionsToSoManyHostsOnly(t *testing.T) {
	n := &network{}
	w := NewAnywhere(&policy.Upstream{}, Options{Dial: n.dial})
	defer w.Close()
	visit(t, w, "first")
	for i := range mostHosts {
		visit(t, w, fmt.Sprintf("h%d", i))
	}
	visit(t, w, fmt.Sprintf("h%d", mostHosts-1))
	visit(t, w, "first")
	if len(w.known) != mostHosts || len(w.recent) != mostHosts || n.dials["first:80"] != 2 || n.dials[fmt.Sprintf("h%d:80", mostHosts-1)] != 1 {
		t.Errorf("%d hosts known, %d in order, first dialled %d times", len(w.known), len(w.recent), n.dials["first:80"])
	}
}
