package suggest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"outrigger/policy"
)

// stock is an operation with a policy, and what was seen of it: every quantile is a share of slowest.
func stock(p policy.Policy, n uint64, slowest time.Duration, peak int) (*policy.Set, []Evidence) {
	op := &policy.Operation{ID: "getStock", Method: "GET", Template: "/stock", Idempotent: true, Policy: p}
	u := &policy.Upstream{Name: "inventory", Direction: policy.Outbound, Unmatched: &policy.Operation{ID: policy.Unmatched}, Operations: []*policy.Operation{op}}
	l := Latency{Count: n, P50: slowest / 10, P95: slowest / 4, P99: slowest / 2, P999: slowest}
	return &policy.Set{Upstreams: []*policy.Upstream{u}}, []Evidence{{policy.Outbound, "inventory", "getStock", l, l, peak}}
}

func holding(request, attempt time.Duration, retries, concurrency int) policy.Policy {
	return policy.Policy{
		Timeouts:    policy.Timeouts{Request: request, Attempt: attempt},
		Retry:       policy.Retry{Retries: retries, Backoff: policy.Backoff{Base: 25 * time.Millisecond, Max: 250 * time.Millisecond}},
		Concurrency: policy.Concurrency{Max: concurrency},
	}
}

func TestProposalsFollowFromTheFigures(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name    string
		policy  policy.Policy
		samples uint64
		slowest time.Duration
		peak    int
		want    string
	}{
		{"too few samples", holding(10*time.Second, 0, 1, 1000), 999, 40 * ms, 5, ""},
		{"everything fits", holding(500*ms, 100*ms, 1, 100), 20000, 40 * ms, 10, ""},
		{
			"no attempt timeout, a generous request timeout", holding(10*time.Second, 0, 1, 100), 20000, 40 * ms, 10,
			"timeouts.attempt off -> 60ms, timeouts.request 10s -> 150ms",
		},
		{"the attempt timeout cuts what is well", holding(time.Second, 30*ms, 1, 100), 20000, 40 * ms, 10, "timeouts.attempt 30ms -> 60ms, timeouts.request 1s -> 150ms"},
		{"the attempt timeout waits in vain", holding(time.Second, 900*ms, 1, 100), 20000, 40 * ms, 10, "timeouts.attempt 900ms -> 60ms, timeouts.request 1s -> 150ms"},
		{"the request timeout holds fewer attempts than are allowed", holding(200*ms, 100*ms, 2, 100), 20000, 40 * ms, 10, "timeouts.request 200ms -> 400ms"},
		{"nothing is retried", holding(10*time.Second, 0, 0, 100), 20000, 40 * ms, 10, "timeouts.request 10s -> 150ms"},
		{"the limit is nearly reached", holding(500*ms, 100*ms, 1, 100), 20000, 40 * ms, 95, "concurrency.max 100 -> 300"},
		{"the limit is far away", holding(500*ms, 100*ms, 1, 1000), 20000, 40 * ms, 10, "concurrency.max 1000 -> 30"},
		{"the limit is far away after a short while", holding(500*ms, 100*ms, 1, 1000), 2000, 40 * ms, 10, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			proposals, _ := Suggest(stock(c.policy, c.samples, c.slowest, c.peak))
			var got []string
			for _, p := range proposals {
				got = append(got, p.Key+" "+p.From+" -> "+p.To)
				if !strings.Contains(p.Why, "of ") {
					t.Errorf("%s is not argued in numbers: %s", p.Key, p.Why)
				}
			}
			if diff := cmp.Diff(c.want, strings.Join(got, ", ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatIsProposedCallsForNoFurtherProposal(t *testing.T) {
	for slowest := 3 * time.Millisecond; slowest < 5*time.Second; slowest = slowest * 17 / 10 {
		set, evidence := stock(holding(30*time.Second, 0, 2, 1000), 50000, slowest, 7)
		op := set.Upstreams[0].Operations[0]
		proposals, _ := Suggest(set, evidence)
		for _, p := range proposals {
			d, _ := time.ParseDuration(p.To)
			switch p.Key {
			case "timeouts.attempt":
				op.Policy.Timeouts.Attempt = d
			case "timeouts.request":
				op.Policy.Timeouts.Request = d
			default:
				op.Policy.Concurrency.Max = 30
			}
		}
		if again, _ := Suggest(set, evidence); len(again) > 0 {
			t.Errorf("slowest %v: after %v there is still %v", slowest, proposals, again)
		}
	}
}

func TestAStreamHasNoTimeoutToPropose(t *testing.T) {
	set, evidence := stock(holding(10*time.Second, 0, 1, 100), 20000, 40*time.Millisecond, 10)
	set.Upstreams[0].Operations[0].Streaming = policy.StreamAlways
	if got, _ := Suggest(set, evidence); len(got) > 0 {
		t.Errorf("proposed: %v", got)
	}
}

func TestNotesTellWhatNoValueCanSay(t *testing.T) {
	set, evidence := stock(holding(500*time.Millisecond, 100*time.Millisecond, 1, 100), 20000, 40*time.Millisecond, 10)
	evidence[0].Attempts.P95 = 5 * time.Millisecond
	_, notes := Suggest(set, evidence)
	if len(notes) != 1 || !strings.Contains(notes[0].Text, "hedge after 5.0ms") {
		t.Errorf("notes: %v", notes)
	}
	_, notes = Suggest(stock(holding(time.Second, 0, 1, 100), 10, time.Millisecond, 1))
	if len(notes) != 1 || !strings.Contains(notes[0].Text, "too few") {
		t.Errorf("notes: %v", notes)
	}
}
