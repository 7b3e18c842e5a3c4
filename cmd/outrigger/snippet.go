package main

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"

	"golang.org/x/text/width"

	"outrigger/policy"
)

// longestLine is how much of a line is shown; a spec can be one line.
const longestLine = 200

// farthestColumn is up to where a line is looked at: a spec of megabytes in one line is not walked through for each problem.
const farthestColumn = 10_000

// longestText is how much of a message is shown; what a file says in it can be any length.
const longestText = 1000

// snippet draws a line of a file with a caret under each character of a place: the line, and the line of carets.
func snippet(at policy.Place, line string) (text, carets string) {
	runes := []rune(line)
	start, end := min(at.Column-1, len(runes)), max(at.Column, at.EndColumn-1)
	if len(runes) > longestLine { // show the part around the token
		from := max(0, start-longestLine/2)
		runes = runes[from:min(len(runes), from+longestLine)]
		start, end = start-from, end-from
	}
	end = max(start+1, min(end, len(runes)))
	var shown, marks strings.Builder
	for i, r := range runes {
		drawn := string(r)
		if r != '\t' {
			drawn = visible(drawn)
		}
		shown.WriteString(drawn)
		switch columns := columnsOf(drawn); {
		case i >= end:
		case i >= start:
			marks.WriteString(strings.Repeat("^", max(1, columns)))
		case r == '\t':
			marks.WriteByte('\t')
		default:
			marks.WriteString(strings.Repeat(" ", columns))
		}
	}
	if start >= len(runes) {
		marks.WriteByte('^')
	}
	return shown.String(), marks.String()
}

// columnsOf is how many columns of a terminal a text takes: East Asian wide characters two, combining marks none.
func columnsOf(text string) int {
	n := 0
	for _, r := range text {
		switch kind := width.LookupRune(r).Kind(); {
		case unicode.In(r, unicode.Mn, unicode.Me):
		case kind == width.EastAsianWide || kind == width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}

// visible escapes what a terminal would take for a command, or would not show; breaks of lines and tabs stay.
func visible(text string) string {
	hidden := func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) }
	if !strings.ContainsFunc(text, hidden) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if hidden(r) {
			for _, unit := range utf16.AppendRune(nil, r) { // as JSON has it
				fmt.Fprintf(&b, "\\u%04x", unit)
			}
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// oneLine is visible text of at most longestText characters without breaks of lines: the middle of a longer one is left out.
func oneLine(text string) string {
	if runes := []rune(text); len(runes) > longestText {
		text = string(runes[:longestText/2]) + " ... " + string(runes[len(runes)-longestText/2:])
	}
	return strings.NewReplacer("\n", "\\n", "\t", "\\t").Replace(visible(text))
}
