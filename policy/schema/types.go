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

// maxWalk bounds the way through references and alternatives on which a schema's types are looked for.
const maxWalk = 8

// typesOf are the types that a schema lets a value have, as far as its type keywords say. No schema lets it have any.
func typesOf(s *jsonschema.Schema, depth int) types {
	if s == nil || depth > maxWalk {
		return anything
	}
	all := anything
	if s.Types != nil && !s.Types.IsEmpty() {
		all = named(s.Types.ToStrings())
	}
	if s.Ref != nil {
		all &= typesOf(s.Ref, depth+1)
	}
	for _, part := range s.AllOf {
		all &= typesOf(part, depth+1)
	}
	for _, alternatives := range [][]*jsonschema.Schema{s.AnyOf, s.OneOf} {
		if len(alternatives) == 0 {
			continue
		}
		either := types(0)
		for _, a := range alternatives {
			either |= typesOf(a, depth+1)
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
func itemsOf(s *jsonschema.Schema, depth int) *jsonschema.Schema {
	return part(s, depth, func(s *jsonschema.Schema) *jsonschema.Schema { return s.Items2020 })
}

// propertyOf is the schema of an object's property.
func propertyOf(s *jsonschema.Schema, name string, depth int) *jsonschema.Schema {
	return part(s, depth, func(s *jsonschema.Schema) *jsonschema.Schema {
		if p := s.Properties[name]; p != nil {
			return p
		}
		more, _ := s.AdditionalProperties.(*jsonschema.Schema)
		return more
	})
}

// part looks for a part of a schema in itself, in what it refers to, and in what it is composed of.
func part(s *jsonschema.Schema, depth int, find func(*jsonschema.Schema) *jsonschema.Schema) *jsonschema.Schema {
	if s == nil || depth > maxWalk {
		return nil
	}
	if found := find(s); found != nil {
		return found
	}
	if found := part(s.Ref, depth+1, find); found != nil {
		return found
	}
	for _, list := range [][]*jsonschema.Schema{s.AllOf, s.AnyOf, s.OneOf} {
		for _, one := range list {
			if found := part(one, depth+1, find); found != nil {
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
