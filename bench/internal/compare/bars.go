package compare

import (
	"fmt"

	"outrigger/bench/internal/proxies"
)

// Bar is a promise about Outrigger and what was measured. A bar without figures in this run is not listed.
type Bar struct {
	What     string  `json:"what"`
	Limit    float64 `json:"limit"`
	Measured float64 `json:"measured"`
	Unit     string  `json:"unit"`
	Met      bool    `json:"met"`
}

// Bars judges the promises that a comparison can judge.
func Bars(samples []Sample) []Bar {
	j := judge{samples: samples}
	full, pass, haproxy := proxies.OutriggerFull, proxies.OutriggerPass, proxies.HAProxy
	j.cpu(1.20, pair{full, haproxy, "64"}, "CPU per request, full policy, 64 connections, to HAProxy")
	j.cpu(1.10, pair{pass, haproxy, "64"}, "the same, pass-through")
	j.cpu(1.20, pair{full, haproxy, "1"}, "CPU per request, full policy, 1 connection, to HAProxy")
	j.cpu(1.30, pair{full, haproxy, "1000"}, "CPU per request, full policy, 1,000 connections, to HAProxy")
	j.cpu(1.20, pair{full, haproxy, "64x2"}, "CPU per request, full policy, 64 connections, two threads each, to HAProxy")
	j.cpu(0.50, pair{full, proxies.NetHTTP, "64"}, "CPU per request, full policy, 64 connections, to net/http ReverseProxy")
	j.cpu(1.55, pair{proxies.OutriggerLog, haproxy, "64"}, "with one log line per request, 64 connections, to HAProxy")
	j.cpu(1.10, pair{full, haproxy, "1m"}, "CPU per 1 MiB answer, full policy, to HAProxy")
	j.cpu(1.10, pair{full, haproxy, "100m"}, "CPU per 100 MiB answer, full policy, to HAProxy")
	j.cpu(1.10, pair{full, haproxy, "up1m"}, "CPU per 1 MiB upload, full policy, to HAProxy")
	j.cpu(1.10, pair{full, haproxy, "up100m"}, "CPU per 100 MiB upload, full policy, to HAProxy")
	j.growth("resident memory with 100 MiB answers, to that with 1 MiB", "100m", "1m")
	j.growth("resident memory with 100 MiB uploads, to that with 1 MiB", "up100m", "up1m")
	j.added("added latency, median, full policy, to what HAProxy adds", p50)
	j.added("added latency, p99, full policy, to what HAProxy adds", p99)
	j.memory("resident memory, idle", "64", 20, func(s Sample) int64 { return s.IdleBytes })
	j.memory("resident memory, 1,000 busy connections", "1000", 50, func(s Sample) int64 { return s.BusyBytes })
	return j.bars
}

// judge gathers the bars that there are figures for.
type judge struct {
	samples []Sample
	bars    []Bar
}

func (j *judge) add(what string, limit, measured float64, unit string) {
	if measured > 0 {
		j.bars = append(j.bars, Bar{what, limit, measured, unit, measured <= limit})
	}
}

// pair names two proxies in a cell.
type pair struct{ of, to, cell string }

// cpu compares CPU per request.
func (j *judge) cpu(limit float64, p pair, what string) {
	j.add(what, limit, Ratio(j.samples, p.of, p.to, p.cell, cpu).Median, "×")
}

// growthLimit is what resident memory may differ by for reasons other than the size of the bodies.
const growthLimit = 1.15

func (j *judge) growth(what, cell, base string) {
	huge, large := pick(j.samples, proxies.OutriggerFull, cell), pick(j.samples, proxies.OutriggerFull, base)
	if len(huge) > 0 && len(large) > 0 {
		busy := func(s Sample) float64 { return float64(s.BusyBytes) }
		j.add(what, growthLimit, median(huge, busy)/median(large, busy), "×")
	}
}

func (j *judge) added(what string, value func(Sample) float64) {
	j.add(what, 1.30, addedRatio(j.samples, proxies.OutriggerFull, "paced", value), "×")
}

func (j *judge) memory(what, cell string, limit float64, value func(Sample) int64) {
	if mine := pick(j.samples, proxies.OutriggerFull, cell); len(mine) > 0 {
		j.add(what, limit, median(mine, func(s Sample) float64 { return float64(value(s)) / (1 << 20) }), "MiB")
	}
}

// Missed returns an error that names the bars which were not met.
func Missed(bars []Bar) error {
	var missed []string
	for _, bar := range bars {
		if !bar.Met {
			missed = append(missed, fmt.Sprintf("%s: %.2f %s, at most %.2f allowed", bar.What, bar.Measured, bar.Unit, bar.Limit))
		}
	}
	if len(missed) > 0 {
		return fmt.Errorf("bars missed: %q", missed)
	}
	return nil
}
