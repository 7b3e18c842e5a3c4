package arithmetic

import (
	"fmt"
	"time"

	"outrigger/policy"
	"outrigger/policy/rules"
)

// checkBaseOverMax refuses what grows from above its own end.
func checkBaseOverMax(o *rules.Operation, report rules.Report) {
	s := &o.Settings
	for _, grows := range []struct {
		from, to     string
		first, limit time.Duration
	}{
		{"retry.backoff.base", "retry.backoff.max", s.Retry.Backoff.Base, s.Retry.Backoff.Max},
		{"breaker.openFor", "breaker.openForMax", s.Breaker.OpenFor, s.Breaker.OpenForMax},
	} {
		_, v, written := o.Deepest(grows.from, grows.to)
		if !written || grows.first <= grows.limit {
			continue
		}
		p := policy.Problem{
			Code: CodeBaseOverMax, Severity: policy.Error, Place: v.Place,
			Message:  fmt.Sprintf("%s %s is longer than %s %s (%s)", grows.from, spell(grows.first), grows.to, spell(grows.limit), s.Source(grows.to)),
			Expected: fmt.Sprintf("%s at most %s", grows.from, grows.to), Suggestion: fmt.Sprintf("write both, such as %s: %s", grows.to, spell(grows.first)),
		}
		from, first := o.Value(grows.from)
		to, both := o.Value(grows.to)
		switch {
		case first && both:
			p.Place = rules.Spot(v, from, to)
			if to.Origin != p.Place {
				p.Because = to.Origin
			}
		default:
			p.Place = rules.Spot(v)
		}
		report(p)
	}
}
