package schema

import (
	"encoding/json"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// types is a set of the types that a value may have.
type types uint8

const (
	null types = 1 << iota
	boolean
	number // integers too: their difference is judged, not read
	str
	array
	object
	whole // of numbers only integers

	scalars  = null | boolean | number | str
	anything = scalars | array | object
)

func (t types) has(one types) bool { return t&one != 0 }

// maxWalk bounds the way through references and alternatives on which a schema's types and parts are looked for, and maxLooks what
// is looked at for one parameter: alternatives of alternatives are many ways.
const (
	maxWalk  = 8
	maxLooks = 20_000
)

// looks are those that are left.
type looks int

// typesOf are the types that a schema lets a value have, as far as its type keywords say. No schema lets it have any.
func (left *looks) typesOf(s *jsonschema.Schema, depth int) types {
	if s == nil || depth > maxWalk || *left < 0 {
		return anything
	}
	*left--
	all := anything
	if s.Types != nil && !s.Types.IsEmpty() {
		all = named(s.Types.ToStrings())
	}
	if s.Ref != nil {
		all &= left.typesOf(s.Ref, depth+1)
	}
	for _, part := range s.AllOf {
		all &= left.typesOf(part, depth+1)
	}
	for _, alternatives := range [][]*jsonschema.Schema{s.AnyOf, s.OneOf} {
		if len(alternatives) == 0 {
			continue
		}
		either := types(0)
		for _, a := range alternatives {
			either |= left.typesOf(a, depth+1)
		}
		all &= either
	}
	return all
}

func named(names []string) types {
	var all types
	if slices.Contains(names, "integer") && !slices.Contains(names, "number") {
		all = whole
	}
	for _, name := range names {
		switch name {
		case "null":
			all |= null
		case "boolean":
			all |= boolean
		case "number", "integer":
			all |= number
		case "string":
			all |= str
		case "array":
			all |= array
		case "object":
			all |= object
		}
	}
	return all
}

// itemsOf is the schema of an array's items, nil for one that says nothing of them.
func (left *looks) itemsOf(s *jsonschema.Schema) *jsonschema.Schema {
	return left.part(s, 0, func(s *jsonschema.Schema) *jsonschema.Schema { return s.Items2020 })
}

// propertyOf is the schema of an object's property.
func (left *looks) propertyOf(s *jsonschema.Schema, name string) *jsonschema.Schema {
	return left.part(s, 0, func(s *jsonschema.Schema) *jsonschema.Schema {
		if p := s.Properties[name]; p != nil {
			return p
		}
		more, _ := s.AdditionalProperties.(*jsonschema.Schema)
		return more
	})
}

// part looks for a part of a schema in itself, in what it refers to, and in what it is composed of.
func (left *looks) part(s *jsonschema.Schema, depth int, find func(*jsonschema.Schema) *jsonschema.Schema) *jsonschema.Schema {
	if s == nil || depth > maxWalk || *left < 0 {
		return nil
	}
	*left--
	if found := find(s); found != nil {
		return found
	}
	if found := left.part(s.Ref, depth+1, find); found != nil {
		return found
	}
	for _, list := range [][]*jsonschema.Schema{s.AllOf, s.AnyOf, s.OneOf} {
		for _, one := range list {
			if found := left.part(one, depth+1, find); found != nil {
				return found
			}
		}
	}
	return nil
}

// numberIn reads a text that is a JSON number within the bounds, and nothing else.
func numberIn(text string) (json.Number, bool) {
	if bounded([]byte(text)) != nil || !json.Valid([]byte(text)) || text[0] != '-' && (text[0] < '0' || text[0] > '9') {
		return "", false
	}
	return json.Number(text), true
}
