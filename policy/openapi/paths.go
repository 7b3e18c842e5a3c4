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
	covers := map[string]*Operation{} // by what requests are told by, of paths that need no cut
	var cut []*Operation
	for m := range paths.members() {
		if strings.HasPrefix(m.key, "x-") || m.key == "$ref" {
			continue
		}
		path, whole := r.template(m.key, m.place)
		before := len(r.catalog.Operations)
		r.item(spot{m.value, paths.file}, &pathItem{path: path, place: m.place, seen: map[string]bool{}})
		for _, op := range r.catalog.Operations[before:] {
			switch key := requestsOf(op); {
			case !whole:
				cut = append(cut, op)
			case covers[key] == nil:
				covers[key] = op
			}
		}
		if r.full {
			return
		}
	}
	r.covered(covers, cut)
}

// requestsOf is the same for operations that no request tells apart.
func requestsOf(op *Operation) string {
	return fmt.Sprint(op.Method, " ", policy.TemplateShape(policy.CanonicalTemplate(op.Path)), " ", op.BasePaths)
}

// covered finds the operations that only what is cut from their paths tells apart: no request carries a fragment, and
// which query it carries says nothing about the path.
func (r *reading) covered(covers map[string]*Operation, cut []*Operation) {
	for _, op := range cut {
		key := requestsOf(op)
		earlier := covers[key]
		if earlier == nil {
			covers[key] = op
			continue
		}
		op.CoveredBy = earlier
		r.warn(policy.Problem{
			Code: CodeCovered, Place: op.Place,
			Message:  fmt.Sprintf("every request to this operation is one to %s %s (%s), for \"#\" and \"?\" are no part of a path", earlier.Method, earlier.Path, earlier.Place),
			Expected: "one operation for one method and path", Suggestion: "write the policy for the other operation",
		})
	}
}

// item reads a path item and what its $ref adds: fields beside a $ref come first, as 3.1 has it.
func (r *reading) item(s spot, p *pathItem) {
	if !s.isMapping() {
		if s.isScalar() || s.isSequence() {
			r.fail(policy.Problem{
				Code: CodeField, Place: s.Place(),
				Message:  fmt.Sprintf("path item %s is %s", p.path, s.Kind()),
				Expected: "a mapping of methods",
			})
		}
		return
	}
	if s.get("parameters").isSequence() {
		p.parameters = append(p.parameters, s.at("parameters"))
	}
	if own := serverPaths(s.get("servers")); own != nil && p.basePaths == nil {
		p.basePaths = own
	}
	for m := range r.membersOf(s) {
		r.field(spot{m.value, s.file}, m, p)
		if r.full {
			return
		}
	}
	if s.get("$ref").isScalar() {
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
			r.warn(policy.Problem{
				Code: CodeField, Place: m.place,
				Message:  "method query is of OpenAPI 3.2; it is read all the same",
				Expected: "a document of version 3.2", Suggestion: "set openapi to 3.2.0",
			})
		}
		r.operation(s, m, p)
	case slices.Contains(methods, lower):
		r.fail(policy.Problem{
			Code: CodeField, Place: m.place,
			Message:  fmt.Sprintf("operation %s %s is not read: field %q is no method", strings.ToUpper(m.key), p.path, m.key),
			Expected: lower, Suggestion: "write the method in lower case",
		})
	case !strings.HasPrefix(m.key, "x-") && looksLikeOperation(m.value):
		r.warn(policy.Problem{
			Code: CodeField, Place: m.place,
			Message:  fmt.Sprintf("operation %s %s is not read: field %q is no method", strings.ToUpper(m.key), p.path, m.key),
			Expected: "a method such as get", Suggestion: "write the method that is meant, or list it under additionalOperations (OpenAPI 3.2)",
		})
	case m.key == "additionalOperations":
		for extra := range r.membersOf(s) {
			if upper := strings.ToUpper(extra.key); upper != extra.key {
				r.warn(policy.Problem{
					Code: CodeField, Place: extra.place,
					Message:  fmt.Sprintf("additional operation %q is read as %s: its key is the method as it is sent", extra.key, upper),
					Expected: upper, Suggestion: "write it in capitals",
				})
			}
			r.operation(spot{extra.value, s.file}, extra, p)
		}
	}
}

// looksLikeOperation tells what is written as an operation, under whatever key, from extensions.
func looksLikeOperation(value tree) bool {
	return value.isMapping() && (value.get("responses").isMapping() || value.get("operationId").isScalar())
}

func (r *reading) olderThan32() bool {
	return r.swagger2 || strings.HasPrefix(r.catalog.Version, "3.0") || strings.HasPrefix(r.catalog.Version, "3.1")
}

// elsewhere collects the operation ids of webhooks, or of one callback, by path item.
func (r *reading) elsewhere(items spot, where string) {
	for m := range r.membersOf(items) {
		item, ok := r.follow(spot{m.value, items.file}, where, policy.Warning)
		if !ok {
			continue
		}
		for _, method := range methods {
			id := item.get(method).get("operationId")
			place := id.Place()
			if !id.isScalar() || r.passed[place] || len(r.catalog.Elsewhere) >= maxOperations {
				continue
			}
			r.passed[place] = true // a shared callback belongs to many operations
			r.catalog.Elsewhere = append(r.catalog.Elsewhere, Elsewhere{ID: id.Text(), Where: where, Place: place})
		}
	}
}

