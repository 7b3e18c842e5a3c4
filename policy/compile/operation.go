package compile

import (
	"slices"
	"strings"

	"outrigger/policy"
	"outrigger/policy/document"
	"outrigger/policy/language"
	"outrigger/policy/openapi"
	"outrigger/policy/rules/specs"
)

// declared is one operation on its way into the set.
type declared struct {
	*policy.Operation
	spec     *openapi.Operation // nil where only the policy declares it
	key      document.Entry     // the operation's key in the policy; Value is nil without one
	layer    *layer             // all layers of it
	hinted   *layer             // of them, the spec's
	settings settings
	formerly []formerName
}

// operations fills a source's operations: those of its spec in the spec's order, or without a spec those its keys declare.
func (c *compiler) operations(s *source, all []*source) {
	written := map[*openapi.Operation]document.Entry{}
	var extra []document.Entry
	if n := s.written.operations; n != nil {
		written, extra = c.operationKeys(s, n, all)
	}
	if s.catalog != nil && !s.catalog.broken {
		for _, op := range s.catalog.Operations {
			if op.CoveredBy == nil {
				c.specOperation(s, op, written[op])
			}
		}
	}
	for _, e := range extra {
		method, template, _ := splitOperationKey(e.Key)
		c.add(s, &declared{key: e, Operation: &policy.Operation{ID: method + " " + template, Method: method, Template: policy.CanonicalTemplate(template), Place: e.KeyPlace}})
	}
	c.unmatched(s)
}

// specOperation adds an operation of the spec, once for each base path its servers have: requests may come by any of them.
func (c *compiler) specOperation(s *source, op *openapi.Operation, key document.Entry) {
	id := op.ID
	if id == "" {
		id = op.Method + " " + op.Path
	}
	first := &declared{key: key, spec: op, Operation: &policy.Operation{
		ID: id, Method: op.Method, Place: op.Place, Deprecated: op.Deprecated, Answers: answers(op.Statuses),
	}}
	for i, template := range templates(s.catalog.Catalog, op) {
		if i == 0 {
			first.Template = template
			c.add(s, first)
			continue
		}
		again := *first.Operation
		again.Template = template
		s.Operations = append(s.Operations, &again)
	}
}

// answers are the statuses by which an operation keeps to its spec.
func answers(s openapi.Statuses) policy.StatusSet {
	if s.Default || s.Literal.IsZero() && s.Ranges.IsZero() {
		return policy.StatusSet{}
	}
	all := specs.AnyHop
	for i := range all {
		all[i] |= s.Literal[i] | s.Ranges[i]
	}
	return all
}

// templates are the paths by which requests ask for op.
func templates(catalog *openapi.Catalog, op *openapi.Operation) []string {
	bases := op.BasePaths
	if bases == nil {
		bases = catalog.BasePaths
	}
	var all []string
	for _, base := range bases {
		if t := policy.CanonicalTemplate(base + op.Path); !slices.Contains(all, t) {
			all = append(all, t)
		}
	}
	return all
}

// operationFields are the keys of an operation: a policy's, and its former names.
var operationFields = append(slices.Clone(policyFields), bound(language.Shape{Keys: []language.Key{*language.Operation.Find("formerly")}}, part[settings]("formerly"))...)

// add completes an operation by its layers and puts it into its source.
func (c *compiler) add(s *source, d *declared) {
	d.hinted = c.specLayer(d.spec)
	d.layer = s.layer.over(d.hinted)
	if d.key.Value != nil {
		what := "operation " + d.key.Key
		own := c.policyOf(d.key.Value, policyText{what: what, level: levelOperation, fields: operationFields})
		delete(own.values, "formerly")
		d.layer = own.over(d.layer)
		if n := d.key.Value.Get("formerly"); n != nil {
			d.formerly, _ = formerNames(c, what+": formerly", n)
			d.Formerly = namesOf(d.formerly)
		}
	}
	d.finish(s)
	s.ops = append(s.ops, d)
	s.Operations = append(s.Operations, d.Operation)
}

// unmatched makes the operation of every other request: the upstream's own policy, no method, nothing known.
func (c *compiler) unmatched(s *source) {
	d := &declared{layer: s.layer, Operation: &policy.Operation{ID: policy.Unmatched, Place: s.place}}
	d.finish(s)
	s.Unmatched = d.Operation
	s.Budget = d.settings.budget
	s.ops = append(s.ops, d)
}

// finish turns the layers into settings as written, which the checks look at, and these into what holds.
func (d *declared) finish(s *source) {
	d.settings = d.layer.resolve(builtin(s.Direction))
	set := d.settings
	if s.Direction == policy.Inbound {
		set.Retry.When = policy.Conditions{Connect: set.Retry.When.Connect, Refused: set.Retry.When.Refused}
	}
	d.Idempotent = policy.IdempotentMethod(d.Method)
	if set.idempotent != nil {
		d.Idempotent = *set.idempotent
	}
	if set.streaming != nil {
		d.Streaming = *set.streaming
	}
	key := &set.Retry.IdempotencyKey
	key.Honoured = set.keyed && !set.keyless
	if set.keyless {
		key.Mode = policy.KeyForward
	}
	// Also where a comment silences the check that refuses such values, nothing below needs to cope with them.
	set.Retry.Backoff.Max = max(set.Retry.Backoff.Max, set.Retry.Backoff.Base)
	set.Breaker.OpenForMax = max(set.Breaker.OpenForMax, set.Breaker.OpenFor)
	d.Policy = set.Policy
}

// splitOperationKey splits "METHOD /template".
func splitOperationKey(key string) (method, template string, ok bool) {
	method, template, ok = strings.Cut(key, " ")
	template = strings.TrimLeft(template, " ")
	return method, template, ok && strings.HasPrefix(template, "/")
}
