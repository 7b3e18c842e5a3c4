package compare

import (
	"slices"

	"outrigger/bench/internal/proxies"
)

// Row sums up one proxy in one cell: medians over the rounds.
type Row struct {
	Cell              string  `json:"cell"`
	Proxy             string  `json:"proxy"`
	CPUMicros         float64 `json:"cpu_us_per_request"`
	RequestsPerSecond float64 `json:"requests_per_second"`
	IdleMiB           float64 `json:"rss_idle_mib"`
	BusyMiB           float64 `json:"rss_busy_mib"`
	ForeignShare      float64 `json:"foreign_share"`
	// Ratios to HAProxy are medians of the ratios within each round, with their range; 0 when HAProxy did not take part.
	CPURatio  Range `json:"cpu_ratio_to_haproxy"`
	RateRatio Range `json:"rate_ratio_to_haproxy"`
}

// Range is a median and its extremes.
type Range struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// Summarise makes one row for each proxy in each cell, in the order of the plan.
func (p Plan) Summarise(samples []Sample) []Row {
	var rows []Row
	for _, cell := range p.Cells {
		for _, proxy := range p.Proxies {
			mine := pick(samples, proxy.Name, cell.Name)
			if len(mine) == 0 {
				continue
			}
			rows = append(rows, Row{
				Cell: cell.Name, Proxy: proxy.Name,
				CPUMicros:         median(mine, cpu),
				RequestsPerSecond: median(mine, rate),
				IdleMiB:           median(mine, func(s Sample) float64 { return float64(s.IdleBytes) / (1 << 20) }),
				BusyMiB:           median(mine, func(s Sample) float64 { return float64(s.BusyBytes) / (1 << 20) }),
				ForeignShare:      median(mine, func(s Sample) float64 { return s.ForeignShare }),
				CPURatio:          Ratio(samples, proxy.Name, proxies.HAProxy, cell.Name, cpu),
				RateRatio:         Ratio(samples, proxy.Name, proxies.HAProxy, cell.Name, rate),
			})
		}
	}
	return rows
}

func cpu(s Sample) float64  { return s.CPUMicros }
func rate(s Sample) float64 { return s.RequestsPerSecond }

// Ratio compares two proxies round by round: what changes slowly on a machine (clock speed, neighbours) touches both alike.
func Ratio(samples []Sample, of, to, cell string, value func(Sample) float64) Range {
	var ratios []float64
	base := pick(samples, to, cell)
	for _, s := range pick(samples, of, cell) {
		i := slices.IndexFunc(base, func(b Sample) bool { return b.Round == s.Round })
		if i >= 0 && value(base[i]) > 0 {
			ratios = append(ratios, value(s)/value(base[i]))
		}
	}
	if len(ratios) == 0 {
		return Range{}
	}
	return Range{middle(ratios), slices.Min(ratios), slices.Max(ratios)}
}

func pick(samples []Sample, proxy, cell string) []Sample {
	var chosen []Sample
	for _, s := range samples {
		if s.Proxy == proxy && s.Cell == cell {
			chosen = append(chosen, s)
		}
	}
	return chosen
}

func median(samples []Sample, value func(Sample) float64) float64 {
	values := make([]float64, len(samples))
	for i, s := range samples {
		values[i] = value(s)
	}
	return middle(values)
}

// middle returns the median, the mean of the two middle values for an even number of them.
func middle(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
