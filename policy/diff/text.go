package diff

import (
	"fmt"
	"strings"

	"outrigger/policy"
	"outrigger/policy/spelling"
)

// mostNamed is how many operations of one upstream a line names.
const mostNamed = 3

// longestLists is how long two lists may be together to be written out.
const longestLists = 60

// Text is the changes for people, ending with a summary line. Control characters that a spec brought in are escaped.
func Text(changes []Change) string {
	var b strings.Builder
	for _, c := range changes {
		fmt.Fprintf(&b, "%-8s %s\n         %s\n", c.Effect, c.where(), c.sentence())
	}
	if len(changes) > 0 {
		b.WriteByte('\n')
	}
	b.WriteString(Summarize(changes).String() + "\n")
	return spelling.Printable(b.String())
}

// String is the summary in words.
func (s Summary) String() string {
	n := s.Riskier + s.Neutral + s.Safer
	switch n {
	case 0:
		return "no difference in meaning"
	case 1:
		return "1 change: " + s.parts()
	}
	return fmt.Sprintf("%d changes: %s", n, s.parts())
}

func (s Summary) parts() string {
	var parts []string
	for _, p := range []struct {
		n    int
		word Effect
	}{{s.Riskier, Riskier}, {s.Neutral, Neutral}, {s.Safer, Safer}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.word))
		}
	}
	return strings.Join(parts, ", ")
}

func (c Change) where() string {
	if len(c.Where) == 0 {
		return "sidecar"
	}
	var all []string
	for _, w := range c.Where {
		all = append(all, w.text())
	}
	return strings.Join(all, "; ")
}

func (w Where) text() string {
	name := w.Upstream
	if w.Direction == policy.Inbound {
		name = string(policy.Inbound)
	}
	switch n := len(w.Operations); {
	case n == 0:
		return name
	case w.All:
		return name + ", all operations"
	case n == 1:
		return name + " " + w.Operations[0].text()
	}
	var named []string
	for _, op := range w.Operations[:min(mostNamed, len(w.Operations))] {
		named = append(named, op.ID)
	}
	if more := len(w.Operations) - len(named); more > 0 {
		named = append(named, fmt.Sprintf("%d more", more))
	}
	return name + " " + strings.Join(named, ", ")
}

func (o Operation) text() string {
	if route := o.Method + " " + o.Template; o.Method != "" && route != o.ID {
		return o.ID + " (" + route + ")"
	}
	return o.ID
}

// sentence is the value, the lines that it comes from, and the effect.
func (c Change) sentence() string {
	text := c.What
	_, list := spelling.Members(c.New)
	switch {
	case c.Key == "":
	case list && len(c.Old)+len(c.New) > longestLists: // what came and went is told anyway
		text = fmt.Sprintf("%s: %s", c.Key, c.What)
	default:
		text = fmt.Sprintf("%s %s → %s: %s", c.Key, c.Old, c.New, c.What)
	}
	switch {
	case c.NewSource != "" && c.OldSource != "":
		text += fmt.Sprintf(" (%s, was %s)", c.NewSource, c.OldSource)
	case c.NewSource != "":
		text += fmt.Sprintf(" (%s)", c.NewSource)
	case c.OldSource != "":
		text += fmt.Sprintf(" (was %s)", c.OldSource)
	}
	return text
}
