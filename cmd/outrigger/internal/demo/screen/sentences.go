package screen

import (
	"fmt"

	"outrigger/cmd/outrigger/internal/demo/stage"
)

// sentences say what the figures mean, also where they speak against the sidecar.
func (m Summary) sentences() []string {
	var all []string
	for _, c := range m.Phases {
		if c.With.Requests == 0 || c.Without.Requests == 0 {
			continue
		}
		all = append(all, c.sentence())
	}
	all = append(all, m.reservations())
	if m.Skipped > 0 {
		all = append(all, fmt.Sprintf("%d pairs of requests were left out because too many waited for an answer: this machine is too busy for fair figures.", m.Skipped))
	}
	return all
}

func (c Compared) sentence() string {
	w, o := c.With, c.Without
	name := c.Phase.String() + ": "
	switch c.Phase {
	case stage.Flaky:
		return name + fmt.Sprintf("%s. Retries saved %d calls, at the price of %d calls to inventory instead of %d.", c.failures(), w.Saved, w.Calls, o.Calls)
	case stage.Slow:
		return name + fmt.Sprintf("%s, and p99 was %s instead of %s: the attempt timeout gives up early and a retry finds a quick answer, as far as the budget goes.",
			c.failures(), brief(w.P99), brief(o.P99))
	case stage.Dead:
		spared := "circuits opened too late to spare inventory anything"
		if w.Calls < o.Calls {
			spared = fmt.Sprintf("open circuits spared inventory %d calls of %d", o.Calls-w.Calls, o.Calls)
		}
		return name + fmt.Sprintf("nobody can help, %s; %s, and callers had their answer in %s at the median (without: %s; "+
			"on loopback a refusal is quick, over a network it often is not).", c.failures(), spared, brief(w.P50), brief(o.P50))
	case stage.WellAgain:
		if w.Failed > o.Failed {
			return name + fmt.Sprintf("%s: the price of a circuit is that it has to find out, by probes, that it may close.", c.failures())
		}
	}
	return name + fmt.Sprintf("%s; the median call took %s with the sidecar and %s without.", c.failures(), brief(w.P50), brief(o.P50))
}

// failures compares the shares that failed.
func (c Compared) failures() string {
	w, o := c.With, c.Without
	if w.Failed == 0 && o.Failed == 0 {
		return "no call failed"
	}
	if w.Failed == w.Requests && o.Failed == o.Requests {
		return "every call failed on both paths"
	}
	return fmt.Sprintf("%.1f%% of the calls failed instead of %.1f%%", w.failedShare()*100, o.failedShare()*100)
}

// reservations tells whether the promise about what may not be repeated was kept.
func (m Summary) reservations() string {
	if m.With.Twice > 0 {
		return fmt.Sprintf("reserveStock: %d orders were booked TWICE through the sidecar. This must never happen: please report it.", m.With.Twice)
	}
	return fmt.Sprintf("reserveStock: of %d orders none was booked twice, though for %d of them inventory did the work and the answer never came: "+
		"repeating a POST blindly would have booked those again.", m.With.Orders, m.With.Unanswered)
}
