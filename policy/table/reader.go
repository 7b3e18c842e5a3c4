package table

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"outrigger/policy"
	"outrigger/policy/document"
	"outrigger/policy/spelling"
)

// The codes of a table's problems are those of the same mistakes in a policy, and so are their pages.
const (
	codeUnknownKey = "OR120"
	codeType       = "OR121"
	codeRange      = "OR122"
	codeMissingKey = "OR123"
	codeSpelling   = "OR126"
	codeTwice      = "OR129"
)

// reader gathers what is wrong while a table is read.
type reader struct {
	problems policy.Problems
}

// fields are the keys that a mapping may have, each with how its value is read.
type fields map[string]func(n *document.Node)

// mapping reads n by its fields; what names it in messages.
func (r *reader) mapping(n *document.Node, what string, f fields) {
	if n.Kind() != document.Mapping {
		r.wrongType(n, what, "a mapping")
		return
	}
	known := make([]string, 0, len(f))
	for key := range f {
		known = append(known, key)
	}
	slices.Sort(known)
	for _, e := range n.Entries() {
		read, ok := f[e.Key]
		switch {
		case !ok:
			r.unknownKey(e, what, known)
		case e.Value.Kind() == document.Null:
			r.fail(codeType, e.KeyPlace, e.Key+" has no value", "a value, or no such key")
		default:
			read(e.Value)
		}
	}
}

func (r *reader) unknownKey(e document.Entry, what string, known []string) {
	p := policy.Problem{
		Code: codeUnknownKey, Severity: policy.Error, Place: e.KeyPlace,
		Message: fmt.Sprintf("unknown key %q in %s", e.Key, what), Expected: spelling.Either(known),
	}
	if meant := spelling.Nearest(e.Key, known); meant != "" {
		p.Suggestion = fmt.Sprintf("did you mean %q?", meant)
	}
	r.problems = append(r.problems, p)
}

// fail reports an error; advice is what was expected and, if there is more to say, what to write instead.
func (r *reader) fail(code string, at policy.Place, message string, advice ...string) {
	p := policy.Problem{Code: code, Severity: policy.Error, Place: at, Message: message}
	if len(advice) > 0 {
		p.Expected = advice[0]
	}
	if len(advice) > 1 {
		p.Suggestion = advice[1]
	}
	r.problems = append(r.problems, p)
}

func (r *reader) wrongType(n *document.Node, what, expected string) {
	got := n.Kind().String()
	if n.Kind() == document.Scalar {
		got = fmt.Sprintf("the value %q", n.Text())
	}
	r.fail(codeType, n.Place(), what+" is "+got, expected)
}

// text reads a scalar.
func (r *reader) text(n *document.Node, what, expected string) (string, bool) {
	if n.Kind() != document.Scalar {
		r.wrongType(n, what, expected)
		return "", false
	}
	return n.Text(), true
}

// word reads one of a few words.
func (r *reader) word(n *document.Node, what string, words ...string) (string, bool) {
	text, ok := r.text(n, what, spelling.Either(words))
	if !ok || slices.Contains(words, text) {
		return text, ok
	}
	instead := spelling.Nearest(text, words)
	if instead != "" {
		instead = "write " + instead
	}
	r.fail(codeRange, n.Place(), fmt.Sprintf("%s: %q is not a value it can have", what, text), spelling.Either(words), instead)
	return "", false
}

func (r *reader) integer(n *document.Node, what string, low, high int) (int, bool) {
	expected := fmt.Sprintf("a whole number, %d to %d", low, high)
	text, ok := r.text(n, what, expected)
	if !ok {
		return 0, false
	}
	v, err := strconv.Atoi(text)
	if err != nil || v < low || v > high {
		r.fail(codeRange, n.Place(), fmt.Sprintf("%s: %s is not a number it can have", what, text), expected)
		return 0, false
	}
	return v, true
}

// longest bounds every span of time: a day of fake time is enough for any window.
const longest = 24 * time.Hour

func (r *reader) duration(n *document.Node, what string) (time.Duration, bool) {
	const expected = "a duration such as 250ms, 2s or 1m30s"
	text, ok := r.text(n, what, expected)
	if !ok {
		return 0, false
	}
	d, spelt := spelling.Duration(text)
	if !spelt || d > longest {
		r.fail(codeSpelling, n.Place(), fmt.Sprintf("%s: %q is not a duration of at most %s", what, text, policy.Spell(longest)), expected)
		return 0, false
	}
	return d, true
}

// mostBody bounds the bodies of requests and answers.
const mostBody = 4 << 20

// size gives 0 after reporting why there is none.
func (r *reader) size(n *document.Node, what string) int64 {
	expected := "a size such as 64KiB, at most " + policy.SpellSize(mostBody)
	text, ok := r.text(n, what, expected)
	if !ok {
		return 0
	}
	v, isAmount := spelling.Amount(text)
	if !isAmount || !spelling.Same(text, policy.SpellSize(int64(v))) || v > mostBody {
		r.fail(codeSpelling, n.Place(), fmt.Sprintf("%s: %q is not a size it can have", what, text), expected)
		return 0
	}
	return int64(v)
}

// items reads a list; a single value is reported with what to write.
func (r *reader) items(n *document.Node, what string, read func(*document.Node)) {
	switch n.Kind() {
	case document.Sequence:
		for _, item := range n.Items() {
			read(item)
		}
	case document.Scalar:
		r.fail(codeType, n.Place(), what+" is one value", "a list", fmt.Sprintf("write [%s]", n.Text()))
	default:
		r.wrongType(n, what, "a list")
	}
}

// wanted keeps a value that was read with its place.
func wanted[T any](n *document.Node, v T, ok bool) *Wanted[T] {
	if !ok {
		return nil
	}
	return &Wanted[T]{v, n.Place()}
}
