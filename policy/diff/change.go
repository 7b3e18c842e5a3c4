package diff

import (
	"cmp"
	"slices"

	"outrigger/policy"
)

// Effect is what a change does to callers and upstreams.
type Effect string

// Riskier takes a protection away, or lets something fail that did not; Safer gives a protection. Neutral is a trade, or neither.
const (
	Riskier Effect = "riskier"
	Neutral Effect = "neutral"
	Safer   Effect = "safer"
)

// Change is one difference in meaning. Its JSON is the contract of outrigger diff --output json.
type Change struct {
	Effect Effect `json:"effect"`
	// Key is the dotted key of a value that changed; empty where a thing as a whole was added, removed or renamed.
	Key string `json:"key,omitempty"`
	// Old and New are the value spelt as a policy would; both are empty where Key is.
	Old string `json:"old,omitempty"`
	New string `json:"new,omitempty"`
	// OldSource and NewSource are the file:line that each value comes from, or "default"; empty where neither is known.
	OldSource string `json:"old_source,omitempty"`
	NewSource string `json:"new_source,omitempty"`
	// What says the effect in words.
	What string `json:"what"`
	// Where are the upstreams and operations that the change reaches; empty for the sidecar itself.
	Where []Where `json:"where,omitempty"`
}

// Where is an upstream with those of its operations that a change reaches.
type Where struct {
	Direction policy.Direction `json:"direction"`
	Upstream  string           `json:"upstream"`
	// Operations are in the order of the new set; empty where the change is of the upstream as a whole.
	Operations []Operation `json:"operations,omitempty"`
	// All says that no operation of the upstream is left out.
	All bool `json:"all,omitempty"`
}

// Operation names one operation. Method and Template are empty for the requests that match none.
type Operation struct {
	ID       string `json:"id"`
	Method   string `json:"method,omitempty"`
	Template string `json:"template,omitempty"`
}

// Summary counts changes by their effect.
type Summary struct {
	Riskier int `json:"riskier"`
	Neutral int `json:"neutral"`
	Safer   int `json:"safer"`
}

// Summarize counts changes.
func Summarize(changes []Change) Summary {
	var s Summary
	for _, c := range changes {
		switch c.Effect {
		case Riskier:
			s.Riskier++
		case Safer:
			s.Safer++
		default:
			s.Neutral++
		}
	}
	return s
}

// Compare lists what changed in meaning from one set to another, the riskier first. Nothing is left out for being small, and sets
// that mean the same give no change. It is safe for concurrent use.
func Compare(before, after *policy.Set) []Change {
	var l list
	l.sidecar(before, after)
	l.upstreams(before, after)
	slices.SortStableFunc(l.changes, func(a, b *Change) int { return cmp.Compare(rank(a.Effect), rank(b.Effect)) })
	changes := make([]Change, len(l.changes))
	for i, c := range l.changes {
		changes[i] = *c
	}
	return changes
}

func rank(e Effect) int { return slices.Index([]Effect{Riskier, Neutral, Safer}, e) }

// list gathers changes; those that differ only in where they hold are one.
type list struct {
	changes []*Change
	known   map[reason]*Change
}

// reason is what makes two changes one: the same value for the same line's sake.
type reason struct {
	effect             Effect
	key, old, new      string
	oldSource, toldNew string
	what               string
}

// add takes a change over, or widens the one that it repeats in another place.
func (l *list) add(c Change, where ...Where) {
	id := reason{c.Effect, c.Key, c.Old, c.New, c.OldSource, c.NewSource, c.What}
	known := l.known[id]
	if known == nil {
		if l.known == nil {
			l.known = map[reason]*Change{}
		}
		known = &c
		l.known[id] = known
		l.changes = append(l.changes, known)
	}
	for _, w := range where {
		known.widen(w)
	}
}

func (c *Change) widen(w Where) {
	for i := range c.Where {
		if at := &c.Where[i]; at.Direction == w.Direction && at.Upstream == w.Upstream {
			at.Operations = append(at.Operations, w.Operations...)
			return
		}
	}
	c.Where = append(c.Where, w)
}
