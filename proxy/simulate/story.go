package simulate

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"outrigger/policy"
	"outrigger/policy/table"
	"outrigger/proxy/observe"
)

// tell puts together what callers saw and what the sidecar says of it. It must be called when the exchanges have ended.
func (c *caller) tell(calls []*call) []table.Exchange {
	decisions := map[string]observe.Decision{}
	for _, d := range c.sidecar.Decisions() {
		if _, later := decisions[d.RequestID]; !later {
			decisions[d.RequestID] = d
		}
	}
	circuits := c.circuits()
	seen := make([]table.Exchange, len(calls))
	for i, x := range calls {
		seen[i] = table.Exchange{Status: x.status, Took: x.took}
		d, known := decisions[x.id]
		if !known {
			seen[i].Story = []string{"the sidecar knows nothing of this request"}
			continue
		}
		seen[i].Operation, seen[i].Code, seen[i].Attempts = d.Operation, d.Code, len(d.Attempts)
		seen[i].Circuit = cmp.Or(circuits[place{d.Direction, d.Upstream, d.Operation}], "off")
		seen[i].Story = story(d, x)
	}
	return seen
}

// place is what circuits are told apart by.
type place struct {
	direction           policy.Direction
	upstream, operation string
}

func (c *caller) circuits() map[place]string {
	states := map[place]string{}
	for _, u := range c.sidecar.Upstreams() {
		for _, op := range u.Operations {
			states[place{u.Direction, u.Name, op.Name}] = op.Circuit
		}
	}
	return states
}

// story is one exchange in lines, as it went: its attempts, what was decided about it and where the policy says so, and its end.
func story(d observe.Decision, x *call) []string {
	type moment struct {
		at   float64 // milliseconds
		line string
	}
	var moments []moment
	ended := 0.0
	for _, a := range d.Attempts {
		ended += a.Backoff + a.Duration
		how := string(a.Outcome)
		if a.Status != 0 {
			how = fmt.Sprint(a.Status)
		}
		moments = append(moments, moment{ended, fmt.Sprintf("attempt %d: %s after %s", a.Number, how, spell(a.Duration))})
	}
	for _, e := range d.Events {
		moments = append(moments, moment{e.At, fmt.Sprintf("%s: %s (%s)", e.Rule, e.What, e.Source)})
	}
	// What was decided about an attempt at the instant of its end comes behind it.
	slices.SortStableFunc(moments, func(a, b moment) int { return cmp.Compare(a.at, b.at) })
	var lines []string
	for _, m := range moments {
		lines = append(lines, m.line)
	}
	end := fmt.Sprintf("the caller got %d after %s", x.status, spell(float64(x.took)/float64(time.Millisecond)))
	if x.status == 0 {
		end = "the caller got no answer within " + policy.Spell(x.took)
	}
	if d.Code != "" {
		end += ", code " + d.Code
	}
	return append(lines, end)
}

// spell writes milliseconds as policies do.
func spell(ms float64) string {
	if d := time.Duration(ms * float64(time.Millisecond)).Round(time.Millisecond); d > 0 {
		return policy.Spell(d)
	}
	return "0ms"
}
