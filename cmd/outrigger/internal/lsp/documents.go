package lsp

import (
	"errors"
	"net/url"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// buffer is a text that is open in the editor.
type buffer struct {
	uri, path string
	version   int
	text      string
}

// maxDocuments bounds how many texts are kept; what is opened beyond is not known.
const maxDocuments = 1000

var (
	errNoParams = errors.New("params are missing")
	errRange    = errors.New("range is not in the document")
	errNoFile   = errors.New("it is no regular file")
)

// pathOf returns the file that a URI names; false for one that is none on this machine.
func pathOf(uri string) (string, bool) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" || u.Host != "" && u.Host != "localhost" || u.Path == "" {
		return "", false
	}
	return filepath.Clean(filepath.FromSlash(u.Path)), true
}

func uriOf(path string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
}

// apply makes a change; without a range the text is a new one.
func (b *buffer) apply(c change) error {
	if c.Range == nil {
		b.text = c.Text
		return nil
	}
	from, to := offset(b.text, c.Range.Start), offset(b.text, c.Range.End)
	if from < 0 || to < from {
		return errRange
	}
	b.text = b.text[:from] + c.Text + b.text[to:]
	return nil
}

// lineOf returns a line of a text, counted from 0, without its break, and where it starts; false beyond the text. Lines end as the
// protocol says ("Text Documents"): by \n, \r\n or \r.
func lineOf(text string, n int) (line string, start int, ok bool) {
	for ; n > 0; n-- {
		i := strings.IndexAny(text[start:], "\r\n")
		if i < 0 {
			return "", 0, false
		}
		start += i + 1
		if text[start-1] == '\r' && strings.HasPrefix(text[start:], "\n") {
			start++
		}
	}
	line = text[start:]
	if i := strings.IndexAny(line, "\r\n"); i >= 0 {
		line = line[:i]
	}
	return line, start, n == 0
}

// positionAt is the position of a byte of a text.
func positionAt(text string, offset int) position {
	at := position{}
	for {
		line, _, _ := lineOf(text, 0)
		if offset <= len(line) {
			for _, r := range line[:offset] {
				at.Character += unitsOf(r)
			}
			return at
		}
		_, next, more := lineOf(text, 1)
		if !more || offset < next {
			return at // within a break
		}
		text, offset = text[next:], offset-next
		at.Line++
	}
}

// offset is where a position stands in a text, at the end of its line when the line is shorter; -1 when there is no such line.
func offset(text string, p position) int {
	line, start, ok := lineOf(text, p.Line)
	if !ok || p.Character < 0 {
		return -1
	}
	return start + bytesOf(line, p.Character)
}

// bytesOf is the length in bytes of the first so many UTF-16 code units of a line.
func bytesOf(line string, units int) int {
	at := 0
	for units > 0 && at < len(line) {
		r, size := utf8.DecodeRuneInString(line[at:])
		units -= unitsOf(r)
		at += size
	}
	return at
}

func unitsOf(r rune) int {
	if r > 0xffff {
		return 2
	}
	return 1
}

// toRunes returns the line and column from 1, the column in runes, of a position.
func toRunes(text string, p position) (line, column int) {
	content, _, _ := lineOf(text, p.Line)
	return p.Line + 1, 1 + utf8.RuneCountInString(content[:bytesOf(content, max(p.Character, 0))])
}

// fromRunes returns the position of a line and column that count from 1, the column in runes.
func fromRunes(text string, line, column int) position {
	content, _, _ := lineOf(text, max(line, 1)-1)
	units := 0
	for _, r := range content {
		if column--; column < 1 {
			break
		}
		units += unitsOf(r)
	}
	return position{max(line, 1) - 1, units}
}
