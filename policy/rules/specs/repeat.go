package specs

import (
	"fmt"
	"slices"

	"outrigger/policy"
	"outrigger/policy/rules"
)

func checkRepeats(u *rules.Upstream, o *rules.Operation, report rules.Report) {
	if u.Direction == policy.Inbound {
		checkInboundRetry(o, report)
	} else {
		checkUnsafeRetry(o, report)
	}
}

// checkInboundRetry lets inbound retry only what was never sent: the caller's own sidecar retries the rest.
func checkInboundRetry(o *rules.Operation, report rules.Report) {
	if _, ok := o.Written("retry.when", rules.Shared); !ok {
		return
	}
	stays := slices.ContainsFunc(o.When, func(item rules.Condition) bool { return !rules.BeyondNotSent(item.Conditions) })
	for _, item := range o.When {
		if !rules.BeyondNotSent(item.Conditions) {
			continue
		}
		p := policy.Problem{
			Code: CodeInboundRetry, Severity: policy.Error, Place: item.Place,
			Message:  fmt.Sprintf("retry.when: %s is retried on inbound", item.Text),
			Expected: "connect and refused only: the caller's sidecar retries the rest, and two that retry would multiply", Suggestion: "remove it",
		}
		if stays {
			p.Fix = policy.Edit{Place: item.Cut}
		}
		report(p)
	}
}

// checkUnsafeRetry refuses a retry written at an operation that could do its work twice. Inherited retries are no mistake: such an
// operation is simply not retried beyond what was never sent.
func checkUnsafeRetry(o *rules.Operation, report rules.Report) {
	r := o.Settings.Retry
	if o.Unread || o.Method == "" || o.Idempotent || o.Policy.Retry.IdempotencyKey.Honoured || r.Retries == 0 || !rules.BeyondNotSent(r.When) {
		return
	}
	for _, key := range []string{"retry.when", "retry.retries"} {
		v, ok := o.Written(key, rules.Own)
		if !ok {
			continue
		}
		at := v.Place
		if i := slices.IndexFunc(o.When, func(item rules.Condition) bool { return rules.BeyondNotSent(item.Conditions) }); key == "retry.when" && i >= 0 && !v.Named {
			at = o.When[i].Place // the others in the list may be right
		}
		p := policy.Problem{
			Code: CodeUnsafeRetry, Severity: policy.Error, Place: at,
			Message:    fmt.Sprintf("operation %s may not be repeated, and a retry after a reset, a timeout or an answer would do its work twice", o.ID),
			Expected:   "an idempotency key, an operation that may be repeated, or a retry of what was never sent only",
			Suggestion: "add idempotencyKey: inject if the upstream honours one, or idempotent: true if doing it twice is harmless, or when: [connect, refused]",
		}
		if o.Spec != nil {
			p.Because = o.Spec.Place
		}
		report(p)
		return
	}
}
