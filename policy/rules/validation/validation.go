// Package validation holds what a policy says of validating messages against what there is to validate by.
//
// It looks at the wish alone: whether a spec stands behind it, whether the reply has an end, whether anything counts what is counted. What
// of a schema cannot be used, package contract tells where it reads the schema.
package validation

import (
	"fmt"

	"outrigger/policy"
	"outrigger/policy/rules"
)

// The codes of this package's problems. They are stable and each has a page in docs/checks.
const (
	CodeNoSpec    = "OR240"
	CodeStream    = "OR241"
	CodeNoBreaker = "OR244"
)

const (
	requests = "validate.request"
	replies  = "validate.response"
)

// Check looks at every operation of an upstream. Safe for concurrent use.
func Check(u *rules.Upstream, report rules.Report) {
	for _, o := range u.Operations {
		if o.Settings.Validate.Request.On() {
			checkSpec(u, o, requests, report)
		}
		if o.Settings.Validate.Response.On() {
			checkSpec(u, o, replies, report)
			checkStream(o, report)
			checkBreaker(o, report)
		}
	}
}

// checkSpec refuses validation where nothing says what is valid. In defaults it is for those upstreams that have a spec.
func checkSpec(u *rules.Upstream, o *rules.Operation, key string, report rules.Report) {
	v, ok := o.Written(key, rules.Shared)
	if !ok || !u.Specless {
		return
	}
	report(policy.Problem{
		Code: CodeNoSpec, Severity: policy.Error, Place: v.Place,
		Message:  fmt.Sprintf("%s is written for %s, which names no spec: nothing says what is valid", key, u.Title),
		Expected: "openapi: FILE beside the policy", Suggestion: "name the spec, or remove " + key,
	})
}

// checkStream refuses the validation of a reply that is never whole.
func checkStream(o *rules.Operation, report rules.Report) {
	v, ok := o.Written(replies, rules.Own)
	if !ok || o.Streaming != policy.StreamAlways {
		return
	}
	p := policy.Problem{
		Code: CodeStream, Severity: policy.Error, Place: v.Place,
		Message:  fmt.Sprintf("%s is written for operation %s, which streams: its reply is never whole, and is not held up", replies, o.ID),
		Expected: "off, as for every operation that streams", Suggestion: "remove it, or write streaming: false if it does not stream",
	}
	if o.Spec != nil && o.Spec.Streams.Kind == policy.StreamAlways {
		p.Because = o.Spec.Streams.Place
	}
	report(p)
}

// checkBreaker warns where replies count as failures and nothing counts failures.
func checkBreaker(o *rules.Operation, report rules.Report) {
	v, ok := o.Written(replies, rules.Shared)
	if !ok || o.Settings.Validate.Response != policy.ValidationCount || !o.Settings.Breaker.Off {
		return
	}
	report(policy.Problem{
		Code: CodeNoBreaker, Severity: policy.Warning, Place: v.Place,
		Message:  fmt.Sprintf("%s: count has nothing to count for: the breaker of operation %s is off", replies, o.ID),
		Expected: "a breaker that is on, or report", Suggestion: "write report, which fills the same metrics",
	})
}
