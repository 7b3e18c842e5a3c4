package compile

import (
	"slices"
	"strings"

	"outrigger/policy"
	"outrigger/policy/document"
)

// silence takes out the problems that an "outrigger:allow" comment on their line allows. The shape of a file is not a matter of
// opinion: what could not be read is not there, so the codes OR1xx cannot be silenced.
func (c *compiler) silence() {
	for _, root := range c.roots {
		for _, s := range root.Silences() {
			for _, code := range s.Codes {
				if strings.HasPrefix(code, "OR1") {
					c.report(policy.Problem{
						Code: document.CodeSilence, Severity: policy.Warning, Place: s.Place, Message: code + " cannot be silenced",
						Expected: "a code of the families OR2 to OR4", Suggestion: "mend what it says",
					})
				}
			}
			c.problems = slices.DeleteFunc(c.problems, func(p policy.Problem) bool {
				return p.Place.File == s.Place.File && p.Place.Line == s.Line && !strings.HasPrefix(p.Code, "OR1") && slices.Contains(s.Codes, p.Code)
			})
		}
	}
}
