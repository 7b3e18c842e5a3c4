package explain

import (
	"fmt"
	"strings"
	"time"

	"outrigger/policy"
)

// Text is the answer for people, ending with a line break.
func (a *Answer) Text() string {
	var b strings.Builder
	whose := "upstream " + a.Upstream
	if a.Direction == policy.Inbound {
		whose = "inbound"
	}
	fmt.Fprintf(&b, "%s %s: %s, operation %s\n", a.Method, a.Path, whose, a.Operation)
	if a.Declared != "" {
		fmt.Fprintf(&b, "  %s, declared at %s\n", a.Template, a.Declared)
	}
	if len(a.Endpoints) > 0 {
		fmt.Fprintf(&b, "  to %s\n", strings.Join(a.Endpoints, ", "))
	}
	for _, n := range a.Notes {
		fmt.Fprintf(&b, "  %s\n", n)
	}
	if a.Refused != "" {
		return b.String()
	}
	fmt.Fprintf(&b, "\n%s\n", folded(a.Plain))
	b.WriteString("\neffective values\n")
	writeValues(&b, a.Effective)
	a.writeWorst(&b)
	writeReasons(&b, "retried", a.Retried)
	writeReasons(&b, "not retried", a.NotRetried)
	return b.String()
}

// writeValues aligns three columns; a value that is longer than most pushes its source out.
func writeValues(b *strings.Builder, values []Value) {
	keys, texts := 0, 0
	for _, v := range values {
		keys = max(keys, len(v.Key))
		if len(v.Value) <= 24 {
			texts = max(texts, len(v.Value))
		}
	}
	for _, v := range values {
		fmt.Fprintf(b, "  %-*s  %-*s  %s", keys, v.Key, texts, v.Value, v.Source)
		if v.Note != "" {
			fmt.Fprintf(b, "  (%s)", v.Note)
		}
		b.WriteByte('\n')
	}
}

func (a *Answer) writeWorst(b *strings.Builder) {
	retries := fmt.Sprintf("%d retries", a.Worst.Retries)
	if a.Worst.Retries == 1 {
		retries = "1 retry"
	}
	took := "no end"
	if !a.Worst.Unbounded {
		took = milliseconds(a.Worst.DurationMS)
	}
	fmt.Fprintf(b, "\nworst case: up to %s (%s), %s\n", attempts(a.Worst.Attempts), retries, took)
	width := 0
	for _, s := range a.Worst.Steps {
		width = max(width, len(s.What))
	}
	for _, s := range a.Worst.Steps {
		end := ""
		if s.To > 0 {
			end = " to " + milliseconds(s.To)
		}
		fmt.Fprintf(b, "  %-*s  |%s|  %s%s", width, s.What, s.bar(a.Worst.DurationMS), milliseconds(s.From), end)
		if s.Note != "" {
			fmt.Fprintf(b, ", %s", s.Note)
		}
		b.WriteByte('\n')
	}
}

// barWidth is how many columns the worst case has.
const barWidth = 40

// bar draws where a step lies in the whole; one that has no end reaches to the edge.
func (s Step) bar(whole int64) string {
	column := func(ms int64) int64 { return (ms*barWidth + whole/2) / max(whole, 1) }
	from, to := column(s.From), column(s.To)
	if whole == 0 {
		from, to = 0, barWidth
	}
	from = min(from, barWidth-1)
	to = min(max(to, from+1), barWidth) // however short, it is there
	return strings.Repeat(" ", int(from)) + strings.Repeat("=", int(to-from)) + strings.Repeat(" ", int(barWidth-to))
}

// lineWidth is where sentences are folded.
const lineWidth = 120

func folded(text string) string {
	var b strings.Builder
	column := 0
	for word := range strings.FieldsSeq(text) {
		switch {
		case column == 0:
		case column+1+len(word) > lineWidth:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}

func milliseconds(ms int64) string {
	if ms == 0 {
		return "0ms"
	}
	return policy.Spell(time.Duration(ms) * time.Millisecond)
}

func writeReasons(b *strings.Builder, title string, reasons []Reason) {
	fmt.Fprintf(b, "\n%s\n", title)
	for _, r := range reasons {
		fmt.Fprintf(b, "  %s: %s\n", r.What, r.Why)
	}
}
