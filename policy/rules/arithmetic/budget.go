package arithmetic

import (
	"fmt"

	"outrigger/policy"
	"outrigger/policy/rules"
)

// checkBudget warns where nothing bounds the retries of a whole upstream, and where what bounds them lets none through.
func checkBudget(u *rules.Upstream, report rules.Report) {
	unmatched := u.Operations[len(u.Operations)-1]
	most := 0
	for _, o := range u.Operations {
		most = max(most, o.Settings.Retry.Retries)
	}
	if most == 0 {
		return
	}
	if v, ok := unmatched.Value("retry.budget"); ok && u.Budget.Off {
		report(policy.Problem{
			Code: CodeNoBudget, Severity: policy.Warning, Place: rules.Spot(v),
			Message:  fmt.Sprintf("%s retries without a budget: while it fails, every request becomes %d", u.Title, retriesOf(u)+1),
			Expected: "a budget such as {ratio: 20%, floor: 10, window: 10s}", Suggestion: "remove \"budget: off\"",
		})
		return
	}
	_, v, written := unmatched.Deepest("retry.budget.floor", "retry.budget.ratio")
	if written && u.Budget.Ratio == 0 && u.Budget.Floor == 0 {
		report(policy.Problem{
			Code: CodeEmptyBudget, Severity: policy.Warning, Place: rules.Spot(v),
			Message:  fmt.Sprintf("%s has a budget of nothing: 0%% of its requests and 0 more, so that none of up to %d retries is ever made", u.Title, most),
			Expected: "a ratio or a floor above 0", Suggestion: "write retry: off if nothing is to be retried",
		})
	}
}

// retriesOf is the number of the first operation that retries.
func retriesOf(u *rules.Upstream) int {
	for _, o := range u.Operations {
		if n := o.Settings.Retry.Retries; n > 0 {
			return n
		}
	}
	return 0
}
