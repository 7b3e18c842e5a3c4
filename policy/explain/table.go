package explain

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"outrigger/policy"
)

// Row is one operation in the table of all.
type Row struct {
	Direction policy.Direction `json:"direction"`
	Upstream  string           `json:"upstream"`
	Operation string           `json:"operation"`
	Method    string           `json:"method,omitempty"` // empty for the unmatched operation, which has any
	Template  string           `json:"template,omitempty"`
	Declared  string           `json:"declared,omitempty"`
	Effective []Value          `json:"effective"`
	Worst     Worst            `json:"worst_case"`
	// Again says what is retried: "failures" means also what may have been processed, "not sent" only what was never sent, "nothing".
	Again     string        `json:"retried"`
	Streaming policy.Stream `json:"streaming,omitempty"`
	// Refused is set for the unmatched operation where the policy refuses it.
	Refused bool `json:"refused,omitempty"`
}

// Table explains every operation of a set, in its order, unmatched requests last for each upstream. It is safe for concurrent use.
func Table(set *policy.Set) []Row {
	rows := []Row{}
	for _, u := range set.All() {
		seen := map[string]bool{} // an operation with several base paths stands several times
		for _, op := range u.Operations {
			if !seen[op.ID] {
				seen[op.ID] = true
				rows = append(rows, rowOf(u, op))
			}
		}
		rows = append(rows, rowOf(u, u.Unmatched))
	}
	return rows
}

func rowOf(u *policy.Upstream, op *policy.Operation) Row {
	row := Row{
		Direction: u.Direction, Upstream: u.Name, Operation: op.ID, Method: op.Method, Template: op.Template, Effective: Effective(u, op),
		Streaming: op.Streaming, Worst: Worst{Steps: []Step{}},
	}
	if op == u.Unmatched && u.RefuseUnmatched {
		row.Refused = true
		return row
	}
	if op != u.Unmatched {
		row.Declared = op.Place.String()
	}
	r := newCase(u, op, Question{Method: op.Method})
	row.Worst = r.worst()
	switch {
	case row.Worst.Retries == 0:
		row.Again = "nothing"
	case beyondNotSent(op.Policy.Retry.When) && (r.repeatable() || op == u.Unmatched):
		row.Again = "failures"
	default:
		row.Again = "not sent"
	}
	return row
}

// beyondNotSent reports whether v also repeats what may have been processed, which inbound does not by itself.
func beyondNotSent(v policy.Conditions) bool { return v.Reset || v.Timeout || !v.Statuses.IsZero() }

// TableText is a table for people, by upstream.
func TableText(rows []Row) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	whose := ""
	for i := range rows {
		r := &rows[i]
		if now := string(r.Direction) + " " + r.Upstream; now != whose {
			if whose != "" {
				fmt.Fprintln(w)
			}
			whose = now
			fmt.Fprintf(w, "%s, %s\n", r.Upstream, r.Direction)
			fmt.Fprintln(w, "  operation\trequest\ttries\teach\tin all\tretried\tcircuit\t")
		}
		fmt.Fprintln(w, "  "+strings.Join(r.cells(), "\t")+"\t")
	}
	_ = w.Flush()
	return trimLines(b.String())
}

func (r *Row) cells() []string {
	request := strings.TrimSpace(r.Method + " " + r.Template)
	if request == "" {
		request = "any other"
	}
	if request == r.Operation {
		request = "" // the id is the request
	}
	if r.Refused {
		return []string{r.Operation, request, "refused with 404"}
	}
	all := "no end"
	if !r.Worst.Unbounded {
		all = milliseconds(r.Worst.DurationMS)
	}
	if r.Streaming == policy.StreamAlways {
		all += " to the head, then streams"
	}
	return []string{r.Operation, request, fmt.Sprint(r.Worst.Attempts), r.value("timeouts.attempt"), all, r.Again, r.circuit()}
}

func (r *Row) value(key string) string {
	for _, v := range r.Effective {
		if v.Key == key {
			return v.Value
		}
	}
	return ""
}

func (r *Row) circuit() string {
	if r.value("breaker") == "off" {
		return "off"
	}
	return "opens at " + r.value("breaker.failureRate")
}

func trimLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}
