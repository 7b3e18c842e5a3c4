package arithmetic

import (
	"fmt"

	"outrigger/policy"
	"outrigger/policy/rules"
)

// checkAttemptAbove refuses an attempt timeout above the request timeout beside it. An inherited one is cut, and explain says so.
func checkAttemptAbove(o *rules.Operation, report rules.Report) {
	attempt, written := o.Written("timeouts.attempt", rules.Defaults)
	request, both := o.Written("timeouts.request", rules.Defaults)
	t := o.Settings.Timeouts
	if !written || !both || attempt.Level != request.Level || t.Request == 0 || t.Attempt <= t.Request {
		return
	}
	report(policy.Problem{
		Code: CodeAttemptAbove, Severity: policy.Error, Place: rules.Spot(attempt, request), Because: request.Origin,
		Message:  fmt.Sprintf("timeouts.attempt %s is longer than timeouts.request %s beside it", spell(t.Attempt), spell(t.Request)),
		Expected: "an attempt timeout below the request timeout", Suggestion: "lower it, or remove it: an attempt then may use the whole time",
	})
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
