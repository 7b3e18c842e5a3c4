package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// What cannot be judged.
var (
	// ErrTooComplex is a text that is nested too deep, holds a number too long, or takes too many steps to judge.
	ErrTooComplex = errors.New("value is too complex to be judged")
	// ErrCycle is a schema that refers to itself without going into the value.
	ErrCycle = errors.New("schema leads back to itself")
)

const (
	// maxDepth bounds the nesting of a text. Real bodies have a tenth of it.
	maxDepth = 64
	// maxNumber bounds the digits of a number and maxExponent those of its exponent: 1e999999999 is short, and as an exact number longer
	// than any memory.
	maxNumber   = 64
	maxExponent = 3
	// maxSteps bounds what one judgement takes: a step is a schema that a value is held against, a part of a value, so many bytes of
	// a text or of one and an instruction of its pattern, or so many values of an enum. A body of 64 KiB takes some 50,000 where its schema
	// goes through it once; all of them are about 20 ms, and more than 100 ms by a pattern that is at all its instructions at once.
	maxSteps      = 200_000
	bytesPerStep  = 64
	valuesPerStep = 16
)

// What compiling takes, in steps of about a microsecond. One schema has at most some 9,000 parts, and 1,000 where they are inside one
// another under long names; a book has 150,000, of a few kilobytes each. Of the public documents, the largest schemas have some hundred
// parts, and the largest books some ten thousand.
const (
	maxSchema = 400_000
	maxBook   = 3_000_000

	stepsPerPart   = 20
	pairsPerStep   = 400  // of parts of one schema, which the library compares
	spelledPerStep = 2000 // bytes of the places of parts, which it spells key by key
)

var (
	errTooLarge     = errors.New("it is too large to be judged")
	errBookTooLarge = errors.New("it and the schemas before it are too large together to be judged")
)

// parting looks through a schema for its parts before the library does.
type parting struct {
	parts, spelled int
	refs           []string
}

func (p *parting) steps() int {
	return p.parts*stepsPerPart + p.parts*p.parts/pairsPerStep + p.spelled/spelledPerStep
}

// schema counts a schema, whose place has so many bytes in so many keys, and its parts, and makes remarks of their references.
func (p *parting) schema(v any, bytes, keys int) error {
	p.parts++
	if p.spelled += bytes * keys; p.steps() > maxSchema {
		return errTooLarge
	}
	s, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	for _, keyword := range []string{"$id", "$schema", "$dynamicRef", "$recursiveRef"} {
		if s[keyword] != nil {
			return errors.New(keyword + " is not followed")
		}
	}
	delete(s, remark)
	if ref, ok := s["$ref"].(string); ok {
		delete(s, "$ref")
		s[remark] = ref
		p.refs = append(p.refs, ref)
	}
	for keyword, below := range s {
		if err := p.below(keyword, below, bytes+1+len(keyword), keys+1); err != nil {
			return err
		}
	}
	return nil
}

// remark is the keyword in which a reference waits to be linked.
const remark = "$comment"

// below goes on to the schemas that a keyword holds: one, a list of them, or some by their names.
func (p *parting) below(keyword string, v any, bytes, keys int) error {
	switch keyword {
	case "properties", "patternProperties", "dependentSchemas", "dependencies", "$defs", "definitions":
		named, _ := v.(map[string]any)
		for name, one := range named {
			if err := p.schema(one, bytes+1+len(name), keys+1); err != nil {
				return err
			}
		}
	case "not", "if", "then", "else", "items", "contains", "propertyNames", "additionalProperties", "unevaluatedProperties", "unevaluatedItems",
		"additionalItems", "contentSchema", "allOf", "anyOf", "oneOf", "prefixItems":
		list, several := v.([]any)
		if !several {
			return p.schema(v, bytes, keys)
		}
		for _, one := range list {
			if err := p.schema(one, bytes+2, keys+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// bounded looks at a text before anything is made of it. It need not be JSON.
func bounded(text []byte) error {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			i += stringEnd(text[i+1:])
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return ErrTooComplex
			}
		case c == '}' || c == ']':
			depth--
		case c == '-' || c >= '0' && c <= '9':
			n := numberEnd(text[i:])
			if n > maxNumber || exponent(text[i:i+n]) > maxExponent {
				return ErrTooComplex
			}
			i += n - 1
		}
	}
	return nil
}

// stringEnd is the length of a string's text with its closing quote.
func stringEnd(text []byte) int {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

func numberEnd(text []byte) int {
	for i, c := range text {
		if !(c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E') {
			return i
		}
	}
	return len(text)
}

// exponent is the length of a number's exponent.
func exponent(number []byte) int {
	i := bytes.IndexAny(number, "eE")
	if i < 0 {
		return 0
	}
	return len(bytes.TrimLeft(number[i+1:], "+-"))
}

// decode reads one JSON value and nothing behind it. Numbers stay exact.
func decode(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errBehind
	}
	return value, nil
}

var errBehind = errors.New("something follows the value")

func notJSON(err error) string {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("is not JSON: broken at byte %d", syntax.Offset)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "is not JSON: it ends in the middle of a value"
	}
	return "is not JSON: " + errBehind.Error()
}

