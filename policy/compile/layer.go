package compile

import (
	"maps"
	"slices"

	"outrigger/policy"
	"outrigger/policy/rules"
)

// level is where in the inheritance a value is written; the deeper level wins.
type level = rules.Level

const (
	levelDefault   = rules.Builtin
	levelSpec      = rules.Spec
	levelDefaults  = rules.Defaults
	levelUpstream  = rules.Shared
	levelOperation = rules.Own
)

var levelNames = [...]string{"default", "spec", "defaults", "upstream", "operation"}

// settings are what the layers of one operation come to.
type settings struct {
	policy.Policy
	budget policy.Budget
	// idempotent and streaming are nil where method and spec decide.
	idempotent *bool
	streaming  *policy.Stream
	// keyed says that a policy or a spec writes of the idempotency key; keyless that a policy switches it off.
	keyed, keyless bool
	when, failures []condition
}

// value is one written value.
type value struct {
	origin policy.Origin
	level  level
	// named says that the value comes by way of a named policy, used at level.
	named bool
	used  policy.Place    // where, if it is named
	apply func(*settings) // nil for a mapping that has no value of its own
}

// layer is what one policy writes, or several laid over one another, by dotted key.
type layer struct {
	values map[string]value
	// unread says that timeouts, retries or limits are written there that cannot be read: what they come to is not known.
	unread bool
}

func newLayer() *layer { return &layer{values: map[string]value{}} }

// over returns l laid over below: every key of l, and those of below that l does not have.
func (l *layer) over(below *layer) *layer {
	all := &layer{values: maps.Clone(below.values), unread: l.unread || below.unread}
	maps.Copy(all.values, l.values)
	return all
}

// as returns l as the values of a named policy used at another level, by what stands at a place.
func (l *layer) as(at level, used policy.Place) *layer {
	moved := newLayer()
	moved.unread = l.unread
	for key, v := range l.values {
		v.level, v.named, v.used = at, true, used
		moved.values[key] = v
	}
	return moved
}

// without returns l without the keys for which drop answers true.
func (l *layer) without(drop func(key string) bool) *layer {
	kept := newLayer()
	kept.unread = l.unread
	for key, v := range l.values {
		if !drop(key) {
			kept.values[key] = v
		}
	}
	return kept
}

// resolve gives what the layers come to on top of the built-in defaults.
func (l *layer) resolve(builtin settings) settings {
	s := builtin
	if len(l.values) > 0 { // an empty map would come back from its bytes as nil
		s.Origins = make(map[string]policy.Origin, len(l.values))
	}
	// In the order of keys, so that a mapping's own value ("breaker") comes before those below it.
	for _, key := range slices.Sorted(maps.Keys(l.values)) {
		v := l.values[key]
		if v.apply != nil {
			v.apply(&s)
		}
		s.Origins[key] = v.origin
	}
	return s
}
