package openapi

import (
	"fmt"
	"strings"

	"outrigger/policy"
)

// document walks the root of a document.
func (r *reading) document(root spot) {
	if !isMapping(root) {
		r.fail(policy.Problem{Code: CodeForeign, Place: root.Place(),
			Message:  "no OpenAPI document: the file is " + root.Kind().String(),
			Expected: "a mapping with openapi, info and paths"})
		r.catalog = nil
		return
	}
	r.version(root)
	r.produces = root.get("produces")
	if r.swagger2 {
		r.catalog.BasePaths = []string{basePath(root.get("basePath").Text())}
	} else if r.catalog.BasePaths = serverPaths(root.get("servers")); r.catalog.BasePaths == nil {
		r.catalog.BasePaths = []string{""}
	}
	for m := range root.members() {
		switch strings.ToLower(m.key) {
		case "paths":
			if m.key != "paths" {
				r.warn(policy.Problem{Code: CodeField, Place: m.place,
					Message:  fmt.Sprintf("field %q is not read", m.key),
					Expected: "paths", Suggestion: "write it in lower case"})
				continue
			}
			if paths, ok := r.follow(spot{m.value, root.file}, "paths", policy.Error); ok {
				r.paths(paths)
			}
		case "webhooks":
			r.elsewhere(spot{m.value, root.file}, "webhook")
		}
	}
	r.duplicateIDs()
}

// version decides which standard a document follows, kindly: what is younger than 3.2 is read as 3.2.
func (r *reading) version(root spot) {
	if v := root.get("openapi"); isScalar(v) {
		r.catalog.Version = v.Text()
		switch major, minor, _ := strings.Cut(v.Text(), "."); {
		case major != "3":
			r.fail(policy.Problem{Code: CodeForeign, Place: v.Place(),
				Message:  fmt.Sprintf("version %q of OpenAPI is not known", v.Text()),
				Expected: "3.0, 3.1, 3.2 or Swagger 2.0", Suggestion: "convert the document"})
		case !strings.HasPrefix(minor+".", "0.") && !strings.HasPrefix(minor+".", "1.") && !strings.HasPrefix(minor+".", "2."):
			r.warn(policy.Problem{Code: CodeForeign, Place: v.Place(),
				Message:  fmt.Sprintf("version %q of OpenAPI is not known; it is read as 3.2", v.Text()),
				Expected: "3.0, 3.1 or 3.2"})
		}
		return
	}
	if v := root.get("swagger"); isScalar(v) {
		r.catalog.Version = v.Text()
		r.swagger2 = true
		if v.Text() != "2.0" && v.Text() != "2" {
			r.fail(policy.Problem{Code: CodeForeign, Place: v.Place(),
				Message:  fmt.Sprintf("version %q of Swagger is not known", v.Text()),
				Expected: "2.0", Suggestion: "convert the document"})
		}
		return
	}
	for m := range root.members() {
		if word := strings.ToLower(m.key); word == "openapi" || word == "swagger" {
			r.fail(policy.Problem{Code: CodeForeign, Place: m.place,
				Message:  fmt.Sprintf("no OpenAPI document: field %q is spelled wrongly", m.key),
				Expected: word, Suggestion: "write it in lower case"})
			return
		}
	}
	r.fail(policy.Problem{Code: CodeForeign, Place: root.Place(),
		Message:  "no OpenAPI document: neither openapi nor swagger says its version",
		Expected: "openapi: 3.1.0", Suggestion: "is this the root document, or a part of one?"})
}

// duplicateIDs reports every operation whose id an earlier one has, each where it stands.
func (r *reading) duplicateIDs() {
	first := make(map[string]*Operation, len(r.catalog.Operations))
	for _, op := range r.catalog.Operations {
		if op.ID == "" {
			continue
		}
		earlier, twice := first[op.ID]
		if !twice {
			first[op.ID] = op
			continue
		}
		at := op.IDPlace
		if earlier.IDPlace == op.IDPlace {
			// Two paths share one path item by $ref: the text is the same, so the place tells nothing.
			at = op.PathPlace
		}
		r.fail(policy.Problem{Code: CodeDuplicateID, Place: at,
			Message:  fmt.Sprintf("operationId %q is that of %s %s already (%s)", op.ID, earlier.Method, earlier.Path, earlier.IDPlace),
			Expected: "an id that no other operation has", Suggestion: "rename one of them"})
	}
	for _, e := range r.catalog.Elsewhere {
		if op := first[e.ID]; op != nil {
			r.warn(policy.Problem{Code: CodeDuplicateID, Place: e.Place,
				Message:  fmt.Sprintf("operationId %q of a %s is that of %s %s already (%s)", e.ID, e.Where, op.Method, op.Path, op.IDPlace),
				Expected: "an id that no other operation has", Suggestion: "rename one of them"})
		}
	}
}
