package mend

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"outrigger/policy"
	"outrigger/policy/document"
)

// Change is one value to write.
type Change struct {
	// Path are the keys that lead to the value from the root of the file; those that are missing are written too.
	Path []string
	// Value is YAML on one line.
	Value string
}

// Write returns data with one change made. A value that stands there already is replaced if it is a scalar on one line. What is
// written behind an anchor or an alias is left alone with an error, because others share it. Safe for concurrent use.
func Write(file string, data []byte, c Change) ([]byte, error) {
	root, problems := document.Parse(file, data)
	if root == nil || problems.HasErrors() {
		return nil, fmt.Errorf("%s cannot be read", file)
	}
	t := text{lines: slices.Collect(strings.Lines(string(data)))}
	node := root
	for i, key := range c.Path {
		entry, there := own(node, key)
		if !there {
			return t.insert(node, quote(key)+": "+nest(c.Path[i+1:], c.Value))
		}
		if t.shared(entry) {
			return nil, fmt.Errorf("%s: %s is shared by an anchor", entry.KeyPlace, key)
		}
		if entry.Value.Kind() == document.Null {
			return nil, fmt.Errorf("%s: %s has no value", entry.KeyPlace, key)
		}
		node = entry.Value
	}
	if node.Kind() != document.Scalar || node.Place().EndColumn == 0 {
		return nil, fmt.Errorf("%s: more than one value stands here", node.Place())
	}
	return t.replace(node.Place(), c.Value), nil
}

// own finds a key that the mapping has itself. What it has by a merge stands before it, where the anchor is.
func own(n *document.Node, key string) (document.Entry, bool) {
	for _, e := range n.Entries() {
		if e.Key == key {
			return e, !before(e.KeyPlace, n.Place())
		}
	}
	return document.Entry{}, false
}

func before(a, b policy.Place) bool {
	return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column)) < 0
}

// nest wraps a value into the keys that lead to it.
func nest(path []string, value string) string {
	for _, key := range slices.Backward(path) {
		value = "{" + quote(key) + ": " + value + "}"
	}
	return value
}

var plain = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// quote writes a key so that it is read as that text wherever it stands, in YAML 1.1 too.
func quote(key string) string {
	switch strings.ToLower(key) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return `"` + key + `"`
	}
	if plain.MatchString(key) {
		return key
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(key) + `"`
}

// text is a file by its lines, each with its end.
type text struct{ lines []string }

// shared says whether the value of an entry is an alias, or has an anchor by which others refer to it. Both may stand in a line below
// the key, behind a tag or a comment.
func (t *text) shared(e document.Entry) bool {
	if e.KeyPlace.EndColumn == 0 {
		return true // its end is not known, so what follows is not either
	}
	_, rest := t.cut(e.KeyPlace.Line, e.KeyPlace.EndColumn)
	rest += strings.Join(t.lines[e.KeyPlace.Line:], "")
	for {
		rest = strings.TrimLeft(rest, ": \t\r\n")
		switch {
		case strings.HasPrefix(rest, "#"):
			_, rest, _ = strings.Cut(rest, "\n")
		case strings.HasPrefix(rest, "!"):
			rest = rest[len(strings.FieldsFunc(rest, unicode.IsSpace)[0]):]
		default:
			return strings.HasPrefix(rest, "*") || strings.HasPrefix(rest, "&")
		}
	}
}

// cut parts a line before a column, which counts runes from 1.
func (t *text) cut(line, column int) (left, right string) {
	if line < 1 || line > len(t.lines) || column < 1 {
		return "", ""
	}
	runes := []rune(t.lines[line-1])
	column = min(column-1, len(runes))
	return string(runes[:column]), string(runes[column:])
}

func (t *text) replace(at policy.Place, value string) []byte {
	left, _ := t.cut(at.Line, at.Column)
	_, after := t.cut(at.Line, at.EndColumn)
	t.lines[at.Line-1] = left + value + after
	return []byte(strings.Join(t.lines, ""))
}

// insert puts an entry at the top of a mapping: behind the brace of one in braces, else on a line of its own.
func (t *text) insert(n *document.Node, entry string) ([]byte, error) {
	if n.Kind() != document.Mapping {
		return nil, fmt.Errorf("%s: not a mapping", n.Place())
	}
	left, after := t.cut(n.Place().Line, n.Place().Column)
	if rest, braces := strings.CutPrefix(after, "{"); braces {
		if n.Len() > 0 {
			entry += ", "
		}
		t.lines[n.Place().Line-1] = left + "{" + entry + rest
		return []byte(strings.Join(t.lines, "")), nil
	}
	if n.Len() == 0 {
		return nil, errors.New("an empty mapping has no line to write to")
	}
	first := n.Entries()[0].KeyPlace
	if before(first, n.Place()) {
		return nil, fmt.Errorf("%s: all that stands here is merged from elsewhere", n.Place())
	}
	indent, _ := t.cut(first.Line, first.Column)
	if strings.TrimSpace(indent) != "" {
		return nil, fmt.Errorf("%s: the mapping does not begin on a line of its own", first)
	}
	line := first.Line - 1
	for line > 0 && strings.HasPrefix(strings.TrimLeft(t.lines[line-1], " \t"), "#") {
		line-- // the comment above an entry stays with it
	}
	end := "\n"
	if strings.HasSuffix(t.lines[first.Line-1], "\r\n") {
		end = "\r\n"
	}
	t.lines = slices.Insert(t.lines, line, indent+entry+end)
	return []byte(strings.Join(t.lines, "")), nil
}
