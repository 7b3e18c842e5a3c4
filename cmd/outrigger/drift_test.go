package main

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"outrigger/proxy/proxytest"
)

const (
	driftPolicy = `version: 1
service: shop
upstreams:
  orders:
    listen: 127.0.0.1:0
    endpoints: ['ORDERS']
    openapi: orders.yaml
  stock:
    listen: 127.0.0.1:0
    endpoints: ['STOCK']
    operations:
      GET /stock: {timeouts: {request: 8s, attempt: 4s}} # as agreed
`
	driftSpec = `openapi: 3.1.0
info: {title: orders, version: "1"}
paths:
  /orders/{id}:
    get: {operationId: getOrder, responses: {"200": {description: found}}}
    delete: {operationId: dropOrder, deprecated: true, responses: {"204": {description: gone}}}
    put: {operationId: keepOrder, responses: {default: {description: whatever}}}
`
)

// typed runs a command line and returns what it printed and its exit code.
func typed(t *testing.T, args ...string) (out, errOut string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	root := newRootCommand()
	root.SetArgs(args)
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	code = report(root.ExecuteContext(t.Context()), root, &stderr)
	return stdout.String(), stderr.String(), code
}

// shop is a sidecar with two upstreams that answer everything, and the address of the second.
func shop(t *testing.T) (s *proxytest.Sidecar, stock string) {
	t.Helper()
	answer := proxytest.Answer(200, "well")
	orders, other := proxytest.NewUpstream(t, answer), proxytest.NewUpstream(t, answer)
	policy := strings.NewReplacer("ORDERS", orders.URL(), "STOCK", other.URL()).Replace(driftPolicy)
	return proxytest.Start(t, policy, proxytest.File{Name: "orders.yaml", Text: driftSpec}), other.URL()
}

