package simulate_test

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	"outrigger/policy"
	"outrigger/policy/explain"
	"outrigger/policy/table"
	"outrigger/proxy/simulate"
)

// The policies are of the upstream and, behind a bar, of its POST /orders.
var policies = []string{
	"concurrency: off", // nothing of retries
	"timeouts: {request: 2s, attempt: 200ms}",
	"retry: off",
	"retry: {retries: 3, when: [503]}",
	"retry: {retries: 2, when: [5xx, 409], backoff: {base: 1ms}}",
	"retry: {when: [connect, refused]}",
	"retry: {when: [425, reset, timeout]}, timeouts: {attempt: 100ms}",
	"retry: {when: [gateway], respectRetryAfter: off, maxBody: 1KiB}",
	"retry: {when: [500, 402, 429]}",
	"timeouts: {attempt: 1s} | retry: {idempotent: true}",
	"timeouts: {attempt: 1s} | retry: {idempotencyKey: inject, maxBody: 1KiB}",
	"timeouts: {attempt: 1s} | retry: {idempotencyKey: require}",
}

var requests = []table.Request{
	{Method: "GET", Target: "/stock/1"},
	{Method: "POST", Target: "/orders", Body: 10},
	{Method: "POST", Target: "/orders", Body: 2000},
	{Method: "POST", Target: "/orders", Body: 10, Header: map[string]string{"Idempotency-Key": "1"}},
	{Method: "PUT", Target: "/else"},
	{Method: "PATCH", Target: "/else"},
}

// TestExplainSaysOfRetriesWhatTheLayersDo holds the words of explain against the layers: for every policy, request and condition,
// what explain lists as retried has another attempt, and what it lists as not retried has none.
func TestExplainSaysOfRetriesWhatTheLayersDo(t *testing.T) {
	conditions := []string{"connect", "refused", "reset", "timeout", "200", "404", "408", "409", "425", "429", "500", "501", "502", "503", "504"}
	tried := 0
	for _, text := range policies {
		set, orders := unbroken(t, text)
		for _, r := range requests {
			r.Upstream = "stock"
			if strings.Contains(orders, "require") && r.Target == "/orders" && r.Header == nil {
				continue // refused before there is an attempt, of which explain has a note
			}
			for _, c := range conditions {
				tried++
				says, why := explained(t, set, r, c)
				does, story := happens(t, set, r, c)
				if says != does {
					t.Errorf("%s %s with a body of %d and %v under %s meets %s: retried %v, and explain says %v, because %s\n\t%s",
						r.Method, r.Target, r.Body, r.Header, text, c, does, says, why, strings.Join(story, "\n\t"))
				}
			}
		}
	}
	if tried < 1000 {
		t.Errorf("only %d combinations tried", tried)
	}
}

// unbroken is the set of one of the policies without a breaker, which would end the attempts by itself.
func unbroken(t *testing.T, text string) (set *policy.Set, orders string) {
	t.Helper()
	all, orders, _ := strings.Cut(text, " | ")
	return setOf(t, strings.NewReplacer("POLICY", "breaker: off, "+all, "ORDERS", orders, "SCHEME", "http").Replace(shop)), orders
}

// TestNothingIsWorseThanTheWorstCaseThatExplainWorksOut has upstreams fail in every way for as long as they are asked.
func TestNothingIsWorseThanTheWorstCaseThatExplainWorksOut(t *testing.T) {
	reached := 0
	for _, text := range policies {
		set, _ := unbroken(t, text)
		for _, r := range requests {
			r.Upstream = "stock"
			worst := answer(t, set, r).Worst
			for _, a := range []table.Answer{
				{Action: table.Hang},
				{Action: table.Refuse},
				{Action: table.Unreachable},
				{Action: table.Respond, Status: 503},
				{Action: table.Reset, After: 90 * time.Millisecond},
				{Action: table.Respond, Status: 503, After: 99 * time.Millisecond},
			} {
				all, err := simulate.Run(set, []*table.Step{{Send: r, Times: 1, Answers: []table.Answer{a}}})
				if err != nil {
					t.Fatal(err)
				}
				x := all[0][0]
				if took := x.Took.Milliseconds(); x.Attempts > worst.Attempts || took > worst.DurationMS {
					t.Errorf("%s %s under %s meets %s: %d attempts in %dms, and explain says at most %d in %dms\n\t%s",
						r.Method, r.Target, text, a.Action, x.Attempts, took, worst.Attempts, worst.DurationMS, strings.Join(x.Story, "\n\t"))
				} else if x.Attempts == worst.Attempts {
					reached++
				}
			}
		}
	}
	if reached < 100 {
		t.Errorf("only %d times as many attempts as at worst: the worst case is no longer one", reached)
	}
}

func answer(t *testing.T, set *policy.Set, r table.Request) *explain.Answer {
	t.Helper()
	header := map[string]string{"Content-Length": strconv.FormatInt(r.Body, 10)}
	maps.Copy(header, r.Header)
	a, err := explain.Explain(explain.Question{Set: set, Upstream: r.Upstream, Method: r.Method, Target: r.Target, Header: header})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// explained is what explain says of a condition: whether it is retried, and why.
func explained(t *testing.T, set *policy.Set, r table.Request, condition string) (retried bool, why string) {
	t.Helper()
	a := answer(t, set, r)
	for _, reason := range a.Retried {
		if means(reason.What, condition) {
			return true, reason.Why
		}
	}
	for _, reason := range a.NotRetried {
		if means(reason.What, condition) {
			return false, reason.Why
		}
	}
	return false, "it is one of the other answers"
}

// means reports whether what explain lists is a condition.
func means(what, condition string) bool {
	switch condition {
	case "connect":
		return what == "no connection"
	case "refused", "425":
		return what == "answer 425"
	case "reset":
		return what == "connection lost before the reply"
	case "timeout":
		return what == "attempt timeout"
	}
	answers, ok := strings.CutPrefix(what, "answers ")
	answers, but, _ := strings.Cut(answers, " but ")
	if strings.Contains(but, condition) {
		return false
	}
	for _, status := range strings.Split(answers, ", ") {
		if ok && (status == condition || status == "5xx" && condition[0] == '5') {
			return true
		}
	}
	return false
}

// happens is what the layers do.
func happens(t *testing.T, set *policy.Set, r table.Request, condition string) (retried bool, story []string) {
	t.Helper()
	text := fmt.Sprintf("version: 1\npolicy: p\ncases: [{name: it, request: GET /, expect: {retried: [%s]}}]", condition)
	parsed, problems := table.Parse("t", []byte(text))
	if parsed == nil {
		t.Fatal(problems)
	}
	var seen table.Exchange
	c := parsed.Cases[0]
	c.Steps[0].Send = r
	c.Run(set, func(set *policy.Set, steps []*table.Step) ([][]table.Exchange, error) {
		all, err := simulate.Run(set, steps)
		if err == nil {
			seen = all[0][0]
		}
		return all, err
	})
	return seen.Attempts > 1, seen.Story
}
