package compare

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Report is everything about one comparison. Its JSON form is results.json.
type Report struct {
	Date     time.Time         `json:"date"`
	Machine  map[string]string `json:"machine"`
	Versions map[string]string `json:"versions"`
	Rounds   int               `json:"rounds"`
	Seconds  float64           `json:"seconds_per_measurement"`
	Rows     []Row             `json:"rows"`
	Bars     []Bar             `json:"bars"`
	Samples  []Sample          `json:"samples"`

	titles map[string]string
	cells  []Cell
}

// NewReport sums a comparison up.
func NewReport(p Plan, samples []Sample) Report {
	titles := map[string]string{}
	for _, proxy := range p.Proxies {
		titles[proxy.Name] = proxy.Title
	}
	return Report{
		Date: time.Now().UTC().Truncate(time.Second), Rounds: p.Rounds, Seconds: p.Measure.Seconds(),
		Rows: p.Summarise(samples), Bars: Bars(samples), Samples: samples, titles: titles, cells: p.Cells,
	}
}

// Save writes results.json and results.md into a directory, which it makes when it is not there.
func (r Report) Save(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "results.json"), append(text, '\n'), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "results.md"), []byte(r.Markdown()), 0o644)
}

// Markdown is the report for people.
func (r Report) Markdown() string {
	var out strings.Builder
	fmt.Fprintf(&out, "# Proxies compared, %s\n\n", r.Date.Format("2 January 2006, 15:04 MST"))
	fmt.Fprintf(&out, "%d rounds of %g s for each figure, medians; ratios are medians of the ratios within each round (lowest to highest).\n", r.Rounds, r.Seconds)
	out.WriteString("The proxy is alone on one core, but where it has two threads; load generator and origin share another. CPU is user plus system time of the proxy.\n\n")
	writePairs(&out, r.Machine)
	writePairs(&out, r.Versions)
	for _, cell := range r.cells {
		fmt.Fprintf(&out, "\n## %s\n\n", cell.Title)
		if cell.PerSecond > 0 {
			r.writeLatency(&out, cell)
			continue
		}
		out.WriteString("| proxy | µs CPU per request | ratio to HAProxy | requests/s | ratio to HAProxy | RSS idle | RSS busy |\n|---|--:|--:|--:|--:|--:|--:|\n")
		for _, row := range r.Rows {
			if row.Cell == cell.Name {
				fmt.Fprintf(&out, "| %s%s | %.2f | %s | %.0f | %s | %.1f MiB | %.1f MiB |\n", r.titles[row.Proxy], noisy(row),
					row.CPUMicros, row.CPURatio, row.RequestsPerSecond, row.RateRatio, row.IdleMiB, row.BusyMiB)
			}
		}
	}
	if strings.Contains(out.String(), noiseMark) {
		fmt.Fprintf(&out, "\n%s: other programs or the hypervisor used more than %.0f %% of the proxy's core meanwhile, in the median. Such figures are too high for CPU, too low for requests/s, and no basis for a verdict.\n",
			strings.TrimSpace(noiseMark), 100*noiseLimit)
	}
	if len(r.Bars) > 0 {
		out.WriteString("\n## Bars\n\n| what | at most | measured | |\n|---|--:|--:|---|\n")
		for _, bar := range r.Bars {
			fmt.Fprintf(&out, "| %s | %.2f %s | %.2f %s | %s |\n", bar.What, bar.Limit, bar.Unit, bar.Measured, bar.Unit, map[bool]string{true: "met", false: "**missed**"}[bar.Met])
		}
	}
	return out.String()
}

const (
	noiseMark  = " (noisy)"
	noiseLimit = 0.05
)

func noisy(row Row) string {
	if row.ForeignShare > noiseLimit {
		return noiseMark
	}
	return ""
}

// String is "1.12 (1.10–1.15)", or a dash when there was nothing to compare with.
func (r Range) String() string {
	if r.Median == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f (%.2f–%.2f)", r.Median, r.Low, r.High)
}
