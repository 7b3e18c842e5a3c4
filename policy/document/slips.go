package document

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"outrigger/policy"
)

// The reader gives up where a text cannot go on, which is often lines behind the slip of the hand. These searches look for the slip.

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

// keyAlone is a line that begins with a word that could be a key, has no colon behind it and goes on with a value or ends.
var keyAlone = regexp.MustCompile(`^( *)([A-Za-z][A-Za-z0-9_-]*)( *| +(?:[^:#]|:[^ ])*)( #.*)?$`)

// keyBeforeFlow is a line with such a word in front of a bracket or brace.
var keyBeforeFlow = regexp.MustCompile(`^( *)([A-Za-z][A-Za-z0-9_-]*) +[\[{]`)

// uncoloned finds the key whose colon was forgotten, which the reader notices at the next colon or key.
func (s *source) uncoloned(load *yaml.LoadError) (word string, at policy.Place) {
	line, form := load.Mark.Line, keyBeforeFlow
	if !form.Match(s.line(line)) {
		form = keyAlone
		switch {
		case strings.Contains(load.Message, "could not find expected ':'"):
			line = load.ContextMark.Line
		case strings.Contains(load.Message, "mapping values are not allowed"):
			line = s.lineAbove(line)
		default:
			return "", policy.Place{}
		}
	}
	m := form.FindSubmatch(s.line(line))
	if len(m) == 0 || form == keyAlone && s.continues(line, len(m[1])) {
		return "", policy.Place{}
	}
	return string(m[2]), policy.Place{File: s.file, Line: line, Column: 1 + len(m[1]), EndColumn: 1 + len(m[1]) + len(m[2])}
}

// lineAbove is the number of the nearest line above that has more than spaces and comments; 0 where none has.
func (s *source) lineAbove(line int) int {
	for line--; line > 0; line-- {
		if text := bytes.TrimSpace(s.line(line)); len(text) > 0 && text[0] != '#' {
			break
		}
	}
	return line
}

// continues reports whether a line goes on with the text that the line above it begins: it is deeper, and that one has a value.
func (s *source) continues(line, indent int) bool {
	above := s.line(s.lineAbove(line))
	return len(above)-len(bytes.TrimLeft(above, " ")) < indent && !bytes.HasSuffix(bytes.TrimSpace(above), []byte(":"))
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
