package screen

import (
	"fmt"
	"math"
	"strings"
	"time"

	"outrigger/cmd/outrigger/internal/demo/stage"
)

// Frame is one look at everything.
type Frame struct {
	Moment  stage.Moment
	Elapsed time.Duration
	// Total is how long the demo runs; 0 means until it is interrupted.
	Total    time.Duration
	Patience time.Duration
	Recently time.Duration // the span of the recent figures in Rows

	Rows          []Row
	With, Without Seen // of all rows together
	BudgetLeft    float64
	Decisions     []Decision
	Places        Places
	Policy        Edits
}

// Row is one operation.
type Row struct {
	Operation     string
	Rate          float64 // requests per second on each path
	With, Without Seen
	// Since the start: retries made, requests saved by them, retries not made for want of budget, or because the request may have
	// been processed.
	Retries, Saved, Budget, Unsafe int
	Circuit                        string
	InState                        time.Duration
}

// Seen is what callers saw lately on one path.
type Seen struct {
	Any     bool
	Success float64 // 0 to 1
	P99     time.Duration
}

// Places tells where things are.
type Places struct {
	Dir   string // of the files named below
	Admin string // host:port of the admin port
}

// The names of the files of a demo.
const (
	PolicyName = "policy.yaml"
	SpecName   = "inventory.openapi.yaml"
	LogName    = "sidecar.log"
)

func (p Places) files() string {
	return p.Dir + ": " + PolicyName + ", " + SpecName + ", " + LogName
}

// Edits tells what became of edits of the policy.
type Edits struct {
	Applied, Rejected int
	Refused           bool // the last edit is not valid, the policy before it serves
}

// Lines renders a frame, one line of at most Width columns each; the number of lines is always the same.
func (f Frame) Lines(s Style) []string {
	lines := []string{
		s.paint(bold, " Outrigger demo") + `: the service "orders" calls "inventory", each time on two paths at the same moment:`,
		fmt.Sprintf(" with: through its sidecar. without: directly. Same code, same calls, same patience of %v.", f.Patience),
		"",
	}
	lines = append(lines, f.phase(s)...)
	lines = append(lines, f.table(s)...)
	lines = append(lines, "", s.paint(dim, " last decisions of the sidecar: how long ago, what, and the line of the policy behind it"))
	lines = append(lines, decisionLines(s, f.Decisions)...)
	return append(lines, f.places(s)...)
}

func (f Frame) phase(s Style) []string {
	var names []string
	for p := range stage.Phase(stage.Phases) {
		if p == f.Moment.Phase {
			names = append(names, s.paint(bold, "["+strings.ToUpper(p.String())+"]"))
			continue
		}
		names = append(names, s.paint(dim, p.String()))
	}
	run := fmt.Sprintf("run %.0fs", f.Elapsed.Seconds())
	if f.Total > 0 {
		run += fmt.Sprintf(" of %.0fs", f.Total.Seconds())
	}
	return []string{
		fmt.Sprintf(" phase      %s   %s of %s, %s", strings.Join(names, " > "), seconds(f.Moment.In), seconds(f.Moment.Length), run),
		" inventory  " + f.Moment.Phase.About(),
		"",
	}
}

func (f Frame) table(s Style) []string {
	lines := []string{
		s.paint(dim, fmt.Sprintf(" %-13s%6s%15s%16s%28s", "", "", "-- success --", "---- p99 ----", "-------- retries --------")),
		s.paint(dim, fmt.Sprintf(" %-13s%6s%7s%8s%8s%8s%7s%7s%7s%7s  %s",
			"operation", "req/s", "with", "without", "with", "without", "made", "saved", "budget", "unsafe", "circuit")),
	}
	for _, r := range f.Rows {
		lines = append(lines, r.line(s))
	}
	filled := int(math.Round(f.BudgetLeft * barWidth))
	bar := strings.Repeat("#", filled) + strings.Repeat("-", barWidth-filled)
	return append(lines, "",
		fmt.Sprintf(" retry budget of inventory  %s %s left", s.paint(leftColour(f.BudgetLeft), "["+bar+"]"), percent(f.BudgetLeft)),
		s.paint(dim, " made: retries so far; saved: requests that they saved. Not retried: budget, it was used up; unsafe,"),
		s.paint(dim, fmt.Sprintf(" the request may have been processed and must not be sent twice. Other figures: the last %v.", f.Recently)),
	)
}

const barWidth = 20

func leftColour(left float64) colour {
	switch {
	case left >= .5:
		return green
	case left >= .1:
		return yellow
	}
	return red
}

func (r Row) line(s Style) string {
	return fmt.Sprintf(" %-13s%6.1f", r.Operation, r.Rate) +
		r.With.success(s, 7) + r.Without.success(s, 8) + r.With.p99(8) + r.Without.p99(8) +
		fmt.Sprintf("%7s%7s%7s%7s  ", count(r.Retries), count(r.Saved), count(r.Budget), count(r.Unsafe)) + r.circuit(s)
}

func (v Seen) success(s Style, width int) string {
	if !v.Any {
		return s.right(dim, width, "-")
	}
	c := red
	switch {
	case v.Success >= .99:
		c = green
	case v.Success >= .9:
		c = yellow
	}
	return s.right(c, width, percent(v.Success))
}

func (v Seen) p99(width int) string {
	if !v.Any {
		return fmt.Sprintf("%*s", width, "-")
	}
	return fmt.Sprintf("%*s", width, brief(v.P99))
}

func (r Row) circuit(s Style) string {
	name := strings.ReplaceAll(r.Circuit, "_", "-")
	c := map[string]colour{"closed": green, "half-open": yellow, "open": red}[name]
	text := name
	if r.Circuit != "off" {
		text += " " + seconds(r.InState)
	}
	return s.paint(c, text)
}

func (f Frame) places(s Style) []string {
	edit, c := "edit it now: it takes effect within a second", green
	switch {
	case f.Policy.Refused:
		edit, c = "your edit is NOT VALID, see "+LogName+"; the policy before it serves on", red
	case f.Policy.Applied > 0:
		edit = fmt.Sprintf("your edit is in force (%d so far)", f.Policy.Applied)
	}
	return []string{
		"",
		" files      " + f.Places.files(),
		" policy     " + s.paint(c, edit),
		" admin      curl " + f.Places.Admin + "/decisions   or /operations, /policy, /metrics",
		s.paint(dim, " Ctrl-C ends the demo with a summary"),
	}
}
