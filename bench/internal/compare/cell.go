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
	// Upload is the size of the bodies that requests carry; 0 for none.
	Upload int
	// Large says that answers are large enough for configurations that differ for them alone.
	Large bool
	// Threads is how many threads each proxy has, 1 where it is 0. Two share the core of the load generator.
	Threads int
	// PerSecond paces the requests evenly; 0 makes as many as are answered. Paced cells are about latency and measure the origin without
	// a proxy too.
	PerSecond int
	// Brief leaves out the proxies that the cell has no bar for.
	Brief bool
}

// hugeMeasure is the least length of a measurement with bodies of 100 MiB: every connection must get through some.
const hugeMeasure = 6 * time.Second

func (c Cell) huge() bool { return c.Path == origin.HugePath || c.Upload == origin.HugeBytes }

// Takes reports whether a proxy is measured in the cell.
func (c Cell) Takes(p proxies.Proxy) bool {
	if p.LargeOnly {
		return c.Large
	}
	return !c.Brief || p.Name != proxies.NetHTTP && p.Name != proxies.OutriggerLog
}

// Cells lists every kind of load in the order of the report.
func Cells() []Cell {
	return []Cell{
		{Name: "1", Title: "130-byte answers, 1 connection", Connections: 1, Path: origin.SmallPath, Operation: "getItem"},
		{Name: "64", Title: "130-byte answers, 64 connections", Connections: 64, Path: origin.SmallPath, Operation: "getItem"},
		{Name: "1000", Title: "130-byte answers, 1,000 connections", Connections: 1000, Path: origin.SmallPath, Operation: "getItem"},
		{Name: "64x2", Title: "130-byte answers, 64 connections, two threads", Connections: 64, Path: origin.SmallPath, Operation: "getItem", Threads: 2, Brief: true},
		{Name: "1m", Title: "1 MiB answers, 8 connections", Connections: 8, Path: origin.LargePath, Operation: "getExport", Large: true},
		{Name: "100m", Title: "100 MiB answers, 8 connections", Connections: 8, Path: origin.HugePath, Operation: "getExport", Large: true, Brief: true},
		{Name: "up1m", Title: "1 MiB uploads, 8 connections", Connections: 8, Path: origin.UploadPath, Operation: "createExport", Upload: origin.LargeBytes, Brief: true},
		{Name: "up100m", Title: "100 MiB uploads, 8 connections", Connections: 8, Path: origin.UploadPath, Operation: "createExport", Upload: origin.HugeBytes, Brief: true},
		{Name: "paced", Title: "130-byte answers, 2,000 requests/s evenly paced, 50 connections", Connections: 50, Path: origin.SmallPath, Operation: "getItem", PerSecond: 2000, Brief: true},
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
			return nil, fmt.Errorf("cell %q: unknown, expected some of %s", name, CellNames())
		}
		chosen = append(chosen, Cells()[i])
	}
	return chosen, nil
}

// CellNames lists the names of all cells with commas.
func CellNames() string {
	var names []string
	for _, c := range Cells() {
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
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
