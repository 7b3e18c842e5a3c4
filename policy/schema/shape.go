package schema

import (
	"math/big"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// shape is a compiled schema as a glance looks at it: what of it can be told at once, made ready beforehand.
type shape struct {
	open       bool // something is not looked at here: no value fits for sure
	constant   answer
	types      types
	words      map[string]bool // of enum and const, where all are texts; nil for none
	otherwise  answer          // what enum and const say of a value that is no text
	format     *jsonschema.Format
	pattern    *pattern
	minLength  int
	maxLength  int // less than 0 for none
	minItems   int
	maxItems   int // less than 0 for none
	items      *shape
	bounds     []bound
	multipleOf *big.Rat
	properties map[string]property
	required   uint64 // the bits of the properties that must be there
	additional *shape // nil allows all
	// noProperties and noItems say that nothing is asked of what is inside an object or an array.
	noProperties, noItems bool

	ref       *shape
	allOf     []*shape
	anyOf     []*shape
	oneOf     []*shape
	not       *shape
	condition *shape
	then      *shape
	otherThen *shape
}

// property is one that a schema names. Its bit tells whether it was seen.
type property struct {
	shape *shape // nil where only its presence matters
	bit   uint64
}

// bound is a least or greatest number.
type bound struct {
	at               float64
	exact            bool // at is the bound, not only near it
	above, inclusive bool
}

// shapes makes the shapes of schemas, each once, and none of them inside another's making: a chain of references may be long.
type shapes struct {
	made   map[*jsonschema.Schema]*shape
	unread []*jsonschema.Schema
}

// of is the shape of a schema, which read fills in.
func (all *shapes) of(s *jsonschema.Schema) *shape {
	if s == nil {
		return nil
	}
	if known := all.made[s]; known != nil {
		return known
	}
	h := &shape{types: anything, maxLength: -1, maxItems: -1, constant: unknown}
	all.made[s] = h
	all.unread = append(all.unread, s)
	return h
}

// read fills in all shapes that were asked for.
func (all *shapes) read() {
	for len(all.unread) > 0 {
		s := all.unread[len(all.unread)-1]
		all.unread = all.unread[:len(all.unread)-1]
		all.fill(s, all.made[s])
	}
}

func (all *shapes) fill(s *jsonschema.Schema, h *shape) {
	if s.Bool != nil {
		h.constant = of(*s.Bool)
		return
	}
	h.open = !plain(s)
	if s.Types != nil && !s.Types.IsEmpty() {
		h.types = named(s.Types.ToStrings())
	}
	all.texts(s, h)
	all.numbers(s, h)
	if s.MinItems != nil {
		h.minItems = *s.MinItems
	}
	if s.MaxItems != nil {
		h.maxItems = *s.MaxItems
	}
	h.items, h.ref, h.not = all.of(s.Items2020), all.of(s.Ref), all.of(s.Not)
	h.condition, h.then, h.otherThen = all.of(s.If), all.of(s.Then), all.of(s.Else)
	h.allOf, h.anyOf, h.oneOf = all.list(s.AllOf), all.list(s.AnyOf), all.list(s.OneOf)
	all.object(s, h)
	h.noProperties = len(h.properties) == 0 && h.additional == nil
	h.noItems = h.items == nil && h.minItems == 0 && h.maxItems < 0
}

func (all *shapes) list(schemas []*jsonschema.Schema) []*shape {
	var list []*shape
	for _, s := range schemas {
		list = append(list, all.of(s))
	}
	return list
}

// plain is false for a schema with keywords that a glance does not follow.
func plain(s *jsonschema.Schema) bool {
	return s.RecursiveRef == nil && s.DynamicRef == nil && s.PropertyNames == nil && len(s.PatternProperties) == 0 &&
		len(s.Dependencies)+len(s.DependentRequired)+len(s.DependentSchemas) == 0 && s.UnevaluatedProperties == nil && s.UnevaluatedItems == nil &&
		!s.UniqueItems && s.Contains == nil && len(s.PrefixItems) == 0 && s.Items == nil && s.AdditionalItems == nil &&
		s.MinProperties == nil && s.MaxProperties == nil && s.ContentEncoding == nil && s.ContentMediaType == nil && s.ContentSchema == nil
}

func (all *shapes) texts(s *jsonschema.Schema, h *shape) {
	if s.MinLength != nil {
		h.minLength = *s.MinLength
	}
	if s.MaxLength != nil {
		h.maxLength = *s.MaxLength
	}
	if s.Format != nil && Asserted(s.Format.Name) {
		h.format = s.Format
	}
	if s.Pattern != nil {
		var ok bool
		if h.pattern, ok = s.Pattern.(*pattern); !ok {
			h.open = true
		}
	}
	var values []any
	switch {
	case s.Enum != nil && s.Const != nil:
		h.open = true
		return
	case s.Enum != nil:
		values = s.Enum.Values
	case s.Const != nil:
		values = []any{*s.Const}
	default:
		h.otherwise = yes
		return
	}
	h.words, h.otherwise = map[string]bool{}, no
	for _, v := range values {
		if text, ok := v.(string); ok {
			h.words[text] = true
		} else {
			h.otherwise = unknown
		}
	}
}

func (all *shapes) numbers(s *jsonschema.Schema, h *shape) {
	add := func(r *big.Rat, above, inclusive bool) {
		if r != nil {
			at, exact := r.Float64()
			h.bounds = append(h.bounds, bound{at, exact, above, inclusive})
		}
	}
	add(s.Minimum, true, true)
	add(s.Maximum, false, true)
	add(s.ExclusiveMinimum, true, false)
	add(s.ExclusiveMaximum, false, false)
	h.multipleOf = s.MultipleOf
}

// object gives each named property a bit, as far as there are bits.
func (all *shapes) object(s *jsonschema.Schema, h *shape) {
	const bits = 64
	if len(s.Properties)+len(s.Required) > bits {
		h.open = true
		return
	}
	h.properties = make(map[string]property, len(s.Properties)+len(s.Required))
	for name, below := range s.Properties {
		h.properties[name] = property{all.of(below), 1 << len(h.properties)}
	}
	switch more := s.AdditionalProperties.(type) {
	case bool:
		h.additional = &shape{constant: of(more)}
	case *jsonschema.Schema:
		h.additional = all.of(more)
	}
	for _, name := range s.Required {
		p, known := h.properties[name]
		if !known {
			p = property{h.additional, 1 << len(h.properties)}
			h.properties[name] = p
		}
		h.required |= p.bit
	}
}
