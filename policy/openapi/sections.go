package openapi

import (
	"cmp"
	"strings"

	"outrigger/policy"
)

// sections are the parts of a document by where their keys stand, to tell whether a defect at a place can change the
// catalog. Only problems ask, so they are built when there is one.
type sections []section

type section struct {
	line, column int
	matters      bool
}

// idle are the fields of a document, and of its components, that hold no operations and nothing that operations refer to.
var idle = map[string]bool{
	"info": true, "tags": true, "externalDocs": true, "security": true, "definitions": true, "securityDefinitions": true,
	"schemas": true, "examples": true, "securitySchemes": true, "links": true, "requestBodies": true, "jsonSchemaDialect": true,
}

func sectionsOf(root tree) sections {
	var all sections
	add := func(m member) {
		all = append(all, section{m.place.Line, m.place.Column, !idle[m.key] && !strings.HasPrefix(m.key, "x-")})
	}
	for m := range root.members() {
		add(m)
		if m.key == "components" {
			for part := range m.value.members() {
				add(part)
			}
		}
	}
	return all
}

// matter reports whether the last key at or before a place begins a part that the catalog comes from.
func (s sections) matter(p policy.Place) bool {
	matters := true
	for _, part := range s {
		if cmp.Or(cmp.Compare(part.line, p.Line), cmp.Compare(part.column, p.Column)) >= 0 {
			break
		}
		matters = part.matters
	}
	return matters
}
