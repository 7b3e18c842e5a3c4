package specs

import (
	"fmt"
	"slices"
	"strings"

	"outrigger/policy"
	"outrigger/policy/openapi"
	"outrigger/policy/rules"
)

// checkKeyHeader warns of an idempotency key that the spec does not know: the upstream would not look at it.
func checkKeyHeader(o *rules.Operation, report rules.Report) {
	_, ok := o.Written("retry.idempotencyKey", rules.Own)
	if !ok || o.Spec == nil || !o.Policy.Retry.IdempotencyKey.Honoured {
		return
	}
	header := o.Policy.Retry.IdempotencyKey.Header
	if documents(o, header) {
		return
	}
	p := undocumentedKey(o, header, "operation "+o.ID)
	p.Because = o.Spec.Place
	report(p)
}

// checkSharedKey is checkKeyHeader for a key that an upstream writes for all its operations: one of them must know it.
func checkSharedKey(u *rules.Upstream, report rules.Report) {
	unmatched := u.Operations[len(u.Operations)-1]
	key := unmatched.Policy.Retry.IdempotencyKey
	v, ok := unmatched.Value("retry.idempotencyKey")
	if !ok || v.Level != rules.Shared || u.Catalog == nil || len(u.Operations) == 1 || !key.Honoured {
		return
	}
	if !slices.ContainsFunc(u.Operations, func(o *rules.Operation) bool { return o.Spec != nil && documents(o, key.Header) }) {
		report(undocumentedKey(unmatched, key.Header, "any operation of "+u.Title))
	}
}

func documents(o *rules.Operation, header string) bool {
	if hint := o.Spec.Hints.IdempotencyKey; hint != nil && strings.EqualFold(hint.Text, header) {
		return true
	}
	return slices.ContainsFunc(o.Spec.Headers, func(h openapi.Header) bool { return strings.EqualFold(h.Name, header) })
}

// undocumentedKey speaks of the header's name where it is written, else of the mode, else of the key.
func undocumentedKey(o *rules.Operation, header, who string) policy.Problem {
	var at rules.Value
	for _, key := range []string{"retry.idempotencyKey", "retry.idempotencyKey.mode", "retry.idempotencyKey.header"} {
		if v, written := o.Value(key); written && v.Level >= at.Level {
			at = v
		}
	}
	return policy.Problem{
		Code: CodeUndeclaredKey, Severity: policy.Warning, Place: at.Place,
		Message:  fmt.Sprintf("header %s is not a parameter of %s in the spec: will the upstream look at it?", header, who),
		Expected: "a header parameter that the spec documents", Suggestion: "declare it in the spec, or remove the key",
	}
}