// meter counts the steps of one judgement and ends it by a panic, which judge catches: the library asks nobody whether to go on.
type meter struct{ steps int }

func (m *meter) count(steps int) {
	if m.steps += steps; m.steps > maxSteps {
		panic(ErrTooComplex)
	}
}

// attach makes every schema count. The check of the format is the first thing that the library calls
// out for when it comes to a schema, and it does so whatever came of the schemas before, but only for a value that keeps type and enum.
func (m *meter) attach(schemas map[string]*jsonschema.Schema) {
	seen := map[*jsonschema.Schema]bool{}
	for open := slices.Collect(maps.Values(schemas)); len(open) > 0; {
		s := open[len(open)-1]
		open = open[:len(open)-1]
		if !seen[s] {
			seen[s] = true
			open = append(open, children(s)...)
			m.attachTo(s)
		}
	}
}

func (m *meter) attachTo(s *jsonschema.Schema) {
	own, toll := s.Format, tollOf(s)
	if p, ours := s.Pattern.(*pattern); ours {
		p.meter = m
	}
	for name := range s.PatternProperties {
		if p, ours := name.(*pattern); ours {
			p.meter = m
		}
	}
	counting := &jsonschema.Format{Name: "counted", Validate: func(v any) error {
		m.count(toll.of(v))
		if own != nil {
			return own.Validate(v)
		}
		return nil
	}}
	if own != nil {
		counting.Name = own.Name
	}
	s.Format = counting
}

// toll is what holding a value against one schema takes, and the first look by those that it and its parts are handed on to: their
// type and enum, about which they do not call out.
type toll struct {
	value       int // the schemas of the value itself
	item, other int // those of each item, and of each property
	named       map[string]int
}

// entry is the first look by a schema.
func entry(s *jsonschema.Schema) int {
	switch {
	case s == nil:
		return 0
	case s.Enum == nil:
		return 1
	}
	return 1 + len(s.Enum.Values)/valuesPerStep
}

func entries(schemas ...*jsonschema.Schema) (all int) {
	for _, s := range schemas {
		all += entry(s)
	}
	return all
}

func tollOf(s *jsonschema.Schema) *toll {
	t := &toll{
		value: 1 + entries(s.Ref, s.Not, s.If, s.Then, s.Else) + entries(s.AllOf...) + entries(s.AnyOf...) + entries(s.OneOf...) + entries(s.PrefixItems...),
		item:  max(1, entries(s.Items2020, s.Contains, s.UnevaluatedItems)),
		other: entries(s.PropertyNames, s.UnevaluatedProperties),
		named: map[string]int{},
	}
	more, _ := s.AdditionalProperties.(*jsonschema.Schema)
	t.other += entry(more)
	for _, c := range s.PatternProperties {
		t.other += entry(c)
	}
	for _, c := range s.DependentSchemas {
		t.value += entry(c)
	}
	for name, c := range s.Properties {
		if n := entry(c); n > 1 {
			t.named[name] = n
		}
	}
	t.other = max(1, t.other)
	return t
}

func (t *toll) of(v any) int {
	switch v := v.(type) {
	case string:
		return t.value + len(v)/bytesPerStep
	case []any:
		return t.value + len(v)*t.item
	case map[string]any:
		all := t.value + len(v)*t.other
		for name, n := range t.named {
			if _, there := v[name]; there {
				all += n
			}
		}
		return all
	}
	return t.value
}

// children are the schemas that a schema hands its value, or parts of it, to.
func children(s *jsonschema.Schema) []*jsonschema.Schema {
	var all []*jsonschema.Schema
	add := func(more ...*jsonschema.Schema) {
		for _, c := range more {
			if c != nil {
				all = append(all, c)
			}
		}
	}
	add(s.Ref, s.Not, s.If, s.Then, s.Else, s.PropertyNames, s.UnevaluatedProperties, s.Contains, s.Items2020, s.UnevaluatedItems)
	add(s.AllOf...)
	add(s.AnyOf...)
	add(s.OneOf...)
	add(s.PrefixItems...)
	for _, c := range s.Properties {
		add(c)
	}
	for _, c := range s.PatternProperties {
		add(c)
	}
	for _, c := range s.DependentSchemas {
		add(c)
	}
	if c, ok := s.AdditionalProperties.(*jsonschema.Schema); ok {
		add(c)
	}
	return all
}
