package soak

import (
	"slices"

	"outrigger/bench/internal/bars"
)

// reading is the state of the sidecar at one moment of the run.
type reading struct {
	goroutines, descriptors, resident, heap float64
}

// evidence is all that a run has shown.
type evidence struct {
	done     map[string]int64
	failures []string
	mixed    []string
	readings []reading
	// applied and rejected are reloads, ended what the sidecar exited with while the run was on, inFlight what it still counted afterwards.
	applied, rejected, inFlight float64
	ended                       error
}

// A quantity is flat when its mean over the last third of a run is at most this factor of that over the first, or this much more.
var flat = map[string]struct {
	factor, more float64
	of           func(reading) float64
}{
	"goroutines":      {1.10, 10, func(r reading) float64 { return r.goroutines }},
	"descriptors":     {1.10, 10, func(r reading) float64 { return r.descriptors }},
	"resident memory": {1.15, 4 << 20, func(r reading) float64 { return r.resident }},
	"heap in use":     {1.25, 4 << 20, func(r reading) float64 { return r.heap }},
}

// fewest readings make a trend.
const fewest = 9

func judge(e evidence) *bars.Verdict {
	v := &bars.Verdict{}
	var all int64
	for _, k := range kinds {
		all += e.done[k.name]
		v.Require(e.done[k.name] > 0, "there was traffic of the kind %q: %d", k.name, e.done[k.name])
	}
	v.Figure("%d requests in all", all)
	v.Require(len(e.mixed) == 0, "no byte of one exchange in another: %d exceptions", len(e.mixed))
	v.Require(len(e.failures) == 0, "no failed request where neither client nor upstream failed: %d", len(e.failures))
	for _, text := range append(e.mixed[:min(3, len(e.mixed))], e.failures[:min(3, len(e.failures))]...) {
		v.Figure("  e.g. %s", text)
	}
	v.Require(e.ended == nil, "the sidecar runs to the end: %v", e.ended)
	v.Require(e.applied > 0 && e.rejected > 0, "policies were reloaded: %v applied, %v rejected", e.applied, e.rejected)
	v.Require(e.inFlight == 0, "nothing is in flight when nobody asks: %v", e.inFlight)
	v.Require(len(e.readings) >= fewest, "enough readings for a trend: %d", len(e.readings))
	if len(e.readings) < fewest {
		return v
	}
	third := len(e.readings) / 3
	for _, name := range []string{"goroutines", "descriptors", "resident memory", "heap in use"} {
		f := flat[name]
		first, last := mean(e.readings[:third], f.of), mean(e.readings[len(e.readings)-third:], f.of)
		v.Require(last <= max(first*f.factor, first+f.more), "%s flat: mean of the first third %.0f, of the last %.0f", name, first, last)
	}
	return v
}

func mean(readings []reading, of func(reading) float64) float64 {
	sum := 0.0
	for r := range slices.Values(readings) {
		sum += of(r)
	}
	return sum / float64(len(readings))
}