// template checks a path key and cuts what is no part of a path. whole is false when something was cut.
func (r *reading) template(key string, at policy.Place) (path string, whole bool) {
	path = key
	if i := cutAt(key); i >= 0 {
		path, whole = key[:i], false
	} else {
		whole = true
	}
	if !strings.HasPrefix(path, "/") {
		r.warn(policy.Problem{
			Code: CodePath, Place: at,
			Message:  fmt.Sprintf("path %q does not start with a slash; it is read as %q", key, "/"+path),
			Expected: "/" + path, Suggestion: "add the slash",
		})
		path = "/" + path
	}
	if problem := malformed(path); problem != "" {
		r.fail(policy.Problem{
			Code: CodePath, Place: at,
			Message:  fmt.Sprintf("path %q %s", key, problem),
			Expected: "parameters as {name}",
		})
		return path, whole
	}
	names := parameterNames(path)
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			r.warn(policy.Problem{
				Code: CodePath, Place: at,
				Message:  fmt.Sprintf("path %q has the parameter {%s} twice", key, name),
				Expected: "a name of its own for every parameter", Suggestion: "rename one",
			})
		}
	}
	if slices.ContainsFunc(rawNames(path), func(n string) bool { return plainName(n) != n }) {
		r.warn(policy.Problem{
			Code: CodePath, Place: at,
			Message:  fmt.Sprintf("path %q uses operators of RFC 6570, which are not OpenAPI's; each is read as one parameter", key),
			Expected: "parameters as {name}", Suggestion: "say the form by style and explode of the parameter",
		})
	}
	return path, whole
}

// cutAt returns where a query or a fragment begins outside braces, or -1.
func cutAt(path string) int {
	depth := 0
	for i, c := range []byte(path) {
		switch {
		case c == '{':
			depth++
		case c == '}':
			depth--
		case (c == '?' || c == '#') && depth <= 0:
			return i
		}
	}
	return -1
}

// malformed says what is wrong with the braces of a path, or "".
func malformed(path string) string {
	open := -1
	for i, c := range []byte(path) {
		switch {
		case c == '{' && open >= 0:
			return "has a brace inside braces"
		case c == '{':
			open = i
		case c == '}' && open < 0:
			return "closes a brace that is not open"
		case c == '}' && i == open+1:
			return "has a parameter without a name"
		case c == '}':
			open = -1
		case c == '/' && open >= 0:
			return "has a slash inside braces"
		}
	}
	if open >= 0 {
		return "leaves a brace open"
	}
	return ""
}

// rawNames returns what stands in the braces of a well-formed path.
func rawNames(path string) []string {
	var names []string
	for {
		_, rest, found := strings.Cut(path, "{")
		if !found {
			return names
		}
		name, after, _ := strings.Cut(rest, "}")
		names = append(names, name)
		path = after
	}
}

// plainName takes the operators of RFC 6570 from a name.
func plainName(name string) string { return strings.TrimRight(strings.TrimLeft(name, ".;?&#+/"), "*") }

func parameterNames(path string) []string {
	names := rawNames(path)
	for i, n := range names {
		names[i] = plainName(n)
	}
	return names
}

// OperationText is an operation as the document writes it, with what its path item and the document add.
type OperationText struct {
	// Path and Place are those of the Operation that Read gives.
	Path  string
	Place policy.Place
	// Version is the document's: "3.0.3", "2.0".
	Version string
	Body    Value
	// Parameters are the lists that hold, the nearest first; of two parameters of one name and place the first holds.
	Parameters []Value
	// Consumes and Produces are the document's, in 2.0.
	Consumes, Produces Value
}

// Walk gives the text of every operation of a document, in its order. It says nothing of problems: Read and CheckSchemas do.
func (r Reader) Walk(file string, visit func(OperationText)) {
	run := newReading(r, file)
	root := run.open(run.root, absent, policy.Error)
	if root == nil {
		return
	}
	document := spot{tree: root.tree, file: root}
	run.version(document)
	paths, ok := run.follow(document.at("paths"), "paths", policy.Warning)
	if !ok {
		return
	}
	for m := range paths.members() {
		if strings.HasPrefix(m.key, "x-") || m.key == "$ref" {
			continue
		}
		path, _ := run.template(m.key, m.place)
		t := OperationText{Path: path, Version: run.catalog.Version, Consumes: Value{document.at("consumes"), run}, Produces: Value{document.at("produces"), run}}
		run.walkItem(spot{m.value, paths.file}, t, visit)
	}
}

// walkItem is item, for a path item that Read has found no fault with.
func (r *reading) walkItem(s spot, t OperationText, visit func(OperationText)) {
	if own := s.at("parameters"); own.isSequence() {
		t.Parameters = append(slices.Clip(t.Parameters), Value{own, r})
	}
	for m := range s.members() {
		switch {
		case slices.Contains(methods, m.key):
			r.walkOperation(spot{m.value, s.file}, m.place, t, visit)
		case m.key == "additionalOperations":
			for extra := range m.value.members() {
				r.walkOperation(spot{extra.value, s.file}, extra.place, t, visit)
			}
		}
	}
	if s.get("$ref").isScalar() {
		if target, ok := r.follow(s, "path item", policy.Warning); ok {
			r.walkItem(target, t, visit)
		}
	}
}

func (r *reading) walkOperation(s spot, at policy.Place, t OperationText, visit func(OperationText)) {
	body, ok := r.follow(s, "operation", policy.Warning)
	if !ok {
		return
	}
	t.Place, t.Body = at, Value{body, r}
	if own := body.at("parameters"); own.isSequence() {
		t.Parameters = append([]Value{{own, r}}, t.Parameters...)
	}
	visit(t)
}
