package compile

import (
	"slices"
	"strings"

	"outrigger/policy"
	"outrigger/policy/document"
)

// silence takes out the problems that an "outrigger:allow" comment on their line allows. The shape of a file is not a matter of
// opinion: what could not be read is not there, so the codes OR1xx cannot be silenced. On a line that names a spec, a comment also
// speaks for the warnings in the spec's own files: whoever writes a policy can seldom mend another team's spec.
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
			specs := c.specsNamedAt(s)
			c.problems = slices.DeleteFunc(c.problems, func(p policy.Problem) bool {
				if strings.HasPrefix(p.Code, "OR1") || !slices.Contains(s.Codes, p.Code) {
					return false
				}
				return p.Place.File == s.Place.File && p.Place.Line == s.Line || p.Severity != policy.Error && within(p, specs)
			})
		}
	}
}

// specsNamedAt returns the specs that the line of a comment names.
func (c *compiler) specsNamedAt(s document.Silence) []*catalog {
	var named []*catalog
	for _, spec := range c.specs {
		if spec.place.File == s.Place.File && spec.place.Line == s.Line {
			named = append(named, c.catalogs[spec.path])
		}
	}
	return named
}

func within(p policy.Problem, specs []*catalog) bool {
	return slices.ContainsFunc(specs, func(spec *catalog) bool { return spec.files[p.Place.File] })
}
