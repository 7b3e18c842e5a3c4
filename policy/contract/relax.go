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
	users := map[string][]string{}
	for name, text := range b.schemas {
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		var schema any
		_ = d.Decode(&schema) // it was written here
		schemas[name] = schema
		marked := eachRef(schema, func(ref string) { users[ref] = append(users[ref], name) })
		b.loose[name] = b.loose[name] || marked
	}
	var queue []string
	for name, loose := range b.loose {
		if loose {
			queue = append(queue, name)
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		for _, user := range users[queue[0]] {
			if !b.loose[user] {
				b.loose[user] = true
				queue = append(queue, user)
			}
		}
	}
	for name, schema := range schemas {
		if b.loose[name] {
			relaxed, _ := b.relaxed(schema)
			b.schemas[name], _ = json.Marshal(relaxed) // it was read from JSON
		}
	}
}

// eachRef gives the references in a schema to visit, and reports whether something is left out of it.
func eachRef(v any, visit func(ref string)) (marked bool) {
	switch v := v.(type) {
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			visit(ref)
		}
		marked = v[mark] == true
		for key, below := range v {
			if key != "enum" && key != "const" && eachRef(below, visit) {
				marked = true
			}
		}
	case []any:
		for _, below := range v {
			if eachRef(below, visit) {
				marked = true
			}
		}
	}
	return marked
}

// relaxed gives a schema without marks and without what they turn around, and reports whether something is left out of it or of one
// that it is made of. It may change v.
func (b *bundler) relaxed(v any) (relaxed any, loose bool) {
	switch v := v.(type) {
	case map[string]any:
		ref, _ := v["$ref"].(string)
		loose = v[mark] == true || b.loose[ref]
		if delete(v, mark); loose && len(v) == 0 {
			return true, true
		}
		turns := map[string]bool{}
		for key, below := range v {
			if key != "enum" && key != "const" {
				v[key], turns[key] = b.relaxed(below)
				loose = loose || turns[key]
			}
		}
		turnedAround(v, turns, loose)
		return v, loose
	case []any:
		for i, below := range v {
			one, looseOne := b.relaxed(below)
			v[i], loose = one, loose || looseOne
		}
	}
	return v, loose
}

// turnedAround takes the keywords out of a schema that would refuse because another allows more. Of each keyword turns says whether
// something is left out there, and loose of all together.
func turnedAround(v map[string]any, turns map[string]bool, loose bool) {
	if loose {
		delete(v, "unevaluatedProperties")
		delete(v, "unevaluatedItems")
	}
	if turns["not"] {
		delete(v, "not")
	}
	if turns["if"] {
		delete(v, "if")
		delete(v, "then")
		delete(v, "else")
	}
	if turns["contains"] {
		delete(v, "maxContains")
	}
	if one, ok := v["oneOf"].([]any); ok && turns["oneOf"] {
		delete(v, "oneOf")
		parts, _ := v["allOf"].([]any)
		v["allOf"] = append(parts, map[string]any{"anyOf": one})
	}
}
