package document

import (
	"bytes"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"outrigger/policy"
)

// source is the text of a file by lines, to find where a value ends. The library gives only where it starts.
type source struct {
	file   string
	data   []byte
	starts []int32 // offset of the first byte of each line
	// silences are the allow comments, by line.
	silences []Silence
}

// byteOrderMark may stand at the start of the file and is no part of line 1.
var byteOrderMark = []byte("\xef\xbb\xbf")

func newSource(file string, data []byte) *source {
	s := &source{file: file, data: bytes.TrimPrefix(data, byteOrderMark)}
	s.starts = append(make([]int32, 0, bytes.Count(s.data, []byte{'\n'})+1), 0)
	for i := 0; i < len(s.data); i++ {
		if n := breakAt(s.data, i); n > 0 {
			i += n - 1
			s.starts = append(s.starts, int32(i+1))
		}
	}
	return s
}

// breakAt returns the length of the line break at i, or 0. YAML 1.1 also breaks lines at NEL, LS and PS, and the
// library counts them; an index with another opinion would point into the wrong line.
func breakAt(data []byte, i int) int {
	switch c := data[i]; {
	case c == '\n':
		return 1
	case c == '\r':
		if i+1 < len(data) && data[i+1] == '\n' {
			return 2
		}
		return 1
	case c == 0xC2 && i+1 < len(data) && data[i+1] == 0x85:
		return 2
	case c == 0xE2 && i+2 < len(data) && data[i+1] == 0x80 && (data[i+2] == 0xA8 || data[i+2] == 0xA9):
		return 3
	}
	return 0
}

// line returns line n, counted from 1, without its break; nil beyond the file.
func (s *source) line(n int) []byte {
	if n < 1 || n > len(s.starts) {
		return nil
	}
	end := len(s.data)
	if n < len(s.starts) {
		end = int(s.starts[n])
	}
	return bytes.TrimRight(s.data[s.starts[n-1]:end], "\r\n")
}

// maxColumn bounds the search for a column, so that a whole file on one line costs no square.
const maxColumn = 4096

// after returns the rest of the line from a column on; nil when there is none or it is too far out to look.
func (s *source) after(line, column int) []byte {
	rest := s.line(line)
	if column > maxColumn {
		return nil
	}
	for ; column > 1 && len(rest) > 0; column-- {
		_, size := utf8.DecodeRune(rest)
		rest = rest[size:]
	}
	return rest
}

// place is that of a text whose start is known and which stands unquoted on one line, or of its start alone.
func (s *source) place(line, column int, text string) policy.Place {
	p := policy.Place{File: s.file, Line: line, Column: column}
	if rest := s.after(line, column); text != "" && len(rest) >= len(text) && string(rest[:len(text)]) == text {
		p.EndColumn = column + utf8.RuneCountInString(text)
	}
	return p
}

// at turns a byte offset into a place; only for problems, it counts the line's runes.
func (s *source) at(offset int) policy.Place {
	line := 1
	for line < len(s.starts) && int(s.starts[line]) <= offset {
		line++
	}
	return policy.Place{File: s.file, Line: line, Column: 1 + utf8.RuneCount(s.data[s.starts[line-1]:offset])}
}

// scalarPlace returns where a scalar is written, its anchor and tag left out, with the end where it is on the same line.
func (s *source) scalarPlace(n *yaml.Node) policy.Place {
	if n.Kind == yaml.AliasNode {
		return s.place(n.Line, n.Column, "*"+n.Value)
	}
	p := policy.Place{File: s.file, Line: n.Line, Column: n.Column}
	rest := s.after(n.Line, n.Column)
	text := skipProperties(rest)
	p.Column += utf8.RuneCount(rest[:len(rest)-len(text)])
	if length := writtenLength(n, text); length > 0 {
		p.EndColumn = p.Column + utf8.RuneCount(text[:length])
	}
	return p
}

// skipProperties returns the text behind anchors and tags.
func skipProperties(text []byte) []byte {
	for len(text) > 0 && (text[0] == '&' || text[0] == '!') {
		i := bytes.IndexAny(text, " \t")
		if i < 0 {
			return text
		}
		text = bytes.TrimLeft(text[i:], " \t")
	}
	return text
}

// writtenLength returns how many bytes of the line a scalar takes, or 0 when it does not end on it.
func writtenLength(n *yaml.Node, text []byte) int {
	switch {
	case len(text) == 0:
		return 0
	case n.Style&yaml.DoubleQuotedStyle != 0:
		return quotedLength(text, '"')
	case n.Style&yaml.SingleQuotedStyle != 0:
		return quotedLength(text, '\'')
	case n.Style&quotedStyles != 0:
		return 0
	case len(text) >= len(n.Value) && string(text[:len(n.Value)]) == n.Value:
		return len(n.Value)
	}
	return 0
}

// quotedLength returns the length of the quoted text at the start of text, quotes included, or 0 when it does not close.
func quotedLength(text []byte, quote byte) int {
	if text[0] != quote {
		return 0
	}
	for i := 1; i < len(text); i++ {
		switch {
		case quote == '"' && text[i] == '\\':
			i++
		case text[i] == quote && quote == '\'' && i+1 < len(text) && text[i+1] == quote:
			i++
		case text[i] == quote:
			return i + 1
		}
	}
	return 0
}

// Lines finds the bytes of places in a text, by the same lines and columns that problems are reported at. Immutable, and safe for
// concurrent use.
type Lines struct {
	src  *source
	mark int // bytes of the mark before line 1
}

// NewLines reads the lines of a text, which must be UTF-8; it keeps the text.
func NewLines(data []byte) Lines {
	src := newSource("", data)
	return Lines{src, len(data) - len(src.data)}
}

// Span returns where a place with a known end starts and ends in the text, the end excluded; false when the text has no such place.
func (l Lines) Span(at policy.Place) (start, end int, ok bool) {
	line := l.src.line(at.Line)
	from, fits := skipRunes(line, at.Column-1)
	to, reaches := skipRunes(line, at.EndColumn-1)
	if line == nil || !fits || !reaches || to < from {
		return 0, 0, false
	}
	first := int(l.src.starts[at.Line-1]) + l.mark
	return first + from, first + to, true
}

// Line returns where line n, counted from 1, starts and where the next one does.
func (l Lines) Line(n int) (start, next int) {
	if n < 1 || n > len(l.src.starts) {
		return 0, 0
	}
	next = len(l.src.data)
	if n < len(l.src.starts) {
		next = int(l.src.starts[n])
	}
	return int(l.src.starts[n-1]) + l.mark, next + l.mark
}

// skipRunes returns how many bytes the first n runes of a line take; false when it has fewer.
func skipRunes(line []byte, n int) (length int, ok bool) {
	for ; n > 0 && length < len(line); n-- {
		_, size := utf8.DecodeRune(line[length:])
		length += size
	}
	return length, n == 0
}
