package arithmetic

import (
	"fmt"

	"outrigger/policy"
	"outrigger/policy/rules"
)

// checkRespected warns of a wait for Retry-After that the request timeout never leaves time for. One that is inherited by an
// operation with less time is cut, and says nothing about the others.
func checkRespected(o *rules.Operation, report rules.Report) {
	t, r := o.Settings.Timeouts, o.Settings.Retry
	v, ok := o.Written("retry.respectRetryAfter", rules.Defaults)
	if !ok || t.Request == 0 || r.RespectRetryAfter < t.Request || r.Retries == 0 {
		return
	}
	request, written := o.Value("timeouts.request")
	if written && request.Level > v.Level {
		return
	}
	p := policy.Problem{
		Code: CodeLongRespected, Severity: policy.Warning, Place: rules.Spot(v),
		Message:    fmt.Sprintf("retry.respectRetryAfter %s never fits the request timeout of %s", spell(r.RespectRetryAfter), spell(t.Request)),
		Expected:   "a wait that leaves time for another attempt",
		Suggestion: fmt.Sprintf("write less than %s; an answer that asks for a longer wait than is left is returned at once", spell(t.Request)),
	}
	if written {
		p.Place, p.Because = rules.Spot(v, request), request.Origin
	}
	report(p)
}
