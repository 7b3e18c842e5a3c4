package diff

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"outrigger/policy"
	"outrigger/policy/explain"
)

// operations pairs the operations of an upstream: by id, by a former id, else by method and template.
func (l *list) operations(was, is *policy.Upstream) {
	paired := map[*policy.Operation]bool{}
	for _, op := range is.Operations {
		old := operationNamed(was, is, op)
		if old == nil {
			l.add(Change{Effect: Neutral, What: "added: its requests were unmatched before", NewSource: op.Place.String()}, at(is, op))
			continue
		}
		paired[old] = true
		l.operation(pair{was, old}, pair{is, op})
	}
	for _, op := range was.Operations {
		if !paired[op] {
			effect, what := Neutral, "its requests are unmatched from now on"
			if is.RefuseUnmatched {
				effect, what = Riskier, "its requests are refused with 404 no_route from now on"
			}
			l.add(Change{Effect: effect, What: "removed: " + what, OldSource: op.Place.String()}, at(is, op))
		}
	}
	l.operation(pair{was, was.Unmatched}, pair{is, is.Unmatched})
}

func operationNamed(was, is *policy.Upstream, op *policy.Operation) *policy.Operation {
	for _, id := range append([]string{op.ID}, op.Formerly...) {
		for _, old := range was.Operations {
			if old.ID == id {
				return old
			}
		}
	}
	taken := func(id string) bool {
		return slices.ContainsFunc(is.Operations, func(o *policy.Operation) bool { return o.ID == id || slices.Contains(o.Formerly, id) })
	}
	for _, old := range was.Operations {
		if old.Method == op.Method && old.Template == op.Template && !taken(old.ID) {
			return old
		}
	}
	return nil
}

func at(u *policy.Upstream, op *policy.Operation) Where {
	return Where{Direction: u.Direction, Upstream: u.Name, Operations: []Operation{{op.ID, op.Method, op.Template}}}
}

// pair is an operation with the upstream that it belongs to.
type pair struct {
	upstream  *policy.Upstream
	operation *policy.Operation
}

// operation compares one operation with what it was.
func (l *list) operation(was, is pair) {
	where := at(is.upstream, is.operation)
	if was.operation.ID != is.operation.ID {
		c := Change{Effect: Neutral, OldSource: was.operation.Place.String(), NewSource: is.operation.Place.String()}
		c.What = fmt.Sprintf("renamed from %s: its circuit and limit stay", was.operation.ID)
		if !slices.Contains(is.operation.Formerly, was.operation.ID) {
			c.What = fmt.Sprintf("renamed from %s: its circuit and limit begin anew; \"formerly: %s\" would keep them", was.operation.ID, was.operation.ID)
		}
		l.add(c, where)
	}
	if old, now := route(was.operation), route(is.operation); old != now {
		l.add(Change{
			Effect: Neutral, Key: "path", Old: old, New: now, What: "requests are matched by the new method and path",
			OldSource: was.operation.Place.String(), NewSource: is.operation.Place.String(),
		}, where)
	}
	now := facts(is.operation)
	for i, fact := range facts(was.operation) {
		l.setting(fact, now[i], where)
	}
	if !reflect.DeepEqual(was.operation.Contract, is.operation.Contract) {
		l.add(Change{
			Effect: Neutral, What: "its messages are held against other demands of the spec",
			OldSource: was.operation.Place.String(), NewSource: is.operation.Place.String(),
		}, where)
	}
	l.values(was, is)
}

// facts are what a spec says of an operation that is no setting, the same keys in the same order for every operation.
func facts(op *policy.Operation) []setting {
	at := op.Place.String()
	key := op.Policy.Retry.IdempotencyKey
	var answers []string
	for _, code := range op.Answers.Codes() {
		answers = append(answers, strconv.Itoa(code))
	}
	return []setting{
		{"retry.idempotencyKey", either(key.Honoured, "honoured", "not honoured"), op.Policy.Source("retry.idempotencyKey")},
		{"deprecated", strconv.FormatBool(op.Deprecated), at},
		{"answers", spellList(answers), at},
	}
}

