package simulate_test

import (
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"outrigger/policy"
	"outrigger/policy/compile"
	"outrigger/policy/table"
	"outrigger/proxy/simulate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const shop = `version: 1
service: shop
inbound:
  listen: 127.0.0.1:8080
  application: http://127.0.0.1:5000
upstreams:
  stock:
    endpoints: ['SCHEME://stock:8080']
    policy: {POLICY}
    operations:
      GET /stock/{sku}: {}
      POST /orders: {ORDERS}
`

func set(t testing.TB, policyText string) *policy.Set {
	t.Helper()
	return setOf(t, strings.NewReplacer("POLICY", policyText, "ORDERS", "", "SCHEME", "http").Replace(shop))
}

func setOf(t testing.TB, text string) *policy.Set {
	t.Helper()
	r := compile.Compile([]string{"policy.yaml"}, compile.Options{ReadFile: func(name string) ([]byte, error) {
		if name != "policy.yaml" {
			return nil, fs.ErrNotExist
		}
		return []byte(text), nil
	}})
	if r.Set == nil {
		t.Fatal(r.Problems)
	}
	return r.Set
}

// steps reads the steps of the only case of a table.
func steps(t testing.TB, text string) []*table.Step {
	t.Helper()
	whose := "upstream: stock"
	if strings.Contains(text, "://") {
		whose = "inbound: false"
	}
	c := "version: 1\npolicy: policy.yaml\ncases:\n- name: it\n  " + whose + "\n  " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ") + "\n"
	parsed, problems := table.Parse("table.yaml", []byte(c))
	if parsed == nil {
		t.Fatalf("%v\n%s", problems, c)
	}
	return parsed.Cases[0].Steps
}

func run(t testing.TB, policyText, text string) [][]table.Exchange {
	t.Helper()
	seen, err := simulate.Run(set(t, policyText), steps(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

// brief is an exchange without its story.
func brief(x table.Exchange) table.Exchange {
	x.Story = nil
	x.Took = x.Took.Round(time.Millisecond)
	return x
}

// margin is what a deadline leaves for the answer to reach its caller.
const margin = 2 * time.Millisecond

func TestOneRequestMeetsTheRealLayers(t *testing.T) {
	const get, post = "GET /stock/{sku}", "POST /orders"
	for name, test := range map[string]struct {
		policy, steps string
		want          table.Exchange
	}{
		"two bad answers, then a good one": {
			"retry: {retries: 2, backoff: {base: 100ms, max: 1s}}", "request: GET /stock/1\nanswers: [503, 503, 200]",
			table.Exchange{Operation: get, Status: 200, Attempts: 3, Took: 300 * time.Millisecond, Circuit: "closed"},
		},
		"more bad answers than retries": {
			"retry: {retries: 1, backoff: {base: 100ms}}", "request: GET /stock/1\nanswers: [503, 502, 200]",
			table.Exchange{Operation: get, Status: 502, Code: "retries_exhausted", Attempts: 2, Took: 100 * time.Millisecond, Circuit: "closed"},
		},
		"a POST that was answered": {
			"retry: {retries: 2, when: [connect, refused]}", "request: POST /orders\nanswers: [503, 200]",
			table.Exchange{Operation: post, Status: 503, Attempts: 1, Circuit: "closed"},
		},
		"a POST that was never sent": {
			"retry: {retries: 2, when: [connect, refused], backoff: {base: 10ms}}", "request: POST /orders\nbody: 1KiB\nanswers: [refuse, 201]",
			table.Exchange{Operation: post, Status: 201, Attempts: 2, Took: 10 * time.Millisecond, Circuit: "closed"},
		},
		"an upstream to which nothing connects, and no timeout": {
			"timeouts: {request: off, connect: off}, retry: {retries: 0}", "request: GET /stock/1\nanswers: [unreachable]",
			table.Exchange{Operation: get, Status: 504, Code: "upstream_connect_timeout", Attempts: 1, Took: 127 * time.Second, Circuit: "closed"},
		},
		"an upstream that hangs for longer than callers usually wait": {
			"timeouts: {request: 2h, idle: off}, retry: {retries: 0}", "request: GET /stock/1\nanswers: [hang]",
			table.Exchange{Operation: get, Status: 504, Code: "deadline", Attempts: 1, Took: 2*time.Hour - margin, Circuit: "closed"},
		},
		"an upstream that resets": {
			"retry: {retries: 1, backoff: {base: 10ms}}", "request: GET /stock/1\nanswers: [{answer: reset, after: 1s}, 200]",
			table.Exchange{Operation: get, Status: 200, Attempts: 2, Took: 1010 * time.Millisecond, Circuit: "closed"},
		},
		"an upstream that takes its time": {
			"timeouts: {request: 2s, attempt: 500ms}, retry: {retries: 1, backoff: {base: 10ms}}", "request: GET /stock/1\nanswers: [{answer: 200, after: 700ms}, {answer: 200, after: 400ms}]",
			table.Exchange{Operation: get, Status: 200, Attempts: 2, Took: 910 * time.Millisecond, Circuit: "closed"},
		},
		"an upstream that would answer long after everybody has left": {
			"timeouts: {request: 1s}", "request: GET /stock/1\nanswers: [{answer: 200, after: 24h}]",
			table.Exchange{Operation: get, Status: 504, Code: "deadline", Attempts: 1, Took: time.Second - margin, Circuit: "closed"},
		},
		"an upstream that never answers": {
			"timeouts: {request: 60s}", "request: GET /stock/1\nanswers: [hang]",
			table.Exchange{Operation: get, Status: 504, Code: "deadline", Attempts: 1, Took: time.Minute - margin, Circuit: "closed"},
		},
		"an upstream that cannot be reached": {
			"timeouts: {connect: 300ms}, retry: off", "request: GET /stock/1\nanswers: [unreachable]",
			table.Exchange{Operation: get, Status: 504, Code: "upstream_connect_timeout", Attempts: 1, Took: 300 * time.Millisecond, Circuit: "closed"},
		},
		"a reply that breaks off": {
			"retry: {retries: 2}", "request: GET /stock/1\nanswers: [truncate]",
			table.Exchange{Operation: get, Status: 200, Code: "upstream_reset_mid_body", Attempts: 1, Circuit: "closed"},
		},
		"an upstream that asks for time": {
			"retry: {retries: 1, backoff: {base: 10ms}}", "request: GET /stock/1\nanswers: [{answer: 503, headers: {Retry-After: 2}}, 200]",
			table.Exchange{Operation: get, Status: 200, Attempts: 2, Took: 2010 * time.Millisecond, Circuit: "closed"},
		},
		"a request that matches nothing": {
			"breaker: off", "request: GET /else\nanswers: [404]",
			table.Exchange{Operation: "unmatched", Status: 404, Attempts: 1, Circuit: "off"},
		},
		"a caller that is nearly out of time": {
			"retry: {retries: 2}", "request: GET /stock/1\nheaders: {Outrigger-Timeout-Ms: 50}\nanswers: [hang]",
			table.Exchange{Operation: get, Status: 504, Code: "deadline", Attempts: 1, Took: 50*time.Millisecond - margin, Circuit: "closed"},
		},
		"a reply with a large body": {
			"retry: off", "request: GET /stock/1\nanswers: [{answer: 200, body: 1MiB}]",
			table.Exchange{Operation: get, Status: 200, Attempts: 1, Circuit: "closed"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := run(t, test.policy, test.steps)[0][0]
			if diff := cmp.Diff(test.want, brief(x)); diff != "" {
				t.Errorf("exchange (-want +got):\n%s%s", diff, strings.Join(x.Story, "\n"))
			}
		})
	}
}

func TestACircuitOpensFailsFastAndClosesAgain(t *testing.T) {
	seen := run(t, "retry: off, breaker: {consecutiveFailures: 5, openFor: 10s, probes: 1}", `
request: GET /stock/1
steps:
- {times: 5, answers: [500]}
- {}
- {wait: 9s}
- {}
- {wait: 2s}
- {answers: [200]}`)
	if n := len(seen[0]); n != 5 || seen[0][4].Circuit != "open" {
		t.Fatalf("after %d failures the circuit is %s, want open", n, seen[0][n-1].Circuit)
	}
	for _, i := range []int{1, 3} {
		if x := seen[i][0]; x.Status != 503 || x.Code != "circuit_open" || x.Attempts != 0 || x.Took != 0 {
			t.Errorf("step %d got %+v, want a circuit that is open", i+1, x)
		}
	}
	if x := seen[5][0]; x.Status != 200 || x.Circuit != "closed" || seen[2] != nil {
		t.Errorf("the probe got %+v, want 200 and a closed circuit", x)
	}
}

func TestABudgetRefusesFurtherAttempts(t *testing.T) {
	seen := run(t, "breaker: off, retry: {retries: 1, backoff: {base: 1ms}, budget: {ratio: 10%, floor: 5}}", "request: GET /stock/1\ntimes: 50\nanswers: [503]")
	attempts := 0
	var refused table.Exchange
	for _, x := range seen[0] {
		attempts += x.Attempts
		if x.Attempts == 1 {
			refused = x
		}
	}
	if attempts != 60 { // 50 first ones, 5 of the floor, and a tenth of 50
		t.Errorf("%d attempts of 50 requests, want 60", attempts)
	}
	if !strings.Contains(strings.Join(refused.Story, "\n"), "no retry (budget)") {
		t.Errorf("a request without a retry got %+v, want it for the budget's sake", refused)
	}
}

func TestRequestsThatOverlapMeetTheLimit(t *testing.T) {
	seen := run(t, "concurrency: {max: 10}", "request: GET /stock/1\ntimes: 15\nevery: 1ms\nanswers: [{answer: 200, after: 1s}]")
	codes := map[string]int{}
	for _, x := range seen[0] {
		codes[x.Code]++
	}
	if codes[""] != 10 || codes["bulkhead_full"] != 5 {
		t.Errorf("codes %v, want 10 that went well and 5 over the limit", codes)
	}
}

func TestACallByURLGoesThroughTheOutboundPort(t *testing.T) {
	seen := run(t, "retry: off", "request: GET http://stock:8080/stock/1\nsteps: [{}, {request: 'GET http://nobody/'}]")
	if x := seen[0][0]; x.Operation != "GET /stock/{sku}" || x.Status != 200 {
		t.Errorf("a known host got %+v", x)
	}
	if x := seen[1][0]; x.Status != 404 || x.Code != "no_route" {
		t.Errorf("an unknown host got %+v", x)
	}
}

func TestAnUpstreamBehindTLSIsTriedLikeAnyOther(t *testing.T) {
	secure := setOf(t, strings.NewReplacer("POLICY", "retry: off", "ORDERS", "", "SCHEME", "https", "http://127.0.0.1:5000", "https://127.0.0.1:5000").Replace(shop))
	for _, whose := range []string{"upstream: stock", "inbound: true"} {
		seen, err := simulate.Run(secure, steps(t, "request: GET /stock/1\nsteps: [{"+whose+", answers: [418]}]"))
		if err != nil || seen[0][0].Status != 418 {
			t.Errorf("%s: got %+v, %v", whose, seen, err)
		}
	}
	if secure.Upstreams[0].Endpoints[0].Scheme != "https" {
		t.Error("the set was changed")
	}
}

func TestWhatCannotBeRunIsAnErrorAndNoCrash(t *testing.T) {
	for text, want := range map[string]string{
		"request: GET /\nsteps: [{upstream: nobody}]": `the policy has no upstream "nobody"`,
		"request: GET /\nsteps: [{upstream: ''}]":     "a path alone does not say whose call it is",
	} {
		if _, err := simulate.Run(set(t, "retry: off"), steps(t, text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}

// TestAResultIsTheSameEveryTime runs what chance decides in a running sidecar: back-offs, open times, choice of endpoints.
func TestAResultIsTheSameEveryTime(t *testing.T) {
	const policyText = "breaker: {consecutiveFailures: 3, openFor: 5s}, retry: {retries: 3, backoff: {base: 100ms, max: 5s}}, timeouts: {request: 2s, attempt: 300ms}"
	const text = "request: GET /stock/1\nsteps: [{times: 4, every: 300ms, answers: [503]}, {wait: 5s}, {}, {wait: 1s}, {}, {answers: [{answer: 200, after: 300ms}]}]"
	first := run(t, policyText, text)
	for range 5 {
		if diff := cmp.Diff(first, run(t, policyText, text)); diff != "" {
			t.Fatalf("another run (-first +this):\n%s", diff)
		}
	}
}
