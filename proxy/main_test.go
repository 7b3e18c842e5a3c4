package proxy_test

import (
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"outrigger/proxy/proxytest"
)

func TestMain(m *testing.M) {
	if child := os.Getenv(childRole); child != "" {
		os.Exit(childMain(child))
	}
	goleak.VerifyTestMain(m)
}

// beside is a policy with one upstream, up, on a port of its own. The policy is a flow mapping without its braces.
func beside(url, policy string) string {
	return strings.NewReplacer("URL", url, "POLICY", policy).Replace(`version: 1
service: test
upstreams:
  up:
    listen: 127.0.0.1:0
    endpoints: ['URL']
    policy: {POLICY}
`)
}

// Policies of tests. One failure opens the circuit of a wary one, and nothing is tried again; a tallying one never opens, so that
// the failure rate of its window tells what was counted.
const (
	wary     = "retry: off, breaker: {consecutiveFailures: 1, minimumRequests: 1000, openFor: 60s}"
	tallying = "breaker: {consecutiveFailures: 1000, minimumRequests: 1000}, retry: {retries: 1, backoff: {base: 1ms, max: 1ms}}"
)

// start runs a sidecar with one upstream.
func start(t *testing.T, up *proxytest.Upstream, policy string) *proxytest.Sidecar {
	t.Helper()
	return proxytest.Start(t, beside(up.URL(), policy))
}
