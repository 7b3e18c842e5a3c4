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

// swallowing finds the double quote that nobody closed and that took the text up to the next quote, which was to open another
// value: that one is in the given line, where the reader gave up, and text follows it that cannot follow a closing quote.
func (s *source) swallowing(line int) (at policy.Place, found bool) {
	if line > len(s.starts) {
		return policy.Place{}, false
	}
	opened, openedLine := -1, 0
	for n := 1; n <= line; n++ {
		text := s.line(n)
		for i := 0; i < len(text); i++ {
			switch c := text[i]; {
			case opened >= 0 && c == '\\':
				i++
			case c == '"' && opened >= 0:
				if n == line && openedLine < n && i+1 < len(text) && strings.IndexByte(" \t,:]}#", text[i+1]) < 0 {
					return s.at(opened), true
				}
				opened = -1
			case c == '"' && startsValue(text[:i]):
				opened, openedLine = int(s.starts[n-1])+i, n
			case c == '#' && opened < 0 && (i == 0 || text[i-1] == ' '):
				i = len(text)
			}
		}
	}
	return policy.Place{}, false
}

// leftOpen finds the innermost bracket or brace that begins a value and is open at the end of the file.
func (s *source) leftOpen() (at policy.Place, found bool) {
	var open []int
	before, quote := byte(':'), byte(0) // the last character that is no space, and the quote that a text stands in
	for i := 0; i < len(s.data); i++ {
		c := s.data[i]
		begins := strings.IndexByte(":-,[{", before) >= 0
		switch {
		case quote != 0:
			if c == '\\' && quote == '"' {
				i++
			} else if c == quote {
				quote = 0
			}
		case c == '\n' && len(open) == 0:
			before = ':' // a line of its own begins a value
			continue
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			continue
		case c == '#' && (i == 0 || strings.IndexByte(" \t\n", s.data[i-1]) >= 0):
			for i+1 < len(s.data) && s.data[i+1] != '\n' {
				i++
			}
			continue
		case (c == '"' || c == '\'') && begins:
			quote = c
		case (c == '[' || c == '{') && begins:
			open = append(open, i)
		case (c == ']' || c == '}') && len(open) > 0:
			open = open[:len(open)-1]
		}
		before = c
	}
	if len(open) == 0 {
		return policy.Place{}, false
	}
	return s.at(open[len(open)-1]), true
}

// startsValue reports whether a quote that follows text begins a value; elsewhere it is a character like any other.
func startsValue(text []byte) bool {
	return len(text) == 0 || strings.IndexByte(" \t[{,", text[len(text)-1]) >= 0
}

// wordEnd is the column behind the word at a place where the reader gave up; 0 where none stands there.
func (s *source) wordEnd(at policy.Place) int {
	rest := s.after(at.Line, at.Column)
	if len(rest) == 0 || strings.IndexByte("[]{}:,-?|>#%@` \t", rest[0]) >= 0 {
		return 0
	}
	end := bytes.IndexAny(rest, " \t,]}")
	if end < 0 {
		end = len(rest)
	}
	if end > 1 && rest[end-1] == ':' {
		end--
	}
	if end == 0 {
		return 0
	}
	return at.Column + utf8.RuneCount(rest[:end])
}
