// Package specs holds a policy against the OpenAPI documents it names, and against what HTTP itself says of a method.
//
// It looks at operations that were found: that a key of a policy means one is package compile's to say. It knows no times.
package specs

import "outrigger/policy/rules"

// The codes of this package's problems. They are stable and each has a page in docs/checks.
const (
	CodeInboundRetry     = "OR132"
	CodeAmbiguous        = "OR223"
	CodeUnsafeRetry      = "OR224"
	CodeStreamTimeout    = "OR225"
	CodeUndeclaredStatus = "OR226"
	CodeUndeclaredKey    = "OR227"
	CodeHintOverridden   = "OR229"
	CodeDeprecated       = "OR233"
	CodeStrippedScheme   = "OR234"
)

// Check looks at every operation of an upstream. Safe for concurrent use.
func Check(u *rules.Upstream, report rules.Report) {
	for _, o := range u.Operations {
		checkRepeats(u, o, report)
		checkStream(o, report)
		checkStatuses(u, o, report)
		checkKeyHeader(o, report)
		checkHints(o, report)
		checkDeprecated(o, report)
	}
	checkNamedStatuses(u, report)
	checkSharedKey(u, report)
	checkSchemes(u, report)
	checkAmbiguous(u, report)
}
