package document

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"outrigger/policy"
)

// syntaxProblem says in a user's words what the library refused, and where.
func (s *source) syntaxProblem(err error, depth *depthLimit) policy.Problem {
	p := policy.Problem{
		Code: CodeSyntax, Severity: policy.Error, Place: policy.Place{File: s.file, Line: 1, Column: 1},
		Message: "not YAML: " + err.Error(),
	}
	var load *yaml.LoadError
	if !errors.As(err, &load) {
		return p
	}
	if load.Mark.Line > 0 {
		p.Place = policy.Place{File: s.file, Line: load.Mark.Line, Column: load.Mark.Column}
	}
	if depth.broken {
		p.Code, p.Message = CodeTooDeep, "nested too deep"
		p.Expected = fmt.Sprintf("at most %d levels", depth.max)
		return p
	}
	p.Message = "not YAML: " + load.Message
	if load.ContextMsg != "" {
		p.Message += " " + load.ContextMsg
		if begin := load.ContextMark; begin.Line > 0 && begin.Line != load.Mark.Line {
			if s.neverClosed(load) { // that is where to mend it; the reader only noticed it later
				p.Message += fmt.Sprintf(", noticed in line %d", load.Mark.Line)
				p.Place, p.Because = policy.Place{File: s.file, Line: begin.Line, Column: begin.Column}, p.Place
			} else {
				p.Message += fmt.Sprintf(" that starts in line %d", begin.Line)
			}
		}
	}
	if load.Mark.Line == 0 {
		if offset, char := firstControl(s.data); offset >= 0 {
			p.Code, p.Place = CodeEncoding, s.at(offset)
			p.Message, p.Expected = fmt.Sprintf("control character U+%04X", char), "text"
			p.Suggestion = fmt.Sprintf("remove it, or write it as \"\\x%02x\" in double quotes", char)
			return p
		}
	}
	if rest := s.after(load.Mark.Line, load.Mark.Column); len(rest) > 0 && rest[0] == '\t' {
		p.Message = "not YAML: a tab stands where only spaces may"
	}
	p.Expected, p.Suggestion = s.advice(load)
	if at, found := s.swallowing(load.Mark.Line); found {
		p.Message = fmt.Sprintf("not YAML: a quote is open here, and the next one, in line %d, closes it", p.Place.Line)
		p.Because, p.Place = p.Place, at
		p.Expected, p.Suggestion = "a closing quote", "close it in its own line"
	}
	if at, found := s.leftOpen(); found && strings.Contains(load.Message, "mapping values are not allowed") && at.Line < p.Place.Line {
		p.Message = fmt.Sprintf("not YAML: %q is open here, and never closed; noticed in line %d", s.after(at.Line, at.Column)[:1], p.Place.Line)
		p.Because, p.Place = p.Place, at
		p.Expected, p.Suggestion = "a closing bracket or brace", "close the one that is open"
	}
	p.Place.EndColumn = s.wordEnd(p.Place)
	if word, key := s.uncoloned(load); word != "" {
		p.Place, p.Because = key, policy.Place{}
		p.Message, p.Expected = fmt.Sprintf("not YAML: a colon is missing behind %q", word), "\"key: value\", or \"key:\" above what is indented"
		p.Suggestion = fmt.Sprintf("write \"%s:\"", word)
	}
	return p
}

// neverClosed reports whether a quote, a bracket or a brace has no end. Where as many are closed as opened from it to the end of
// the file, a comma is missing.
func (s *source) neverClosed(load *yaml.LoadError) bool {
	if strings.Contains(load.Message, "unexpected end of stream") || strings.Contains(load.Message, "unexpected document indicator") {
		return true
	}
	if !strings.Contains(load.Message, "',' or") || load.ContextMark.Line > len(s.starts) {
		return false
	}
	text := s.data[s.starts[load.ContextMark.Line-1]:]
	return bytes.Count(text, []byte("["))+bytes.Count(text, []byte("{")) > bytes.Count(text, []byte("]"))+bytes.Count(text, []byte("}"))
}

// advice knows the slips behind the library's most frequent messages.
func (s *source) advice(load *yaml.LoadError) (expected, suggestion string) {
	rest := s.after(load.Mark.Line, load.Mark.Column)
	switch {
	case len(rest) > 0 && rest[0] == '\t' || strings.Contains(load.Message, "tab character"):
		return "spaces", "indent with spaces, never with tabs"
	case len(rest) > 0 && (rest[0] == '@' || rest[0] == '`' || rest[0] == '%'):
		return "a plain value", fmt.Sprintf("put a value that starts with %q in quotes", rest[0])
	case strings.Contains(load.Message, "mapping values are not allowed"):
		return "one \"key: value\" in a line", "put a value that holds \": \" in quotes, or check the indentation"
	case strings.Contains(load.Message, "unknown anchor"):
		return "an anchor written before it", "write \"&name\" where the value stands, or put a value that starts with \"*\" in quotes"
	case strings.Contains(load.Message, "',' or"):
		return "a closing bracket or brace", "close the one that is open"
	case strings.Contains(load.Message, "unexpected end of stream") || strings.Contains(load.Message, "found unexpected document indicator"):
		return "a closing quote", "close the one that is open"
	}
	return "well-formed YAML", "check the indentation and the punctuation of this line and the one before"
}

// firstControl finds the first character that YAML forbids in text (YAML 1.2.2 section 5.1).
func firstControl(data []byte) (offset int, char rune) {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r >= 0x7F && r < 0xA0 && r != 0x85 || r >= 0xFFFE && r <= 0xFFFF || r == 0xFEFF {
			return i, r
		}
		i += size
	}
	return -1, 0
}
