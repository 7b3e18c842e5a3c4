package draft

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Text is a rendered file.
type Text struct {
	Bytes []byte
	// Operations, Specs and Policies say what stands in a line, counted from 1: an operation, the part whose spec is named there,
	// or a key of a part's policy.
	Operations map[int]*Operation
	Specs      map[int]*Part
	Policies   map[int]PolicyLine
}

// PolicyLine is a key of the policy of a part.
type PolicyLine struct {
	Part *Part
	Key  string
}

// Render writes the file. The same File gives the same bytes.
func (f *File) Render() Text {
	w := writer{text: Text{Operations: map[int]*Operation{}, Specs: map[int]*Part{}, Policies: map[int]PolicyLine{}}}
	w.comments("", f.Head)
	w.row("version: 1", "")
	w.row("service: "+Quote(f.Service), f.ServiceNote)
	if len(f.Policies) > 0 {
		w.blank()
		w.row("policies:", "")
		for _, p := range f.Policies {
			w.row(fmt.Sprintf("  %s: %s", Quote(p.Name), Map(p.Policy...)), p.Note)
		}
	}
	if f.Inbound != nil {
		w.blank()
		w.row("inbound:", f.Inbound.Note)
		w.part("  ", f.Inbound)
	}
	if len(f.Outbound) > 0 {
		w.blank()
		w.row("outbound:", "")
		w.fields("  ", f.Outbound)
	}
	for i, u := range f.Upstreams {
		w.blank()
		if i == 0 {
			w.row("upstreams:", "")
		}
		w.row("  "+Quote(u.Name)+":", u.Note)
		w.part("    ", u)
	}
	if len(f.Foot) > 0 {
		w.blank()
		w.comments("", f.Foot)
	}
	w.flush()
	w.text.Bytes = []byte(w.b.String())
	return w.text
}

// row is one line with its comment, held back until the block is whole, so that comments stand below one another.
type row struct{ text, note string }

type writer struct {
	b    strings.Builder
	rows []row
	line int // lines written and held back
	text Text
}

// widest is up to where comments are moved to the right for the sake of a longer line in the block.
const widest = 64

func (w *writer) row(text, note string) {
	w.line++
	w.rows = append(w.rows, row{text, Comment(note)})
}

func (w *writer) blank() {
	w.flush()
	w.line++
	w.b.WriteByte('\n')
}

func (w *writer) comments(indent string, lines []string) {
	for _, l := range lines {
		w.row(strings.TrimRight(indent+"# "+Comment(l), " "), "")
	}
}

func (w *writer) flush() {
	width := 0
	for _, r := range w.rows {
		if n := utf8.RuneCountInString(r.text); r.note != "" && n <= widest {
			width = max(width, n)
		}
	}
	for _, r := range w.rows {
		w.b.WriteString(r.text)
		if r.note != "" {
			w.b.WriteString(strings.Repeat(" ", max(0, width-utf8.RuneCountInString(r.text))) + "  # " + r.note)
		}
		w.b.WriteByte('\n')
	}
	w.rows = w.rows[:0]
}

func (w *writer) fields(indent string, fields []Field) {
	for _, f := range fields {
		w.row(indent+f.Key+": "+f.Value, f.Note)
	}
}

func (w *writer) part(indent string, p *Part) {
	for _, f := range p.Fields {
		w.fields(indent, []Field{f})
		if f.Key == "openapi" {
			w.text.Specs[w.line] = p
		}
	}
	if len(p.Policy) > 0 {
		w.row(indent+"policy:", "")
		for _, f := range p.Policy {
			w.fields(indent+"  ", []Field{f})
			w.text.Policies[w.line] = PolicyLine{p, f.Key}
		}
	}
	w.flush()
	w.comments(indent, p.Above)
	if len(p.Operations) == 0 {
		return
	}
	w.row(indent+"operations:", "")
	w.flush()
	for _, op := range p.Operations {
		note := op.Note
		if op.Allow != "" {
			note = "outrigger:allow " + op.Allow + " " + note
		}
		w.row(indent+"  "+Quote(op.Key)+": "+Map(op.Policy...), note)
		w.text.Operations[w.line] = op
	}
	w.flush()
}
