package contract

import (
	"bytes"
	"encoding/json"
)

// mark stands in a converted schema of which something was left out, until relax. No keyword and hardly a property is called so.
const mark = "\x00left out"

// leave takes keywords out of a schema, which then allows more than the document does.
func (b *bundler) leave(out map[string]any, keywords ...string) {
	for _, k := range keywords {
		delete(out, k)
	}
	out[mark], b.marked = true, true
}

// anything stands for a schema that cannot be used.
func (b *bundler) anything() any {
	out := map[string]any{}
	b.leave(out)
	return out
}

// relax makes sure that what is left out never lets a message break its contract: a schema that allows more turns those around that ask
// it not to, as not, if and oneOf do. They are left out too, and of oneOf stays that one at least must fit.
func (b *bundler) relax() {
	if !b.marked && len(b.loose) == 0 {
		return
	}
	schemas := map[string]any{}
	for name, text := range b.schemas {
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		var schema any
		_ = d.Decode(&schema) // it was written here
		schemas[name] = schema
	}
	for spreads := true; spreads; {
		spreads = false
		for name, schema := range schemas {
			if !b.loose[name] && b.isLoose(schema) {
				b.loose[name], spreads = true, true
			}
		}
	}
	for name, schema := range schemas {
		if b.loose[name] {
			b.schemas[name], _ = json.Marshal(b.relaxed(schema)) // it was read from JSON
		}
	}
}

// isLoose reports whether something is left out of a schema, or of one that it is made of.
func (b *bundler) isLoose(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok && b.loose[ref] || v[mark] == true {
			return true
		}
		for key, below := range v {
			if key != "enum" && key != "const" && b.isLoose(below) {
				return true
			}
		}
	case []any:
		for _, below := range v {
			if b.isLoose(below) {
				return true
			}
		}
	}
	return false
}

// relaxed gives a schema without marks and without what they turn around. It may change v.
func (b *bundler) relaxed(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 1 && v[mark] == true {
			return true
		}
		b.turnedAround(v)
		delete(v, mark)
		for key, below := range v {
			if key != "enum" && key != "const" {
				v[key] = b.relaxed(below)
			}
		}
	case []any:
		for i, below := range v {
			v[i] = b.relaxed(below)
		}
	}
	return v
}

// turnedAround takes the keywords out of a schema that would refuse because another allows more.
func (b *bundler) turnedAround(v map[string]any) {
	if b.isLoose(v) {
		delete(v, "unevaluatedProperties")
		delete(v, "unevaluatedItems")
	}
	if b.isLoose(v["not"]) {
		delete(v, "not")
	}
	if b.isLoose(v["if"]) {
		delete(v, "if")
		delete(v, "then")
		delete(v, "else")
	}
	if b.isLoose(v["contains"]) {
		delete(v, "maxContains")
	}
	if one, ok := v["oneOf"].([]any); ok && b.isLoose(one) {
		delete(v, "oneOf")
		parts, _ := v["allOf"].([]any)
		v["allOf"] = append(parts, map[string]any{"anyOf": one})
	}
}
