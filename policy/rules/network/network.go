// Package network looks at the ports and addresses of a whole set: what listens where, what points at whom, and what anybody can
// reach.
//
// It knows addresses as they are written and resolves no name: a set is checked far from where it runs.
package network

import (
	"outrigger/policy"
	"outrigger/policy/rules"
)

// The codes of this package's problems. They are stable and each has a page in docs/checks.
const (
	CodeTwoListeners = "OR401"
	CodeOwnPort      = "OR402"
	CodeOpenAdmin    = "OR403"
)

// Check looks at a set; nothing is the place of a mistake in what nobody wrote. Safe for concurrent use.
func Check(set *policy.Set, nothing policy.Place, report rules.Report) {
	all := listeners(set)
	for i, l := range all {
		for _, earlier := range all[:i] {
			if l.port == earlier.port && l.port != 0 && overlap(l.host, earlier.host) {
				report(twoListeners(l, earlier, nothing))
			}
		}
	}
	for _, u := range set.All() {
		for _, e := range u.Endpoints {
			checkOwnPort(u, e, all, report)
		}
	}
	checkAdmin(set, report)
}
