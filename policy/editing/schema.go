package editing

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"outrigger/policy/document"
	"outrigger/policy/language"
	"outrigger/policy/openapi"
)

// draft is the version of JSON Schema that the servers of editors know best.
const draft = "http://json-schema.org/draft-07/schema#"

// Schema returns the JSON Schema (draft-07) of a policy file, indented, with a line break at the end. Catalogs are the specs of
// upstreams by their names, policy.Application standing for inbound: their operations are then the only keys of an upstream's
// operations, and the statuses that they declare are offered. Without catalogs it is the schema of every policy.
func Schema(catalogs map[string]*openapi.Catalog) ([]byte, error) {
	w := &writer{definitions: map[string]*schema{}}
	root := w.mapping(language.File, language.Outside)
	root.Schema = draft
	root.Title = "Outrigger policy"
	root.Description = "What the sidecar beside a service does with its calls."
	for _, name := range slices.Sorted(maps.Keys(catalogs)) {
		w.specific(root, name, catalogs[name])
	}
	root.Definitions = w.definitions
	// What is required may stand in another file of the same folder, but for the version.
	root.Required = []string{"version"}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(root); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// schema is a JSON Schema with what editors know beside the standard. An empty one allows everything.
type schema struct {
	Schema      string `json:"$schema,omitempty"`
	Ref         string `json:"$ref,omitempty"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	Deprecated  bool   `json:"deprecated,omitempty"`
	Type        any    `json:"type,omitempty"`
	Const       any    `json:"const,omitempty"`
	Enum        []any  `json:"enum,omitempty"`
	Default     any    `json:"default,omitempty"`
	Examples    []any  `json:"examples,omitempty"`
	Minimum     *int64 `json:"minimum,omitempty"`
	Maximum     *int64 `json:"maximum,omitempty"`
	MinLength   int    `json:"minLength,omitempty"`
	MaxLength   int    `json:"maxLength,omitempty"`
	Pattern     string `json:"pattern,omitempty"`
	// PatternError is what editors say of a text that the pattern does not match.
	PatternError string    `json:"patternErrorMessage,omitempty"`
	MinItems     int64     `json:"minItems,omitempty"`
	Items        *schema   `json:"items,omitempty"`
	Not          *schema   `json:"not,omitempty"`
	AllOf        []*schema `json:"allOf,omitempty"`
	AnyOf        []*schema `json:"anyOf,omitempty"`
	Required     []string  `json:"required,omitempty"`
	PropertyName *schema   `json:"propertyNames,omitempty"`

	Properties        map[string]*schema `json:"properties,omitempty"`
	PatternProperties map[string]*schema `json:"patternProperties,omitempty"`
	// Additional is false, or the schema of other keys.
	Additional  any                `json:"additionalProperties,omitempty"`
	Definitions map[string]*schema `json:"definitions,omitempty"`
}

// writer makes the schemas of shapes.
type writer struct {
	definitions map[string]*schema
}

// define makes a schema once, under a name, and returns a reference to it.
func (w *writer) define(name string, construct func() *schema) *schema {
	if w.definitions[name] == nil {
		w.definitions[name] = &schema{} // the name is taken while it is made
		w.definitions[name] = construct()
	}
	return &schema{Ref: "#/definitions/" + name}
}

// definitionOf names the definition of a policy at each position; other positions have none.
var definitionOf = map[language.Position]string{
	language.Defaults: "policy", language.UpstreamPolicy: "policy", language.InboundPolicy: "inboundPolicy", language.NamedPolicy: "namedPolicy",
	language.UpstreamOperation: "operation", language.InboundOperation: "inboundOperation",
}

// mapping is an object with the keys that may stand at a position.
func (w *writer) mapping(shape language.Shape, at language.Position) *schema {
	s := &schema{Type: "object", Properties: map[string]*schema{}, Additional: false}
	for _, key := range shape.Keys {
		if !key.Allows(at) {
			continue
		}
		s.Properties[key.Name] = w.key(key, at)
		if key.Required {
			s.Required = append(s.Required, key.Name)
		}
	}
	if shape.Find("openapi") != nil { // ids are declared by a spec, or by nobody
		paths := &schema{Pattern: methodPattern, PatternError: "METHOD /path, for without openapi there is no spec that could declare an id"}
		s.AnyOf = []*schema{{Required: []string{"openapi"}}, {Properties: map[string]*schema{"operations": {PropertyName: paths}}}}
	}
	return s
}

// key is the value of a key, with what is told of it.
func (w *writer) key(key language.Key, at language.Position) *schema {
	if key.Later {
		return &schema{Description: Describe(key), Enum: []any{"off", false}}
	}
	var s *schema
	if definitionOf[at] != "" && key.Shape.Kind == language.Mapping && same(key.Shape) {
		s = w.orOff(key.Shape, w.define(key.Name, func() *schema { return w.mapping(key.Shape, at) }))
	} else {
		s = w.shape(key.ShapeAt(at), language.Step(at, key.Name))
	}
	if s.Ref != "" { // in draft-07 nothing beside a reference counts
		s = &schema{AllOf: []*schema{s}}
	}
	s.Description = Describe(key)
	if key.Default != "" {
		s.Default = literal(key.Default)
	}
	if key.Example != "" {
		s.Examples = []any{literal(key.Example)}
	}
	return s
}

// same reports whether a mapping is the same wherever its policy stands.
func same(s language.Shape) bool {
	return s.Short == nil && !slices.ContainsFunc(s.Keys, func(k language.Key) bool {
		return k.Where != language.Everywhere || k.Inbound != nil || !same(k.Shape)
	})
}

// literal is a value that the language writes as a policy would.
func literal(text string) any {
	root, _ := document.Parse("", []byte(text))
	return Value(root)
}
