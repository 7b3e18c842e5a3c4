package document

import (
	"bytes"
	"unicode/utf8"

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
