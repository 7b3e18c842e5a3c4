package compare

import (
	"fmt"
	"io"
	"slices"

	"outrigger/bench/internal/proxies"
)

func p50(s Sample) float64 { return float64(s.P50Micros) }
func p99(s Sample) float64 { return float64(s.P99Micros) }

// Added returns what a proxy adds to a latency of the origin, in the same round each time.
func Added(samples []Sample, of, cell string, value func(Sample) float64) Range {
	var added []float64
	base := pick(samples, Direct, cell)
	for _, s := range pick(samples, of, cell) {
		if i := slices.IndexFunc(base, func(b Sample) bool { return b.Round == s.Round }); i >= 0 {
			added = append(added, value(s)-value(base[i]))
		}
	}
	if len(added) == 0 {
		return Range{}
	}
	return Range{middle(added), slices.Min(added), slices.Max(added)}
}

// addedRatio compares what a proxy adds with what HAProxy adds: the ratio of the medians, since the difference of one round may be near
// nothing. It is 0 when either did not take part or HAProxy adds nothing that can be measured.
func addedRatio(samples []Sample, of, cell string, value func(Sample) float64) float64 {
	other := Added(samples, proxies.HAProxy, cell, value).Median
	if other <= 0 || len(pick(samples, of, cell)) == 0 {
		return 0
	}
	return max(Added(samples, of, cell, value).Median/other, leastRatio)
}

// leastRatio stands for a proxy that adds nothing that can be measured where the other does.
const leastRatio = 0.01

// writeLatency is the table of a paced cell.
func (r Report) writeLatency(out io.Writer, cell Cell) {
	fmt.Fprint(out, "Latency counts from the instant at which a request was due. Added is the difference to the origin without a proxy in the same round.\n\n")
	fmt.Fprint(out, "| proxy | median µs | p99 µs | added median | ratio to HAProxy | added p99 | ratio to HAProxy | µs CPU per request |\n|---|--:|--:|--:|--:|--:|--:|--:|\n")
	direct := pick(r.Samples, Direct, cell.Name)
	if len(direct) > 0 {
		fmt.Fprintf(out, "| the origin itself | %.0f | %.0f | | | | | |\n", median(direct, p50), median(direct, p99))
	}
	for _, row := range r.Rows {
		if row.Cell != cell.Name {
			continue
		}
		mine := pick(r.Samples, row.Proxy, cell.Name)
		fmt.Fprintf(out, "| %s%s | %.0f | %.0f | %s | %.2f | %s | %.2f | %.2f |\n", r.titles[row.Proxy], noisy(row), median(mine, p50), median(mine, p99),
			micros(Added(r.Samples, row.Proxy, cell.Name, p50)), addedRatio(r.Samples, row.Proxy, cell.Name, p50),
			micros(Added(r.Samples, row.Proxy, cell.Name, p99)), addedRatio(r.Samples, row.Proxy, cell.Name, p99), row.CPUMicros)
	}
}

func micros(r Range) string { return fmt.Sprintf("%.0f (%.0f–%.0f)", r.Median, r.Low, r.High) }
