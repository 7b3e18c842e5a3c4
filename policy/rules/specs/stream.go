package specs

import (
	"fmt"

	"outrigger/policy"
	"outrigger/policy/rules"
)

// checkStream refuses a request timeout written for an operation that streams.
func checkStream(o *rules.Operation, report rules.Report) {
	v, ok := o.Written("timeouts.request", rules.Own)
	if !ok || o.Streaming != policy.StreamAlways || o.Settings.Timeouts.Request == 0 {
		return
	}
	p := policy.Problem{
		Code: CodeStreamTimeout, Severity: policy.Error, Place: v.Place,
		Expected: "timeouts.idle for the silence between two bytes, timeouts.attempt for the head of the reply", Suggestion: "write timeouts: {idle: 1m}, or streaming: false if it does not stream",
	}
	why := "streams"
	if o.Spec != nil && o.Spec.Streams.Kind == policy.StreamAlways {
		why = fmt.Sprintf("streams (%s, %s)", o.Spec.Streams.Media, o.Spec.Streams.Place)
		p.Because = o.Spec.Streams.Place
	}
	p.Message = fmt.Sprintf("timeouts.request is written for operation %s, which %s: its reply has no end to wait for", o.ID, why)
	report(p)
}
