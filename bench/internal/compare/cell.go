// Package compare measures proxies against each other, verifies every run and writes the report.
//
// It decides what is measured, when a figure may be reported and how figures become ratios. It refuses to know how a proxy is configured.
package compare

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"outrigger/bench/internal/origin"
	"outrigger/bench/internal/proxies"
)

// Cell is one kind of load.
type Cell struct {
	Name, Title string
	Connections int
	Path        string
	// Operation is the name that the OpenAPI spec gives to the requests.
	Operation string
}

// Cells lists every kind of load in the order of the report.
func Cells() []Cell {
	return []Cell{
		{"1", "130-byte answers, 1 connection", 1, origin.SmallPath, "getItem"},
		{"64", "130-byte answers, 64 connections", 64, origin.SmallPath, "getItem"},
		{"1000", "130-byte answers, 1,000 connections", 1000, origin.SmallPath, "getItem"},
		{"1m", "1 MiB answers, 8 connections", 8, origin.LargePath, "getExport"},
	}
}

// SelectCells returns the cells of the given names; all for an empty list.
func SelectCells(names string) ([]Cell, error) {
	if names == "" {
		return Cells(), nil
	}
	var chosen []Cell
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(Cells(), func(c Cell) bool { return c.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("cell %q: unknown, expected some of 1, 64, 1000, 1m", name)
		}
		chosen = append(chosen, Cells()[i])
	}
	return chosen, nil
}

// Plan is what one comparison measures.
type Plan struct {
	Proxies []proxies.Proxy
	Cells   []Cell
	Rounds  int
	// Tries is how often a measurement is made at most when other programs disturb it.
	Tries int
	// Measure is how long each proxy is measured in each cell and round; WarmUp runs before it and does not count.
	Measure, WarmUp time.Duration
}

// Sample is one verified measurement.
type Sample struct {
	Proxy string `json:"proxy"`
	Cell  string `json:"cell"`
	Round int    `json:"round"`
	// CPUMicros is user and system time of the proxy per completed request, in microseconds.
	CPUMicros         float64 `json:"cpu_us_per_request"`
	RequestsPerSecond float64 `json:"requests_per_second"`
	Requests          int64   `json:"requests"`
	P50Micros         int64   `json:"p50_us"`
	P99Micros         int64   `json:"p99_us"`
	// IdleBytes is resident memory after the first answer, BusyBytes the highest one seen under load.
	IdleBytes int64 `json:"rss_idle_bytes"`
	BusyBytes int64 `json:"rss_busy_bytes"`
	// ForeignShare is the part of the proxy's core that others used meanwhile (other programs and the hypervisor), 0 to 1.
	ForeignShare float64 `json:"foreign_share"`
	// InterruptShare is the part of that core that went to interrupts.
	InterruptShare float64 `json:"interrupt_share"`
}
