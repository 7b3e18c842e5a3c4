package compare

import (
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"

	"outrigger/bench/internal/lab"
)

// Describe fills in what the figures depend on.
func (r *Report) Describe(l *lab.Lab) {
	r.Machine = map[string]string{
		"processor": cpuModel(),
		"cores":     fmt.Sprintf("%d, load on %d, proxy on %d", runtime.NumCPU(), l.LoadCore, l.ProxyCore),
		"kernel":    lab.FirstLine("uname", "-sr"),
	}
	r.Versions = map[string]string{
		"go":      lab.FirstLine("go", "version"),
		"haproxy": lab.FirstLine("haproxy", "-v"),
		"nginx":   lab.FirstLine("nginx", "-v"),
		"wrk":     lab.FirstLine("wrk", "-v"),
	}
	if info, err := os.Stat(l.Path("outrigger")); err == nil {
		r.Versions["outrigger"] = fmt.Sprintf("%s, binary of %.1f MiB", l.Revision("outrigger"), float64(info.Size())/(1<<20))
	}
}

func cpuModel() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

func writePairs(out *strings.Builder, pairs map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(pairs)) {
		fmt.Fprintf(out, "- %s: %s\n", key, pairs[key])
	}
}
