package screen

import (
	"fmt"
	"time"

	"outrigger/cmd/outrigger/internal/demo/stage"
)

// Summary compares what callers saw on both paths in one run.
type Summary struct {
	Lasted     time.Duration
	Phases     []Compared // those that were seen, in order
	All        Compared
	Operations []OperationSummary
	// With and Without are what inventory booked for the orders of each path.
	With, Without stage.Booked
	// Skipped counts the requests that were not made because too many waited.
	Skipped int64
	Places  Places
}

// Compared are the same calls on both paths.
type Compared struct {
	Phase         stage.Phase
	With, Without Side
}

// Side is what callers saw on one path.
type Side struct {
	Requests, Failed int
	P50, P99         time.Duration
	// Calls is how often inventory was called for these requests, connections that it refused included.
	Calls int
	Saved int // answered well after a retry
}

func (s Side) failedShare() float64 {
	if s.Requests == 0 {
		return 0
	}
	return float64(s.Failed) / float64(s.Requests)
}

// OperationSummary is one operation over the whole run.
type OperationSummary struct {
	Name                           string
	With, Without                  Seen
	Retries, Saved, Budget, Unsafe int
	Opened, Closed, FailedFast     int
}

// Lines renders a summary, each line of at most Width columns.
func (m Summary) Lines(s Style) []string {
	lines := []string{
		"",
		s.paint(bold, fmt.Sprintf(" What the callers of orders saw in %s", seconds(m.Lasted))) + ": the same calls with the sidecar and without",
		"",
		s.paint(dim, fmt.Sprintf(" %-11s%8s%26s%17s%17s%20s", "", "", "-------- failed --------", "----- p50 -----", "----- p99 -----", "calls to inventory")),
		s.paint(dim, fmt.Sprintf(" %-11s%8s%13s%13s%8s%9s%8s%9s%9s%11s", "phase", "requests", "with", "without", "with", "without", "with", "without", "with", "without")),
	}
	for _, c := range m.Phases {
		lines = append(lines, c.line(s, c.Phase.String()))
	}
	lines = append(lines, m.All.line(s, "all"), "",
		s.paint(dim, fmt.Sprintf(" %-13s%18s%32s%29s", "", "---- success ---", "---------- retries ---------", "--------- circuit --------")),
		s.paint(dim, fmt.Sprintf(" %-13s%9s%9s%8s%8s%8s%8s%8s%8s%13s", "operation", "with", "without", "made", "saved", "budget", "unsafe", "opened", "closed", "failed fast")))
	for _, o := range m.Operations {
		lines = append(lines, fmt.Sprintf(" %-13s", o.Name)+o.With.success(s, 9)+o.Without.success(s, 9)+
			fmt.Sprintf("%8s%8s%8s%8s%8s%8s%13s", count(o.Retries), count(o.Saved), count(o.Budget), count(o.Unsafe), count(o.Opened), count(o.Closed), count(o.FailedFast)))
	}
	lines = append(lines, "")
	for _, sentence := range m.sentences() {
		for i, part := range wrap(sentence, Width-3) {
			if i == 0 {
				lines = append(lines, " - "+part)
			} else {
				lines = append(lines, "   "+part)
			}
		}
	}
	lines = append(lines, "")
	return append(lines, m.Places.kept()...)
}

func (c Compared) line(s Style, name string) string {
	failed := func(side Side) string {
		if side.Failed == 0 {
			return s.right(green, 13, "-")
		}
		share := side.failedShare()
		paint := plain
		if share >= .1 {
			paint = red
		}
		return s.right(paint, 13, fmt.Sprintf("%d %5.1f%%", side.Failed, share*100))
	}
	return fmt.Sprintf(" %-11s%8d", name, max(c.With.Requests, c.Without.Requests)) + failed(c.With) + failed(c.Without) +
		fmt.Sprintf("%8s%9s%8s%9s%9d%11d", brief(c.With.P50), brief(c.Without.P50), brief(c.With.P99), brief(c.Without.P99), c.With.Calls, c.Without.Calls)
}

// kept says where to look now that the servers are gone.
func (p Places) kept() []string {
	return []string{
		" The files stay in " + p.files() + ".",
		" Next, in that folder:  outrigger explain --policy " + PolicyName + " --upstream inventory GET /stock/42",
	}
}

// Opening says what begins, before the first figures.
func (p Places) Opening() []string {
	return []string{
		"orders calls inventory, through a sidecar and without one. No traffic leaves this machine.",
		"  files   " + p.files(),
		"          edit " + PolicyName + " while this runs: it takes effect within a second",
		"  admin   curl " + p.Admin + "/decisions",
	}
}
