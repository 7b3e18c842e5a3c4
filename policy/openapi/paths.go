package openapi

import (
	"fmt"
	"slices"
	"strings"

	"outrigger/policy"
)

// methods are the fields of a path item that are operations; query is since 3.2.
var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace", "query"}

// pathItem is what the operations of one path have in common.
type pathItem struct {
	path       string
	place      policy.Place // of the path's key
	parameters []spot       // lists, nearest first
	basePaths  []string
	seen       map[string]bool // methods read
}

func (r *reading) paths(paths spot) {
	covers := map[string]*Operation{} // by method and cut path, of paths that need no cut
	var cut []*Operation
	for m := range paths.members() {
		if strings.HasPrefix(m.key, "x-") || m.key == "$ref" {
			continue
		}
		path, whole := r.template(m.key, m.place)
		before := len(r.catalog.Operations)
		r.item(spot{m.value, paths.file}, &pathItem{path: path, place: m.place, seen: map[string]bool{}})
		for _, op := range r.catalog.Operations[before:] {
			if whole {
				covers[op.Method+" "+op.Path] = op
			} else {
				cut = append(cut, op)
			}
		}
		if r.full {
			return
		}
	}
	r.covered(covers, cut)
}

// covered finds the operations that only what is cut from their paths tells apart: no request carries a fragment, and
// which query it carries says nothing about the path.
func (r *reading) covered(covers map[string]*Operation, cut []*Operation) {
	for _, op := range cut {
		key := op.Method + " " + op.Path
		earlier := covers[key]
		if earlier == nil {
			covers[key] = op
			continue
		}
		op.CoveredBy = earlier
		r.warn(policy.Problem{Code: CodeCovered, Place: op.Place,
			Message:  fmt.Sprintf("every request to this operation is one to %s %s (%s), for \"#\" and \"?\" are no part of a path", earlier.Method, earlier.Path, earlier.Place),
			Expected: "one operation for one method and path", Suggestion: "write the policy for the other operation"})
	}
}

// item reads a path item and what its $ref adds: fields beside a $ref come first, as 3.1 has it.
func (r *reading) item(s spot, p *pathItem) {
	if !isMapping(s) {
		if isScalar(s) || isSequence(s) {
			r.fail(policy.Problem{Code: CodeField, Place: s.Place(),
				Message:  fmt.Sprintf("path item %s is %s", p.path, s.Kind()),
				Expected: "a mapping of methods"})
		}
		return
	}
	if isSequence(s.get("parameters")) {
		p.parameters = append(p.parameters, s.at("parameters"))
	}
	if own := serverPaths(s.get("servers")); own != nil && p.basePaths == nil {
		p.basePaths = own
	}
	for m := range s.members() {
		r.field(spot{m.value, s.file}, m, p)
		if r.full {
			return
		}
	}
	if isScalar(s.get("$ref")) {
		if target, ok := r.follow(s, "path item", policy.Error); ok {
			r.item(target, p)
		}
	}
}

// field reads one field of a path item when it is an operation, or several.
func (r *reading) field(s spot, m member, p *pathItem) {
	lower := strings.ToLower(m.key)
	switch {
	case slices.Contains(methods, m.key):
		if m.key == "query" && r.olderThan32() {
			r.warn(policy.Problem{Code: CodeField, Place: m.place,
				Message:  "method query is of OpenAPI 3.2; it is read all the same",
				Expected: "a document of version 3.2", Suggestion: "set openapi to 3.2.0"})
		}
		r.operation(s, m, p)
	case slices.Contains(methods, lower):
		r.fail(policy.Problem{Code: CodeField, Place: m.place,
			Message:  fmt.Sprintf("operation %s %s is not read: field %q is no method", strings.ToUpper(m.key), p.path, m.key),
			Expected: lower, Suggestion: "write the method in lower case"})
	case m.key == "additionalOperations":
		for extra := range s.members() {
			r.operation(spot{extra.value, s.file}, extra, p)
		}
	}
}

func (r *reading) olderThan32() bool {
	return r.swagger2 || strings.HasPrefix(r.catalog.Version, "3.0") || strings.HasPrefix(r.catalog.Version, "3.1")
}

// elsewhere collects the operation ids of webhooks, or of one callback, by path item.
func (r *reading) elsewhere(items spot, where string) {
	for m := range items.members() {
		item, ok := r.follow(spot{m.value, items.file}, where, policy.Warning)
		if !ok {
			continue
		}
		for _, method := range methods {
			id := item.get(method).get("operationId")
			place := id.Place()
			if !isScalar(id) || r.passed[place] || len(r.catalog.Elsewhere) >= maxOperations {
				continue
			}
			r.passed[place] = true // a shared callback belongs to many operations
			r.catalog.Elsewhere = append(r.catalog.Elsewhere, Elsewhere{ID: id.Text(), Where: where, Place: place})
		}
	}
}
