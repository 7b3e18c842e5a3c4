package document

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"outrigger/policy"
)

// Silence is a comment "# outrigger:allow OR204 reason": the codes it names are not to be reported for one line.
type Silence struct {
	// Line is the line it speaks of: its own, or the next one that is not a comment when it stands alone.
	Line int
	// Codes are as written, at least one.
	Codes []string
	// Reason is why; never empty.
	Reason string
	// Place is that of the comment.
	Place policy.Place
}

// Silences returns the allow comments of the file that this node belongs to, in file order. Specs have none.
func (n *Node) Silences() []Silence {
	if n == nil {
		return nil
	}
	return slices.Clone(n.src.silences)
}

var (
	silenceMark = []byte("outrigger:allow")
	silenceForm = regexp.MustCompile(`^#+\s*outrigger:allow\b\s*(.*)$`)
	codeForm    = regexp.MustCompile(`^OR[0-9]{3}$`)
)

// findSilences reads the allow comments, and reports those that name no code or give no reason. A text that merely looks
// like one, in quotes or in a block, is none.
func (s *source) findSilences(root *yaml.Node) ([]Silence, policy.Problems) {
	if !bytes.Contains(s.data, silenceMark) {
		return nil, nil
	}
	texts := textSpans{src: s}
	texts.collect(root)
	var found []Silence
	var problems policy.Problems
	for i := range s.starts {
		line := s.line(i + 1)
		if !bytes.Contains(line, silenceMark) {
			continue
		}
		at := texts.comment(i+1, line)
		if at < 0 {
			continue
		}
		match := silenceForm.FindSubmatch(line[at:])
		if match == nil {
			continue
		}
		column := 1 + utf8.RuneCount(line[:at])
		silence := Silence{Line: i + 1, Place: policy.Place{File: s.file, Line: i + 1, Column: column, EndColumn: column + utf8.RuneCount(line[at:])}}
		silence.Codes, silence.Reason = splitCodes(string(match[1]))
		if p := silence.problem(); p != nil {
			problems = append(problems, *p)
			continue
		}
		if len(bytes.TrimSpace(line[:at])) == 0 {
			silence.Line = s.nextContent(i + 2)
		}
		found = append(found, silence)
	}
	return found, problems[:min(len(problems), policyLimits.problems)]
}

// splitCodes takes the codes at the start, by spaces or commas, and leaves the reason.
func splitCodes(text string) (codes []string, reason string) {
	rest := strings.TrimSpace(text)
	for rest != "" {
		end := strings.IndexAny(rest, " \t,")
		if end < 0 {
			end = len(rest)
		}
		if !codeForm.MatchString(rest[:end]) {
			break
		}
		codes = append(codes, rest[:end])
		rest = strings.TrimLeft(rest[end:], " \t,")
	}
	return codes, rest
}

func (s Silence) problem() *policy.Problem {
	p := policy.Problem{Code: CodeSilence, Severity: policy.Error, Place: s.Place,
		Expected: "# outrigger:allow OR204 why it is right here"}
	switch {
	case len(s.Codes) == 0:
		p.Message = "comment outrigger:allow names no code"
		p.Suggestion = "name the code that the problem shows in brackets, such as OR204"
	case s.Reason == "":
		p.Message = fmt.Sprintf("comment outrigger:allow silences %s without a reason", strings.Join(s.Codes, ", "))
		p.Suggestion = "add the reason behind the code"
	default:
		return nil
	}
	return &p
}

// nextContent returns the first line from n on that is neither empty nor a comment.
func (s *source) nextContent(n int) int {
	for ; n <= len(s.starts); n++ {
		if line := bytes.TrimSpace(s.line(n)); len(line) > 0 && line[0] != '#' {
			return n
		}
	}
	return n
}
