package arithmetic

import (
	"fmt"

	"outrigger/policy"
	"outrigger/policy/rules"
)

// checkAttemptAbove refuses an attempt timeout above the request timeout beside it, and warns of one above a request timeout that is
// only inherited. Where the attempt timeout is what is inherited it is cut, and explain says so.
func checkAttemptAbove(o *rules.Operation, used map[policy.Place]bool, report rules.Report) {
	attempt, written := o.Written("timeouts.attempt", rules.Defaults)
	request, both := o.Value("timeouts.request")
	t := o.Settings.Timeouts
	if !written || t.Request == 0 || t.Attempt <= t.Request || request.Level > attempt.Level {
		return
	}
	if request.Level == attempt.Level {
		report(policy.Problem{
			Code: CodeAttemptAbove, Severity: policy.Error, Place: rules.Spot(attempt, request), Because: request.Origin,
			Message:  fmt.Sprintf("timeouts.attempt %s is longer than timeouts.request %s beside it", spell(t.Attempt), spell(t.Request)),
			Expected: "an attempt timeout below the request timeout", Suggestion: "lower it, or remove it: an attempt then may use the whole time",
		})
		return
	}
	if used[attempt.Origin] || o.Streaming == policy.StreamAlways { // of a stream it is the time to the head
		return
	}
	p := policy.Problem{
		Code: CodeAttemptAbove, Severity: policy.Warning, Place: rules.Spot(attempt),
		Message:    fmt.Sprintf("timeouts.attempt %s is longer than timeouts.request %s (%s), and is cut to it", spell(t.Attempt), spell(t.Request), o.Settings.Source("timeouts.request")),
		Expected:   "an attempt timeout below the request timeout",
		Suggestion: "write a timeouts.request above it too, or lower it",
	}
	if both {
		p.Because = request.Origin
	}
	report(p)
}

// usedAttempts are the places of attempt timeouts that some operation has the time for.
func usedAttempts(u *rules.Upstream) map[policy.Place]bool {
	used := map[policy.Place]bool{}
	for _, o := range u.Operations {
		t := o.Settings.Timeouts
		if v, ok := o.Value("timeouts.attempt"); ok && (t.Request == 0 || t.Attempt <= t.Request) {
			used[v.Origin] = true
		}
	}
	return used
}

// checkLongConnect remarks on a connect timeout above the attempt timeout beside it: connecting is a part of the attempt.
func checkLongConnect(o *rules.Operation, report rules.Report) {
	connect, written := o.Written("timeouts.connect", rules.Defaults)
	t := o.Settings.Timeouts
	key, limit := "timeouts.attempt", t.Attempt
	if limit == 0 || t.Request > 0 && t.Request < limit {
		key, limit = "timeouts.request", t.Request
	}
	bound, both := o.Written(key, rules.Defaults)
	if !written || !both || connect.Level != bound.Level || limit == 0 || t.Connect <= limit {
		return
	}
	report(policy.Problem{
		Code: CodeLongConnect, Severity: policy.Info, Place: rules.Spot(connect, bound), Because: bound.Origin,
		Message:  fmt.Sprintf("timeouts.connect %s is longer than %s %s, which connecting is a part of", spell(t.Connect), key, spell(limit)),
		Expected: fmt.Sprintf("a connect timeout below %s", spell(limit)), Suggestion: "lower it, so that a retry has time for another endpoint",
	})
}