func route(op *policy.Operation) string { return strings.TrimSpace(op.Method + " " + op.Template) }

// values compares every effective value. A feature that is off in one set and on in the other is one change, not one for each of
// its values.
func (l *list) values(was, is pair) {
	where := at(is.upstream, is.operation)
	if c, turned := repeatable(was, is); turned {
		l.add(c, where)
	}
	old, now := effective(was), effective(is)
	switched := map[string]bool{}
	for _, key := range slices.Concat(now.keys, old.without(now)) {
		before, inOld := old.values[key]
		after, inNew := now.values[key]
		switch feature := above(key); {
		case inOld && inNew:
			l.setting(before, after, where)
		case inNew && old.values[feature].value == "off" && !switched[feature]:
			switched[feature] = true
			l.setting(old.values[feature], setting{feature, "on", switchedBy(is, feature, after)}, where)
		case inOld && now.values[feature].value == "off" && !switched[feature]:
			switched[feature] = true
			l.setting(setting{feature, "on", switchedBy(was, feature, before)}, now.values[feature], where)
		}
	}
}

// switchedBy is where a feature is written that is on, else where the first of its values comes from.
func switchedBy(p pair, feature string, first setting) string {
	if _, written := p.operation.Policy.Origins[feature]; written {
		return p.operation.Policy.Source(feature)
	}
	return first.source
}

// above is the key of the feature that a value belongs to: "breaker" of "breaker.window".
func above(key string) string {
	if i := strings.LastIndexByte(key, '.'); i >= 0 {
		return key[:i]
	}
	return ""
}

// table is the effective values of one operation in their order.
type table struct {
	keys   []string
	values map[string]setting
}

func effective(p pair) table {
	t := table{values: map[string]setting{}}
	for _, v := range explain.Effective(p.upstream, p.operation) {
		t.keys = append(t.keys, v.Key)
		t.values[v.Key] = setting{v.Key, v.Value, v.Source}
	}
	return t
}

func (t table) without(other table) []string {
	var only []string
	for _, key := range t.keys {
		if _, both := other.values[key]; !both {
			only = append(only, key)
		}
	}
	return only
}

// repeatable tells whether a request that may have been processed came to be sent again, or no longer is: the change that people
// fear most, and that several values together make.
func repeatable(was, is pair) (Change, bool) {
	before, after := repeats(was.operation), repeats(is.operation)
	if before == after || is.operation.Method == "" {
		return Change{}, false
	}
	c := Change{Effect: Safer, What: "is no longer retryable: a request that may have been processed is not sent again"}
	if after {
		c.Effect, c.What = Riskier, "becomes retryable: a request that may have been processed is sent again"
		if is.operation.Policy.Retry.IdempotencyKey.Honoured && !is.operation.Idempotent {
			c.Effect, c.What = Neutral, c.What+", where it carries its idempotency key"
		} else if policy.IdempotentMethod(is.operation.Method) {
			c.Effect = Neutral
		}
	}
	for _, key := range []string{"retry.idempotent", "retry.idempotencyKey", "retry.idempotencyKey.mode", "retry.retries", "retry.when"} {
		if old, now := was.operation.Policy.Source(key), is.operation.Policy.Source(key); old != now {
			c.OldSource, c.NewSource = old, now
			break
		}
	}
	return c, true
}

// repeats reports whether a request of an operation is sent again though an attempt of it may have been processed.
func repeats(op *policy.Operation) bool {
	r := op.Policy.Retry
	processed := r.When.Reset || r.When.Timeout || !r.When.Statuses.IsZero()
	return r.Retries > 0 && processed && (op.MayRepeat(op.Method) || r.IdempotencyKey.Honoured)
}
