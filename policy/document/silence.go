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
	// Reason is why. Where it is missing, that is the problem, and not what the comment silences.
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
	silenceMark = []byte("outrigger")
	silenceForm = regexp.MustCompile(`^#+\s*outrigger:allow\b\s*(.*)$`)
	// nearSilence is a comment that means to be one, in another spelling: "outrigger: allow OR204", "outrigger:ignore OR204".
	nearSilence = regexp.MustCompile(`^#+\s*outrigger\s*:?\s*(?:allow|alow|ignore|disable|silence|skip|nolint)\b:?\s*(OR[0-9]{3}\b.*)$`)
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
		match, near := silenceForm.FindSubmatch(line[at:]), nearSilence.FindSubmatch(line[at:])
		if match == nil && near == nil {
			continue
		}
		column := 1 + utf8.RuneCount(line[:at])
		silence := Silence{Line: i + 1, Place: policy.Place{File: s.file, Line: i + 1, Column: column, EndColumn: column + utf8.RuneCount(line[at:])}}
		if match == nil {
			problems = append(problems, misspeltSilence(silence.Place, string(near[1])))
			continue
		}
		silence.Codes, silence.Reason = splitCodes(string(match[1]))
		if p := silence.problem(); p != nil {
			problems = append(problems, *p)
			if len(silence.Codes) == 0 {
				continue
			}
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

func misspeltSilence(at policy.Place, rest string) policy.Problem {
	return policy.Problem{
		Code: CodeSilence, Severity: policy.Error, Place: at, Message: "comment silences nothing: it is not spelt outrigger:allow",
		Expected: "# outrigger:allow OR204 why it is right here", Suggestion: "write # outrigger:allow " + rest,
	}
}

func (s Silence) problem() *policy.Problem {
	p := policy.Problem{
		Code: CodeSilence, Severity: policy.Error, Place: s.Place,
		Expected: "# outrigger:allow OR204 why it is right here",
	}
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

// span is a stretch of the file in bytes, end excluded.
type span struct{ start, end int }

// textSpans knows where quoted and block scalars stand, in which a "#" starts no comment. In plain ones it cannot stand.
type textSpans struct {
	src   *source
	spans []span
}

func (t *textSpans) collect(n *yaml.Node) {
	for _, child := range n.Content {
		t.collect(child)
	}
	if n.Kind != yaml.ScalarNode || n.Style&quotedStyles == 0 {
		return
	}
	rest := skipProperties(t.src.after(n.Line, n.Column))
	if len(rest) == 0 {
		return
	}
	line := t.src.line(n.Line)
	start := int(t.src.starts[n.Line-1]) + len(line) - len(rest)
	switch {
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		if length := quotedLength(t.src.data[start:], rest[0]); length > 0 {
			t.spans = append(t.spans, span{start, start + length})
		}
	case strings.TrimSpace(n.Value) != "":
		t.spans = append(t.spans, t.block(n.Line+1))
	}
}

// block returns the lines of a block scalar whose first is n: its first line with text sets the indentation, and the
// first line with less ends it. Text that an indentation indicator lets stand deeper is still inside.
func (t *textSpans) block(n int) span {
	if n > len(t.src.starts) {
		return span{}
	}
	result := span{start: int(t.src.starts[n-1])}
	indent := -1
	for ; n <= len(t.src.starts); n++ {
		line := t.src.line(n)
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		own := len(line) - len(bytes.TrimLeft(line, " "))
		if indent < 0 {
			indent = own
		}
		if own < indent {
			break
		}
		result.end = int(t.src.starts[n-1]) + len(line)
	}
	return result
}

// comment returns where in a line its comment starts, or -1: a "#" at its start or behind white space, in no text.
func (t *textSpans) comment(n int, line []byte) int {
	start := int(t.src.starts[n-1])
	for i, c := range line {
		if c == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') && !t.inside(start+i) {
			return i
		}
	}
	return -1
}

// inside looks among the spans by halves: they were collected in file order.
func (t *textSpans) inside(offset int) bool {
	after, _ := slices.BinarySearchFunc(t.spans, offset, func(s span, offset int) int {
		if s.start <= offset {
			return -1
		}
		return 1
	})
	return after > 0 && offset < t.spans[after-1].end
}
