package openapi

import (
	"fmt"
	"strings"

	"outrigger/policy"
)

// operation reads one operation, its parameters, responses, callbacks and hints.
func (r *reading) operation(s spot, key member, p *pathItem) {
	method := strings.ToUpper(key.key)
	if p.seen[method] {
		return
	}
	p.seen[method] = true
	if len(r.catalog.Operations) >= maxOperations {
		r.full = true
		r.fail(policy.Problem{Code: CodeTooLarge, Place: key.place,
			Message:  fmt.Sprintf("spec has more than %d operations", maxOperations),
			Expected: fmt.Sprintf("at most %d", maxOperations), Suggestion: "split the document by service"})
		return
	}
	body, ok := r.follow(s, "operation", policy.Error)
	if !ok {
		return
	}
	if !isMapping(body) {
		r.fail(policy.Problem{Code: CodeField, Place: key.place,
			Message:  fmt.Sprintf("operation %s %s is %s", method, p.path, body.Kind()),
			Expected: "a mapping with responses"})
		return
	}
	op := &Operation{Method: method, Path: p.path, Place: key.place, PathPlace: p.place, BasePaths: p.basePaths}
	if malformed(p.path) == "" {
		op.PathParameters = parameterNames(p.path)
	}
	r.fields(body, op)
	lists := p.parameters
	if own := body.at("parameters"); isSequence(own) {
		lists = append([]spot{own}, lists...)
	}
	r.parameters(op, lists)
	r.catalog.Operations = append(r.catalog.Operations, op)
}

// fields reads what stands in the operation itself.
func (r *reading) fields(body spot, op *Operation) {
	for m := range body.members() {
		value := spot{m.value, body.file}
		switch m.key {
		case "operationId":
			if isScalar(m.value) {
				op.ID, op.IDPlace = m.value.Text(), m.value.Place()
			}
		case "deprecated":
			op.Deprecated = m.value.Text() == "true"
		case "servers":
			if own := serverPaths(m.value); own != nil {
				op.BasePaths = own
			}
		case "responses":
			if responses, ok := r.follow(value, "responses", policy.Warning); ok {
				r.responses(responses, body.get("produces"), op)
			}
		case "callbacks":
			for callback := range m.value.members() {
				if target, ok := r.follow(spot{callback.value, body.file}, "callback", policy.Warning); ok {
					r.elsewhere(target, "callback")
				}
			}
		case "x-outrigger":
			r.hints(value, op)
		default:
			if word, known := operationFields[strings.ToLower(m.key)]; known && word != m.key {
				r.warn(policy.Problem{Code: CodeField, Place: m.place,
					Message:  fmt.Sprintf("field %q is not read", m.key),
					Expected: word, Suggestion: "write it as " + word})
			}
		}
	}
}

// operationFields are the fields that the catalog comes from, by their lower case.
var operationFields = map[string]string{
	"operationid": "operationId", "deprecated": "deprecated", "servers": "servers", "responses": "responses",
	"callbacks": "callbacks", "parameters": "parameters", "produces": "produces", "x-outrigger": "x-outrigger",
}

// parameters reads the header parameters from the operation's list and the path item's, the nearer one of a name winning.
func (r *reading) parameters(op *Operation, lists []spot) {
	seen := map[string]bool{}
	for _, list := range lists {
		for item := range list.items() {
			parameter, ok := r.follow(spot{item, list.file}, "parameter", policy.Warning)
			if !ok || parameter.get("in").Text() != "header" {
				continue
			}
			name := canonicalHeader(parameter.get("name").Text())
			if name == "" || seen[name] {
				continue
			}
			seen[name] = true
			op.Headers = append(op.Headers, Header{Name: name, Required: parameter.get("required").Text() == "true", Place: parameter.get("name").Place()})
			if op.IdempotencyKey == "" && (name == "Idempotency-Key" || name == "X-Idempotency-Key") {
				op.IdempotencyKey = name
			}
		}
	}
}

// canonicalHeader brings a field name to the form net/http uses, which this package may not import: a capital at the
// start and behind every hyphen, the rest small. A name that is no token is left as it is, as there.
func canonicalHeader(name string) string {
	b := []byte(name)
	upper := true
	for i, c := range b {
		switch {
		case c <= ' ' || c >= 0x7F || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0:
			return name
		case upper && c >= 'a' && c <= 'z':
			b[i] = c - 'a' + 'A'
		case !upper && c >= 'A' && c <= 'Z':
			b[i] = c - 'A' + 'a'
		}
		upper = c == '-'
	}
	return string(b)
}
