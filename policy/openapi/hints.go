package openapi

import (
	"fmt"

	"outrigger/policy"
)

// hints reads x-outrigger. What the values mean is policy/compile's; here only names and shapes are checked.
func (r *reading) hints(s spot, op *Operation) {
	s, ok := r.follow(s, "x-outrigger", policy.Warning)
	if !ok {
		return
	}
	if !isMapping(s) {
		r.warn(policy.Problem{Code: CodeHint, Place: s.Place(),
			Message:  "x-outrigger is " + s.Kind().String(),
			Expected: "a mapping of idempotent, idempotencyKey, criticality, timeout, streaming"})
		return
	}
	known := map[string]**Hint{
		"idempotent": &op.Hints.Idempotent, "idempotencyKey": &op.Hints.IdempotencyKey, "criticality": &op.Hints.Criticality,
		"timeout": &op.Hints.Timeout, "streaming": &op.Hints.Streaming,
	}
	for m := range s.members() {
		hint, isKnown := known[m.key]
		switch {
		case !isKnown:
			r.warn(policy.Problem{Code: CodeHint, Place: m.place,
				Message:  fmt.Sprintf("hint %q is not known and does nothing", m.key),
				Expected: "idempotent, idempotencyKey, criticality, timeout or streaming"})
		case !isScalar(m.value):
			r.warn(policy.Problem{Code: CodeHint, Place: m.place,
				Message:  fmt.Sprintf("hint %s is %s and does nothing", m.key, m.value.Kind()),
				Expected: "a single value"})
		default:
			*hint = &Hint{Text: m.value.Text(), Tag: m.value.Tag(), Place: m.value.Place()}
		}
	}
}
