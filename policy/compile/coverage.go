package compile

import (
	"fmt"
	"slices"

	"outrigger/policy"
)

// shownUncovered is how many operations are named of those that have no policy of their own.
const shownUncovered = 5

// checkCoverage tells which operations of a spec have no policy of their own. That is no mistake, so nobody is told unasked.
func (c *compiler) checkCoverage(s *source) {
	if !c.options.Coverage || s.catalog == nil || s.catalog.broken {
		return
	}
	declared, names := 0, []string{}
	for _, d := range s.ops {
		if d.spec == nil {
			continue
		}
		declared++
		if d.key.Value == nil {
			names = append(names, d.ID)
		}
	}
	if len(names) == 0 {
		return
	}
	shown := names
	if len(names) > shownUncovered {
		shown = slices.Concat(names[:shownUncovered], []string{fmt.Sprintf("%d more", len(names)-shownUncovered)})
	}
	c.report(policy.Problem{
		Code: codeUncovered, Severity: policy.Info, Place: s.written.spec.place,
		Message:    fmt.Sprintf("%d of %d operations of %s have no policy of their own: %s", len(names), declared, s.title(), list(shown)),
		Suggestion: "see with outrigger explain what holds for them; write a policy for those that it does not suit",
	})
}
