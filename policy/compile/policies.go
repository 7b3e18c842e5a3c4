package compile

import (
	"fmt"
	"maps"
	"slices"

	"outrigger/policy"
	"outrigger/policy/document"
)

// policyText says how one written policy is to be read.
type policyText struct {
	what   string // in messages: "the policy of upstream inventory"
	level  level
	named  bool // a policy under "policies"
	fields []field[settings]
}

// policyOf reads a policy as a layer, the named policy that it uses under its own values.
func (c *compiler) policyOf(n *document.Node, text policyText) *layer {
	own := newLayer()
	from := levelNames[text.level]
	if text.named {
		from = "policy"
	}
	r := reading[settings]{c: c, what: text.what, emit: func(key string, at policy.Place, apply func(*settings)) {
		own.values[key] = value{origin: policy.Origin{Place: at, From: from}, level: text.level, apply: apply}
	}}
	told := len(c.problems)
	r.mapping("", n, text.fields)
	own.unread = timesUnread(n, c.problems[min(told, len(c.problems)):])
	c.suggestUse(n, text)
	c.checkLevel(own, text)
	used := n.Get("use")
	if used == nil || used.Kind() == document.Null {
		return own
	}
	if text.named {
		c.used[used.Text()] = true
		c.fail(codeOutOfPlace, used.Place(), text.what+" uses another policy", "values only", "write the values out")
		return own
	}
	name, ok := c.scalar("use", used, "the name of one policy under policies")
	if !ok {
		c.used[""] = true // what was meant is not known
		return own
	}
	c.used[name] = true
	named := c.named[name]
	if named == nil {
		c.used[""] = true // it is one of them that was meant
		if c.meantAtTop("policies") {
			return own
		}
		known := slices.Sorted(maps.Keys(c.named))
		meant, instead := nearest(name, known), ""
		if meant != "" {
			instead = fmt.Sprintf("did you mean %q?", meant)
		}
		c.fail(codeUnknownPolicy, used.Place(), fmt.Sprintf("unknown policy %q", name), "one of "+list(known)+" (under policies)", instead)
		if meant != "" {
			c.mendWord(meant)
		}
		return own
	}
	return own.over(named.as(text.level, used.Place()))
}

// weighed are the keys whose values are weighed against each other.
var weighed = []string{"timeouts", "retry", "concurrency"}

// timesUnread reports whether one of the problems told of a policy concerns such a key, or one that is unknown and could be it.
func timesUnread(n *document.Node, problems policy.Problems) bool {
	entries := n.Entries()
	return slices.ContainsFunc(problems, func(p policy.Problem) bool {
		if p.Severity != policy.Error || p.Code == codeNotYet {
			return false
		}
		within := ""
		for _, e := range entries {
			at := e.KeyPlace
			if at.Line < p.Place.Line || at.Line == p.Place.Line && at.Column <= p.Place.Column {
				within = e.Key
			}
			if at == p.Place {
				return p.Code == codeUnknownField || slices.Contains(weighed, e.Key)
			}
		}
		return slices.Contains(weighed, within)
	})
}

// suggestUse offers "use" to who wrote the name of a policy in the place of one.
func (c *compiler) suggestUse(n *document.Node, text policyText) {
	if n.Kind() != document.Scalar || text.named || c.named[n.Text()] == nil {
		return
	}
	c.used[n.Text()] = true
	instead := fmt.Sprintf("{use: %s}", n.Text())
	c.lastTold().Suggestion = "write " + instead
	c.mend(instead)
}

// readNamed reads what stands under policies, before anything uses it.
func (c *compiler) readNamed(entries []document.Entry) {
	for _, e := range entries {
		if e.Value.Kind() == document.Null {
			c.fail(codeType, e.KeyPlace, fmt.Sprintf("policy %s has no value", e.Key), "a mapping")
			continue
		}
		c.named[e.Key] = c.policyOf(e.Value, policyText{what: "policy " + e.Key, level: levelDefaults, named: true, fields: policyFields})
	}
}

// checkUnused remarks on named policies that nobody uses. Several services may share a file of them, so it is no more than that.
func (c *compiler) checkUnused(entries []document.Entry) {
	if c.meantAtTop("upstreams") || c.meantAtTop("inbound") { // who may use them was not read
		return
	}
	for _, e := range entries {
		if !c.used[e.Key] && !c.used[""] {
			c.report(policy.Problem{
				Code: codeUnused, Severity: policy.Info, Place: e.KeyPlace, Message: fmt.Sprintf("policy %s is used by nobody", e.Key),
				Expected: "use: " + e.Key + " somewhere", Suggestion: "remove it, or use it",
			})
		}
	}
}

// checkLevel refuses keys where they would have no meaning: the budget is one for a whole upstream, and that a request may be
// repeated is a fact of one operation.
func (c *compiler) checkLevel(own *layer, text policyText) {
	if text.named {
		return
	}
	if v, ok := own.values["retry.budget"]; ok && text.level == levelOperation {
		c.fail(codeOutOfPlace, v.origin.Place, "retry.budget stands at an operation, and all operations of an upstream share one budget",
			"retry.budget in the upstream's policy or in defaults", "move it up")
	}
	if v, ok := own.values["retry.idempotent"]; ok && text.level != levelOperation {
		c.fail(codeOutOfPlace, v.origin.Place, "retry.idempotent stands above the operations, and it is a fact of one of them",
			"retry.idempotent at an operation", "move it to each operation that may be repeated")
	}
}
