// Package mend applies the edits that problems carry to the text of a policy file, and writes values into it.
//
// It changes bytes at places and nothing else: comments, order and layout stay as their author wrote them. It refuses to know why an
// edit is right, which is for whoever found the problem to know, and reads and writes no file.
package mend

import (
	"bytes"
	"cmp"
	"slices"

	"outrigger/policy"
	"outrigger/policy/document"
)

// change is an edit with the bytes that it replaces.
type change struct {
	start, end int
	line       int
	text       string
}

// Apply makes the edits of the errors and warnings among problems that are in the named file, and returns the new text and the
// number of edits made. Of edits that overlap only the first is made: check again, and apply what is left. Edits that would leave
// no YAML are not made. Without an edit it returns data itself, which it never changes. Safe for concurrent use.
func Apply(file string, data []byte, problems policy.Problems) (mended []byte, edits int) {
	lines := document.NewLines(data)
	var changes []change
	for _, p := range problems {
		if p.Fix.IsZero() || p.Fix.Place.File != file || p.Severity == policy.Info {
			continue
		}
		if start, end, ok := lines.Span(p.Fix.Place); ok {
			changes = append(changes, change{start, end, p.Fix.Place.Line, p.Fix.Text})
		}
	}
	if len(changes) == 0 {
		return data, 0
	}
	slices.SortStableFunc(changes, func(a, b change) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end)) })
	at := 0
	for _, c := range changes {
		if c.start < at {
			continue
		}
		if c.text == "" {
			c.widen(data, lines)
			c.start = max(c.start, at)
		}
		mended = append(mended, data[at:c.start]...)
		mended = append(mended, c.text...)
		at = c.end
		edits++
	}
	mended = append(mended, data[at:]...)
	if !readable(file, mended) {
		return data, 0
	}
	return mended, edits
}

// readable guards against an edit at a place that was told wrongly: a file is not left worse than it was.
func readable(file string, text []byte) bool {
	root, problems := document.Parse(file, text)
	return root != nil && !slices.ContainsFunc(problems, func(p policy.Problem) bool { return p.Code == document.CodeDuplicateKey })
}

// widen takes with a removed text the blanks before it, where nothing follows in its line, and the whole line, where nothing is left.
func (c *change) widen(data []byte, lines document.Lines) {
	first, next := lines.Line(c.line)
	before := bytes.TrimRight(data[first:c.start], " \t")
	if rest := bytes.TrimLeft(data[c.end:next], " \t"); len(bytes.TrimSpace(rest)) > 0 {
		if len(before) == 0 { // a comment takes its place
			c.end = next - len(rest)
		}
		return
	}
	c.start = first + len(before)
	if len(before) == 0 {
		c.end = next
	}
}
