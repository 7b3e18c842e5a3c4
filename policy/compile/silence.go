package compile

import (
	"fmt"
	"slices"
	"strings"

	"outrigger/policy"
	"outrigger/policy/document"
)

// silence takes out the problems that an "outrigger:allow" comment on their line allows. The shape of a file is not a matter of
// opinion: what could not be read is not there, so the codes OR1xx cannot be silenced. On a line that names a spec, a comment also
// speaks for the warnings in the spec's own files: whoever writes a policy can seldom mend another team's spec.
func (c *compiler) silence() {
	var idle policy.Problems
	found := slices.Clone(c.problems) // two lines that name one spec speak for the same problems
	for _, root := range c.roots {
		for _, s := range root.Silences() {
			for _, code := range s.Codes {
				if strings.HasPrefix(code, "OR1") || !knownCode(code) {
					c.badSilence(s, code)
				} else if !c.silenceOne(s, code, found) {
					idle = append(idle, idleSilence(s, code))
				}
			}
		}
	}
	if !c.problems.HasErrors() { // what could not be read, or be found, may be what the comment is about
		c.problems = append(c.problems, idle...)
	}
}

// silenceOne takes out the problems of one code, and reports whether there were any among all that were found.
func (c *compiler) silenceOne(s document.Silence, code string, found policy.Problems) bool {
	specs := c.specsNamedAt(s)
	meant := func(p policy.Problem) bool {
		if p.Code != code {
			return false
		}
		return p.Place.File == s.Place.File && p.Place.Line == s.Line || p.Severity != policy.Error && within(p, specs)
	}
	c.problems = slices.DeleteFunc(c.problems, meant)
	if code == codePending || slices.ContainsFunc(specs, func(spec *catalog) bool { return !spec.checked }) {
		return true // warnings of schemas are found only where somebody asks for them
	}
	return slices.ContainsFunc(found, meant)
}

func knownCode(code string) bool {
	return slices.ContainsFunc(codeTable, func(c Code) bool { return c.Code == code })
}

func (c *compiler) badSilence(s document.Silence, code string) {
	p := policy.Problem{
		Code: document.CodeSilence, Severity: policy.Warning, Place: s.Place, Message: code + " cannot be silenced",
		Expected: "a code of the families OR2 to OR4", Suggestion: "mend what it says",
	}
	if !knownCode(code) {
		p.Message, p.Suggestion = code+" is no code of any check", "write the code that the problem shows in brackets"
	}
	c.report(p)
}

// idleSilence is a warning: the comment tells its readers of a danger that is no longer there, and would hide the next one.
func idleSilence(s document.Silence, code string) policy.Problem {
	p := policy.Problem{
		Code: document.CodeIdleSilence, Severity: policy.Warning, Place: s.Place,
		Message:  fmt.Sprintf("comment outrigger:allow silences %s, and nothing in line %d has that code", code, s.Line),
		Expected: "a comment that silences something", Suggestion: "remove the comment",
	}
	if len(s.Codes) == 1 {
		p.Fix = policy.Edit{Place: s.Place}
	} else {
		p.Suggestion = "remove the code"
	}
	return p
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
