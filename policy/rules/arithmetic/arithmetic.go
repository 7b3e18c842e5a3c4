// Package arithmetic adds up what the numbers of a policy come to, and says where they contradict one another.
//
// Where nobody wrote a number nobody is warned: the defaults fit each other, and an inherited value that a deeper one overtakes is
// simply cut. It knows no spec.
package arithmetic

import (
	"time"

	"outrigger/policy"
	"outrigger/policy/rules"
)

// The codes of this package's problems. They are stable and each has a page in docs/checks.
const (
	CodeNeverStarts   = "OR301"
	CodeShortAttempt  = "OR302"
	CodeAttemptAbove  = "OR303"
	CodeBaseOverMax   = "OR304"
	CodeLongRespected = "OR305"
	CodeNoBudget      = "OR306"
	CodeEmptyBudget   = "OR307"
	CodeLongQueue     = "OR308"
	CodeNoQueue       = "OR309"
	CodeLongConnect   = "OR310"
	CodeLargeBody     = "OR311"
)

// Check looks at every operation of an upstream. Safe for concurrent use.
func Check(u *rules.Upstream, report rules.Report) {
	used := usedAttempts(u)
	for _, o := range u.Operations {
		if o.Unread {
			continue
		}
		checkAttempts(u, o, report)
		checkAttemptAbove(o, used, report)
		checkLongConnect(o, report)
		checkBaseOverMax(o, report)
		checkRespected(o, report)
		checkLongQueue(o, report)
		checkLargeBody(u, o, report)
	}
	checkNoQueue(u, report)
	checkBudget(u, report)
}

func spell(d time.Duration) string { return policy.Spell(d) }
