package contract

import (
	"strings"

	"outrigger/policy/openapi"
)

// discriminated lets the property that a discriminator names choose among the alternatives of oneOf or anyOf, as OpenAPI has it: the
// one chosen must fit, and the others may fit too. A value without the property may fit any. Alternatives that have no name of
// their own cannot be chosen; then the discriminator says nothing.
func (c *converter) discriminated(v openapi.Value, out map[string]any) {
	discriminator := v.Get("discriminator")
	property := discriminator.Get("propertyName").Text()
	if property == "" {
		return
	}
	for _, key := range []string{"oneOf", "anyOf"} {
		list, ok := out[key].([]any)
		if !ok {
			continue
		}
		chosen, ok := c.choices(v.Get(key), discriminator, property)
		if !ok {
			return
		}
		delete(out, key)
		parts, _ := out["allOf"].([]any)
		out["allOf"] = append(parts, map[string]any{
			"if":   map[string]any{"type": "object", "required": []string{property}},
			"then": chosen,
			"else": map[string]any{"anyOf": list},
		})
		return
	}
}

// choices is the schema of a value that has the property.
func (c *converter) choices(list, discriminator openapi.Value, property string) (any, bool) {
	names, branches := []any{}, []any{}
	mapped := map[string][]string{}
	for key, value := range discriminator.Get("mapping").Members() {
		mapped[value.Text()] = append(mapped[value.Text()], key)
	}
	for item := range list.Items() {
		of, target, ok := item.Target()
		if !ok {
			return nil, false
		}
		own := namesOf(item.Get("$ref").Text(), mapped)
		names = append(names, own...)
		branches = append(branches, map[string]any{
			"if":   map[string]any{"properties": map[string]any{property: map[string]any{"enum": own}}},
			"then": map[string]any{"$ref": c.target(of, target, c.flavour)},
		})
	}
	chosen := map[string]any{"allOf": branches}
	if !discriminator.Get("defaultMapping").Present() {
		chosen["properties"] = map[string]any{property: map[string]any{"enum": names}}
	}
	return chosen, len(branches) > 0
}

// namesOf are the values that choose the target of a $ref: those that are mapped to it, and the name of the schema itself.
func namesOf(ref string, mapped map[string][]string) []any {
	name := ref[strings.LastIndexByte(ref, '/')+1:]
	name = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, ".json"), ".yaml"), ".yml")
	own := []any{name}
	texts := []string{ref, name}
	if ref == name {
		texts = texts[:1]
	}
	for _, text := range texts {
		for _, key := range mapped[text] {
			if key != name {
				own = append(own, key)
			}
		}
	}
	return own
}
