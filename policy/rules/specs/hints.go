package specs

import (
	"fmt"

	"outrigger/policy"
	"outrigger/policy/openapi"
	"outrigger/policy/rules"
)

// checkHints tells where a policy overrides what the service's owner wrote.
func checkHints(o *rules.Operation, report rules.Report) {
	if o.Spec == nil {
		return
	}
	h := o.Spec.Hints
	for _, hinted := range []struct {
		key  string
		hint *openapi.Hint
	}{{"timeouts.request", h.Timeout}, {"retry.idempotent", h.Idempotent}, {"streaming", h.Streaming}, {"retry.idempotencyKey.header", h.IdempotencyKey}} {
		v, written := o.Value(hinted.key)
		if hinted.hint == nil || !written || !o.Hinted(hinted.key) || v.Level <= rules.Spec {
			continue
		}
		report(policy.Problem{
			Code: CodeHintOverridden, Severity: policy.Info, Place: v.Place, Because: hinted.hint.Place,
			Message: fmt.Sprintf("%s overrides what the spec says for operation %s at %s", hinted.key, o.ID, hinted.hint.Place),
		})
	}
}
