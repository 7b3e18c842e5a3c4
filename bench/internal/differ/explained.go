package differ

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
)

//go:embed explained.txt
var explanations string

// Explanation says why one kind of disagreement is right.
type Explanation struct {
	Name, Why string
	direction Direction
	kind      Kind
	others    []string // nil for all
	// Patterns of our status and reason, theirs, the first message that we found and they did not, and the bytes of the case.
	ours, theirs, message, bytes *regexp.Regexp
	// badChunks wants the case to hold chunks that the grammar does not allow.
	badChunks bool
}

// Explained returns the table of explanations.
func Explained() ([]Explanation, error) { return parseExplanations(explanations) }

// parseExplanations reads paragraphs of "key: value" lines, why as often as it takes; # begins a comment line. Keys: name, direction, kind, why, and to
// narrow it down: others (names with commas), bad-chunks (yes), and the patterns ours, theirs, message and bytes.
func parseExplanations(text string) ([]Explanation, error) {
	var all []Explanation
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		var e Explanation
		empty := true
		for line := range strings.Lines(paragraph) {
			line = strings.TrimSpace(line)
			if line == "" || line[0] == '#' {
				continue
			}
			empty = false
			if err := e.set(line); err != nil {
				return nil, err
			}
		}
		if empty {
			continue
		}
		if e.Name == "" || e.Why == "" || e.kind == "" || e.direction == "" || !e.narrow() {
			return nil, fmt.Errorf("explanation %q: name, direction, kind, why and one of ours, message, bytes and bad-chunks expected", e.Name)
		}
		all = append(all, e)
	}
	return all, nil
}

func (e *Explanation) set(line string) error {
	key, value, found := strings.Cut(line, ": ")
	if !found {
		return fmt.Errorf("explanations: %q: key: value expected", line)
	}
	var err error
	switch key {
	case "name":
		e.Name = value
	case "why":
		e.Why = strings.TrimSpace(e.Why + " " + value)
	case "direction":
		e.direction = Direction(value)
	case "kind":
		e.kind = Kind(value)
	case "others":
		e.others = strings.Split(value, ",")
	case "bad-chunks":
		e.badChunks = value == "yes"
	case "ours":
		e.ours, err = regexp.Compile(value)
	case "theirs":
		e.theirs, err = regexp.Compile(value)
	case "message":
		e.message, err = regexp.Compile(value)
	case "bytes":
		e.bytes, err = regexp.Compile("(?s)" + value)
	default:
		return fmt.Errorf("explanations: %q: unknown key %q", line, key)
	}
	return err
}

// narrow reports that an explanation says what it is about, and not only whom it is about.
func (e *Explanation) narrow() bool {
	return e.ours != nil || e.message != nil || e.bytes != nil || e.badChunks
}

func (e *Explanation) fits(d Disagreement) bool {
	return e.direction == d.Direction && e.kind == d.Kind && (e.others == nil || contains(e.others, d.Other)) &&
		matches(e.ours, d.Ours.answer()) && matches(e.theirs, d.Theirs.answer()) && matches(e.message, d.first()) &&
		matches(e.bytes, string(d.Case.Bytes)) && (!e.badChunks || !wellChunked(d.Case.Bytes))
}

func matches(pattern *regexp.Regexp, s string) bool { return pattern == nil || pattern.MatchString(s) }

func contains(list []string, s string) bool {
	for _, one := range list {
		if strings.TrimSpace(one) == s {
			return true
		}
	}
	return false
}

// explain returns the first explanation that fits, nil for none.
func explain(all []Explanation, d Disagreement) *Explanation {
	for i := range all {
		if all[i].fits(d) {
			return &all[i]
		}
	}
	return nil
}
