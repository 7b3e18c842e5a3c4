package arithmetic

import (
	"fmt"

	"outrigger/policy"
	"outrigger/policy/rules"
)

// checkLargeBody warns of a body that would be kept for another attempt, and that all buffers together have no room for.
func checkLargeBody(u *rules.Upstream, o *rules.Operation, report rules.Report) {
	v, ok := o.Written("retry.maxBody", rules.Defaults)
	if !ok || u.BufferBytes == 0 || o.Settings.Retry.MaxBody <= u.BufferBytes || o.Settings.Retry.Retries == 0 {
		return
	}
	report(policy.Problem{
		Code: CodeLargeBody, Severity: policy.Warning, Place: rules.Spot(v),
		Message: fmt.Sprintf("retry.maxBody %s is more than limits.bufferBytes %s, which all bodies that are kept share",
			policy.SpellSize(o.Settings.Retry.MaxBody), policy.SpellSize(u.BufferBytes)),
		Expected: "a body that fits several times into limits.bufferBytes", Suggestion: "lower it, or raise limits.bufferBytes",
	})
}
