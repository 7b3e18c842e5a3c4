// Package rules is what a rule sees of a policy: each operation with what holds for it, and for each value where it was written
// and at which level of the inheritance.
//
// It decides nothing. The families of rules stand below it, a package each and a small file for each kind of mistake; they look
// at these views and report problems, and know neither keys as they are parsed nor defaults nor how layers are laid over one
// another. Package compile builds the views when all files are read, and calls the families.
package rules

import (
	"outrigger/policy"
	"outrigger/policy/openapi"
)

// Report takes a problem. It may be told one problem several times, for a value that many operations inherit.
type Report func(policy.Problem)

// Level is where in the inheritance a value is written; the deeper level wins.
type Level int

// The levels, from the built-in defaults to the operation.
const (
	Builtin Level = iota
	Spec
	Defaults
	Shared // of an upstream, or of inbound
	Own    // of an operation
)

// Value is one written value.
type Value struct {
	// Place is where to speak of it: where it is written or, for one that a named policy brings, where that is used.
	Place policy.Place
	// Origin is where it is written in either case.
	Origin policy.Place
	Level  Level
	// Named says that the value comes by way of a named policy.
	Named bool
}

// Spot is where to speak of values that contradict each other, or a default: of the first one, and where one named policy brings
// them all, in that policy, for it is wrong wherever it is used.
func Spot(first Value, others ...Value) policy.Place {
	if !first.Named {
		return first.Place
	}
	for _, other := range others {
		if !other.Named || other.Place != first.Place {
			return first.Place
		}
	}
	return first.Origin
}

// Condition is one item of retry.when or breaker.failures.
type Condition struct {
	policy.Conditions
	// Text is the item as written. Status is the code where it is written as a number, which a spec may declare or not; else 0.
	Text   string
	Status int
	Place  policy.Place
	// Cut is what to remove so that the list lacks the item; the zero Place where that is in doubt.
	Cut policy.Place
}

// BeyondNotSent reports whether v also repeats what the upstream may have seen.
func BeyondNotSent(v policy.Conditions) bool {
	return v.Reset || v.Timeout || !v.Statuses.IsZero()
}

// Operation is one operation, as it will hold, with what its rules need beside.
type Operation struct {
	*policy.Operation
	// Settings are as written, before what cannot be is set right.
	Settings policy.Policy
	// When and Failures are the lists of retry.when and breaker.failures as written; nil where nobody wrote them.
	When, Failures []Condition
	// Spec is the operation in the spec; nil where only the policy declares it, and for unmatched requests.
	Spec *openapi.Operation
	// Unread says that timeouts, retries or limits are written for it that cannot be read: rules that weigh several of them wait until they can.
	Unread bool
	// Key is that of the operation in the policy; the zero Place without one.
	Key policy.Place
	// Value returns what is written for a dotted key, false where nobody wrote it.
	Value func(key string) (Value, bool)
	// Hinted reports whether the spec gives a value for a key.
	Hinted func(key string) bool
}

// At is where to speak of the operation: its key in the policy, else where it is declared.
func (o *Operation) At() policy.Place {
	if o.Key.File != "" {
		return o.Key
	}
	return o.Place
}

// Written returns the value of key where it is written at the level at or deeper.
func (o *Operation) Written(key string, at Level) (Value, bool) {
	v, ok := o.Value(key)
	return v, ok && v.Level >= at
}

// Deepest returns, of the given keys, the value written at the deepest level; of equals the first; false where none is written.
func (o *Operation) Deepest(keys ...string) (key string, found Value, ok bool) {
	for _, k := range keys {
		if v, there := o.Value(k); there && (!ok || v.Level > found.Level) {
			key, found, ok = k, v, true
		}
	}
	return key, found, ok
}

// Upstream is an upstream, or the application of inbound, with its operations; the last one is that of unmatched requests.
type Upstream struct {
	*policy.Upstream
	// Title names it in messages: "upstream inventory", "inbound".
	Title string
	// Specless says that it names no spec, neither a file nor one that the application serves.
	Specless bool
	// Catalog is what its spec declares; nil without a spec, and where the spec has errors and is not to be judged by.
	Catalog    *openapi.Catalog
	Operations []*Operation
	// BufferBytes is limits.bufferBytes.
	BufferBytes int64
}
