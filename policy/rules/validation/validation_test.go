package validation

import (
	"testing"

	"outrigger/policy"
	"outrigger/policy/rules"
)

// upstream has one operation, which writes both keys of validate at a level.
func upstream(at rules.Level, edit func(*rules.Upstream, *rules.Operation)) *rules.Upstream {
	o := &rules.Operation{Operation: &policy.Operation{ID: "getStock"}, Value: func(key string) (rules.Value, bool) {
		return rules.Value{Place: policy.Place{File: "p.yaml", Line: map[string]int{requests: 1, replies: 2}[key]}, Level: at}, true
	}}
	o.Settings.Validate = policy.Validate{Request: policy.ValidationEnforce, Response: policy.ValidationReport}
	u := &rules.Upstream{Upstream: &policy.Upstream{Name: "inventory"}, Title: "upstream inventory", Operations: []*rules.Operation{o}}
	edit(u, o)
	return u
}

func TestAWishThatCannotBeHadIsTold(t *testing.T) {
	specless := func(u *rules.Upstream, _ *rules.Operation) { u.Specless = true }
	streams := func(_ *rules.Upstream, o *rules.Operation) { o.Streaming = policy.StreamAlways }
	counted := func(_ *rules.Upstream, o *rules.Operation) {
		o.Settings.Validate.Response, o.Settings.Breaker.Off = policy.ValidationCount, true
	}
	for _, c := range []struct {
		name string
		at   rules.Level
		edit func(*rules.Upstream, *rules.Operation)
		want string
	}{
		{"with a spec", rules.Own, func(*rules.Upstream, *rules.Operation) {}, ""},
		{"without a spec", rules.Shared, specless, "OR240:1 OR240:2 "},
		{"in defaults, without a spec", rules.Defaults, specless, ""},
		{"of a stream", rules.Own, streams, "OR241:2 "},
		{"of an upstream with a stream", rules.Shared, streams, ""},
		{"for a breaker that is off", rules.Shared, counted, "OR244:2 "},
		{"off, without a spec", rules.Own, func(u *rules.Upstream, o *rules.Operation) {
			u.Specless, o.Settings.Validate = true, policy.Validate{Request: policy.ValidationOff, Response: policy.ValidationOff}
		}, ""},
	} {
		got := ""
		Check(upstream(c.at, c.edit), func(p policy.Problem) { got += p.Code + ":" + string(rune('0'+p.Place.Line)) + " " })
		if got != c.want {
			t.Errorf("validation %s: %q, want %q", c.name, got, c.want)
		}
	}
}