func TestDriftTellsWhatTheRunningSidecarSaw(t *testing.T) {
	s, stock := shop(t)
	out, _, code := typed(t, "drift", "--admin", s.Admin())
	if code != 0 || !strings.Contains(out, "never called since the sidecar started: getOrder, dropOrder, keepOrder") {
		t.Errorf("before any request: exit %d\n%s", code, out)
	}
	for port, paths := range map[string][]string{
		"orders": {"GET /orders/1", "DELETE /orders/2", "POST /refunds/7", "POST /refunds/8"},
		"stock":  {"GET /stock", "GET /stock/42"},
	} {
		client := proxytest.Dial(t, s.Port(port))
		for _, p := range paths {
			client.Do(p + " HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
		}
	}
	s.Exchanges(6)

	out, errOut, code := typed(t, "drift", "--admin", s.Admin(), "--policy", s.Policy)
	out = regexp.MustCompile(`\d{4}-\d\d-\d\dT[0-9:]*Z`).ReplaceAllString(strings.ReplaceAll(out, s.Policy, "policy.yaml"), "TIME")
	want := `orders, outbound: 4 requests
  requests that its spec does not declare
    POST    /refunds/{number}                        2 requests, 2 succeeded, last at TIME
  statuses that its spec does not declare
    dropOrder                                        200, 1 answer
  deprecated operations in use
    dropOrder                                        1 request
  never called since the sidecar started: keepOrder
stock, outbound: 2 requests
  requests that the policy does not declare
    GET     /stock/{number}                          1 request, 1 succeeded, last at TIME
the spec of orders lacks
  paths, /refunds/{number}: POST
  operation dropOrder, responses: "200"

--- policy.yaml
+++ policy.yaml
@@ -9,4 +9,5 @@
     listen: 127.0.0.1:0
     endpoints: ['` + stock + `']
     operations:
+      "GET /stock/{number}": {}
       GET /stock: {timeouts: {request: 8s, attempt: 4s}} # as agreed

`
	if diff := cmp.Diff(want, out); diff != "" || code != 1 || errOut != "" {
		t.Errorf("exit %d, stderr %q (-want +got):\n%s", code, errOut, diff)
	}

	out, _, code = typed(t, "drift", "--admin", s.Admin(), "--output", "json")
	var told struct {
		Differs   bool
		Upstreams []struct {
			Name       string
			Undeclared []struct{ Method, Template string } `json:"undeclared_requests"`
		}
	}
	if err := json.Unmarshal([]byte(out), &told); err != nil || code != 1 || !told.Differs || told.Upstreams[0].Undeclared[0].Template != "/refunds/{number}" {
		t.Errorf("exit %d, %v: %s", code, err, out)
	}
}

func TestSuggestArguesFromWhatWasMeasured(t *testing.T) {
	s, _ := shop(t)
	client := proxytest.Dial(t, s.Port("stock"))
	for range 1000 {
		client.Do(proxytest.Get("/stock"))
	}
	s.Exchanges(1000)
	out, errOut, code := typed(t, "suggest", "--admin", s.Admin(), "--policy", s.Policy)
	for _, part := range []string{
		"stock GET /stock: timeouts.attempt 4s -> ", "of 1000 attempts 99 % took up to", ": a hanging attempt is waited for in vain",
		"stock GET /stock: timeouts.request 8s -> ",
		"-      GET /stock: {timeouts: {request: 8s, attempt: 4s}} # as agreed\n", "}} # as agreed\n",
	} {
		if !strings.Contains(out, part) {
			t.Errorf("it does not say %q", part)
		}
	}
	if code != 0 || t.Failed() {
		t.Errorf("exit %d\n%s%s", code, out, errOut)
	}

	out, _, _ = typed(t, "suggest", "--admin", s.Admin(), "--policy", s.Policy, "--output", "json")
	var told struct {
		Proposals []struct{ Key, From, To, Source, Why string }
	}
	if err := json.Unmarshal([]byte(out), &told); err != nil || len(told.Proposals) != 2 || told.Proposals[0].From != "4s" {
		t.Errorf("%v: %s", err, out)
	}
}

func TestWhereNoSidecarAnswersTheCommandsSayWhomTheyAsked(t *testing.T) {
	for _, command := range []string{"drift", "suggest --policy p.yaml"} {
		args := append(strings.Fields(command), "--admin", "127.0.0.1:1")
		if _, errOut, code := typed(t, args...); code != 2 || !strings.Contains(errOut, "no sidecar answers at 127.0.0.1:1") {
			t.Errorf("%s: exit %d, %s", command, code, errOut)
		}
	}
	if _, errOut, code := typed(t, "suggest"); code != 2 || !strings.Contains(errOut, "--policy is missing") {
		t.Errorf("exit %d, %s", code, errOut)
	}
}

func TestWhatASpecCallsItsOperationsIsNoCommandForATerminal(t *testing.T) {
	up := proxytest.NewUpstream(t, proxytest.Answer(404, "none"))
	orders, _, _ := strings.Cut(driftPolicy, "  stock:")
	s := proxytest.Start(t, strings.Replace(orders, "ORDERS", up.URL(), 1),
		proxytest.File{Name: "orders.yaml", Text: strings.Replace(driftSpec, "getOrder", `"get\e[31mOrder\u202e"`, 1)})
	proxytest.Dial(t, s.Port("orders")).Do(proxytest.Get("/orders/1"))
	s.Exchanges(1)
	for _, command := range []string{
		"drift --admin " + s.Admin(), "suggest --admin " + s.Admin() + " --policy " + s.Policy, "explain --policy " + s.Policy + " --upstream orders GET /orders/1",
	} {
		out, errOut, _ := typed(t, strings.Fields(command)...)
		if !strings.Contains(out, `get\u001b[31mOrder\u202e`) || strings.ContainsAny(out+errOut, "\x1b\u202e") {
			t.Errorf("%s: %q, %q", command, out, errOut)
		}
	}
}
