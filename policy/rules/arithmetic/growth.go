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
		_, v, written := o.Deepest(grows.to, grows.from)
		if !written || grows.first <= grows.limit {
			continue
		}
		from, first := o.Value(grows.from)
		to, both := o.Value(grows.to)
		p := policy.Problem{
			Code: CodeBaseOverMax, Severity: policy.Error, Place: rules.Spot(v),
			Message:  fmt.Sprintf("%s %s is longer than %s %s (%s)", grows.from, spell(grows.first), grows.to, spell(grows.limit), s.Source(grows.to)),
			Expected: fmt.Sprintf("%s at most %s", grows.from, grows.to), Suggestion: fmt.Sprintf("write both, such as %s: %s", grows.to, spell(grows.first)),
		}
		if first && both {
			p.Place, p.Because = rules.Spot(v, from, to), to.Origin
			p.Suggestion = fmt.Sprintf("raise %s to %s, or lower %s", grows.to, spell(grows.first), grows.from)
		}
		if v == to { // the end is what was written last
			p.Because = from.Origin
			p.Message = fmt.Sprintf("%s %s is shorter than %s %s (%s)", grows.to, spell(grows.limit), grows.from, spell(grows.first), s.Source(grows.from))
			p.Expected = fmt.Sprintf("%s at least %s", grows.to, grows.from)
		}
		if p.Because == p.Place {
			p.Because = policy.Place{}
		}
		report(p)
	}
}
