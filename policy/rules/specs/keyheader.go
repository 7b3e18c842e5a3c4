package specs

import (
	"fmt"
	"strings"

	"outrigger/policy"
	"outrigger/policy/rules"
)

// checkKeyHeader warns of an idempotency key that the spec does not know: the upstream would not look at it.
func checkKeyHeader(o *rules.Operation, report rules.Report) {
	_, ok := o.Written("retry.idempotencyKey", rules.Own)
	if !ok || o.Spec == nil || !o.Policy.Retry.IdempotencyKey.Honoured {
		return
	}
	header := o.Policy.Retry.IdempotencyKey.Header
	for _, h := range o.Spec.Headers {
		if strings.EqualFold(h.Name, header) {
			return
		}
	}
	var at rules.Value
	for _, key := range []string{"retry.idempotencyKey.header", "retry.idempotencyKey.mode", "retry.idempotencyKey"} {
		if v, written := o.Written(key, rules.Own); written {
			at = v
			break
		}
	}
	report(policy.Problem{
		Code: CodeUndeclaredKey, Severity: policy.Warning, Place: at.Place, Because: o.Spec.Place,
		Message:  fmt.Sprintf("header %s is not a parameter of operation %s in the spec: will the upstream look at it?", header, o.ID),
		Expected: "a header parameter that the spec documents", Suggestion: "declare it in the spec, or remove the key",
	})
}
