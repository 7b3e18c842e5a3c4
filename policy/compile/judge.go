package compile

import (
	"outrigger/policy"
	"outrigger/policy/rules"
	"outrigger/policy/rules/arithmetic"
	"outrigger/policy/rules/specs"
	"outrigger/policy/rules/validation"
)

// judge has the rules look at what the layers of a source's operations have come to.
func (c *compiler) judge(s *source, set *policy.Set) {
	u := &rules.Upstream{Upstream: s.Upstream, Title: s.title(), BufferBytes: set.Limits.BufferBytes, Specless: s.written.spec.path == "" && !s.specUnread}
	if s.catalog != nil && !s.catalog.broken {
		u.Catalog = s.catalog.Catalog
	}
	for _, d := range s.ops {
		u.Operations = append(u.Operations, d.view())
	}
	specs.Check(u, c.reportOnce)
	arithmetic.Check(u, c.reportOnce)
	validation.Check(u, c.reportOnce)
}

// view is the operation as the rules see it.
func (d *declared) view() *rules.Operation {
	o := &rules.Operation{
		Operation: d.Operation, Settings: d.settings.Policy, When: d.settings.when, Failures: d.settings.failures, Spec: d.spec, Unread: d.layer.unread,
		Value: func(key string) (rules.Value, bool) {
			v, ok := d.layer.values[key]
			return rules.Value{Place: v.spot(), Origin: v.origin.Place, Level: v.level, Named: v.named}, ok
		},
		Hinted: func(key string) bool {
			_, known := d.hinted.values[key]
			return known
		},
	}
	if d.key.Value != nil {
		o.Key = d.key.KeyPlace
	}
	return o
}

// spot is where a value stands for the reader of a problem: for one that a named policy brings, where that is used.
func (v value) spot() policy.Place {
	if v.named {
		return v.used
	}
	return v.origin.Place
}
