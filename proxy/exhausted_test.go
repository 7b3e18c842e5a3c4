package proxy_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"outrigger/proxy/failure"
	"outrigger/proxy/proxytest"
)

// An outer sidecar repeats these statuses by default: without the mark every hop would multiply the attempts.
func TestRetriesThatDidNotHelpAreToldOfWhateverStatusTheyEndIn(t *testing.T) {
	for _, status := range []int{408, 425, 429, 502, 503, 504} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			pairing(t, unwary, script{proxytest.Answer(status, "no"), proxytest.Answer(status, "no again")}, func(b *bubble, up *proxytest.Upstream) {
				r := b.call(get)
				b.expect(r, status, up, 2)
				b.refusedRetry("exhausted")
				if r.Text != "no again" || r.Header.Get("Outrigger-Retryable") != "false" || r.Header.Get("Outrigger-Attempts") != "2" ||
					!strings.Contains(r.Header.Get("Proxy-Status"), "received-status="+strconv.Itoa(status)+`; details="retries_exhausted"`) {
					b.Errorf("the client got %q with %v", r.Text, r.Header)
				}
				if d := b.last(); d.Code != string(failure.RetriesExhausted) {
					b.Errorf("the record has the code %q", d.Code)
				}
			})
		})
	}
}

// Attempts that met the upstream have failed; that a further one was not allowed is the reason why there are no more of them.
func TestACircuitThatOpensUnderARetryLeavesTheFailureThatOpenedIt(t *testing.T) {
	policy := "timeouts: {attempt: 100ms}, breaker: {consecutiveFailures: 1, minimumRequests: 1000, openFor: 10s}, retry: {retries: 2}"
	pairing(t, policy, script{proxytest.Hang}, func(b *bubble, up *proxytest.Upstream) {
		r := b.call(get)
		b.expect(r, 504, up, 1)
		ours(b.T, r, failure.UpstreamTimeout)
		b.refusedRetry("circuit_open")
		if d := b.last(); d.Outcome != "failed" || d.Code != string(failure.UpstreamTimeout) || len(d.Attempts) != 1 {
			b.Errorf("the record is %+v", d)
		}
		if r.Header.Get("Outrigger-Retryable") != "false" {
			b.Errorf("an outer hop may try again against an open circuit: %v", r.Header)
		}
		time.Sleep(time.Second)
		ours(b.T, b.call(get), failure.CircuitOpen)
	})
}
