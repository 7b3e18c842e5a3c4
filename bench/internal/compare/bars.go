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
	var bars []Bar
	ratio := func(what, of, to, cell string, limit float64) {
		if measured := Ratio(samples, of, to, cell, cpu).Median; measured > 0 {
			bars = append(bars, Bar{what, limit, measured, "×", measured <= limit})
		}
	}
	memory := func(what, cell string, limit float64, value func(Sample) int64) {
		if mine := pick(samples, proxies.OutriggerFull, cell); len(mine) > 0 {
			measured := median(mine, func(s Sample) float64 { return float64(value(s)) / (1 << 20) })
			bars = append(bars, Bar{what, limit, measured, "MiB", measured <= limit})
		}
	}
	ratio("CPU per request, full policy, 64 connections, to HAProxy", proxies.OutriggerFull, proxies.HAProxy, "64", 1.30)
	ratio("the same, to net/http ReverseProxy", proxies.OutriggerFull, proxies.NetHTTP, "64", 0.50)
	ratio("with one log line per request, 64 connections, to HAProxy", proxies.OutriggerLog, proxies.HAProxy, "64", 1.55)
	ratio("CPU per 1 MiB answer, full policy, 8 connections, to HAProxy", proxies.OutriggerFull, proxies.HAProxy, "1m", 1.15)
	memory("resident memory, idle", "64", 20, func(s Sample) int64 { return s.IdleBytes })
	memory("resident memory, 1,000 busy connections", "1000", 60, func(s Sample) int64 { return s.BusyBytes })
	return bars
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
