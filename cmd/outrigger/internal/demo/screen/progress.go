package screen

import (
	"fmt"
	"strings"
)

// Progress is a frame in a line or two, for where nobody redraws.
func (f Frame) Progress() string {
	retries, saved := 0, 0
	var circuits []string
	for _, r := range f.Rows {
		retries += r.Retries
		saved += r.Saved
		if r.Circuit != "closed" && r.Circuit != "off" {
			circuits = append(circuits, r.Operation+" "+strings.ReplaceAll(r.Circuit, "_", "-"))
		}
	}
	line := fmt.Sprintf("%6s %-10s ok %s (without: %s), p99 %s (without: %s), retries %d, saved %d", seconds(f.Elapsed), f.Moment.Phase,
		f.With.word(), f.Without.word(), brief(f.With.P99), brief(f.Without.P99), retries, saved)
	if len(circuits) > 0 {
		line += "\n" + strings.Repeat(" ", 18) + "circuits: " + strings.Join(circuits, ", ")
	}
	return line
}

func (v Seen) word() string {
	if !v.Any {
		return "-"
	}
	return percent(v.Success)
}
