package contract

import (
	"fmt"
	"strconv"
	"strings"

	"outrigger/policy"
	"outrigger/policy/document"
	"outrigger/policy/openapi"
	"outrigger/policy/schema"
)

// converter writes one schema of a document as draft 2020-12.
type converter struct {
	*bundler
	flavour flavour
}

// lax is what a message of this flavour may lack though a schema requires it.
type lax struct {
	names map[string]bool
	all   bool // nobody has looked through all parts: nothing is required
}

// schema converts one schema. Beside is what the schemas that it is composed with let be lacking.
func (c *converter) schema(v openapi.Value, beside lax) any {
	if v.Tag() == "!!bool" {
		return truth(v)
	}
	if v.Kind() != document.Mapping {
		return c.anything()
	}
	for _, keyword := range []string{"$id", "$dynamicRef", "$recursiveRef"} {
		if at := v.Get(keyword); at.Present() {
			c.unusable(at.Place(), keyword+" is not followed")
			return c.anything()
		}
	}
	out := map[string]any{}
	if v.Get("$ref").Present() {
		name, target, ok := v.Target()
		if !ok {
			c.unusable(v.Get("$ref").Place(), "its $ref leads nowhere, or where it may not")
			return c.anything()
		}
		out["$ref"] = c.target(name, target, c.flavour)
	}
	if out["$ref"] == nil || c.siblingsCount() {
		c.keywords(v, out, c.lacking(v, beside))
	}
	if truth(v.Get("nullable")) || truth(v.Get("x-nullable")) {
		return nullable(out)
	}
	return out
}

// siblingsCount reports whether what stands beside a $ref holds: since 3.1 it does.
func (c *converter) siblingsCount() bool {
	return !strings.HasPrefix(c.version, "2") && !strings.HasPrefix(c.version, "3.0")
}

// nullable lets a value be null too. In the wild an enum beside it hardly ever lists null.
func nullable(out map[string]any) any {
	name, plain := out["type"].(string)
	for key := range out {
		switch key {
		case "$ref", "allOf", "anyOf", "oneOf", "not", "if", "const":
			plain = false
		}
	}
	if !plain {
		return map[string]any{"anyOf": []any{map[string]any{"type": "null"}, out}}
	}
	out["type"] = []any{name, "null"}
	if values, ok := out["enum"].([]any); ok {
		out["enum"] = append(values, nil)
	}
	return out
}

// lacking adds the properties of v, and of the schemas it is composed of, which a request need not send because only the service
// writes them, or a reply need not hold because only the client does.
func (c *converter) lacking(v openapi.Value, beside lax) lax {
	if !v.Get("required").Present() && !v.Get("allOf").Present() {
		return beside // nobody asks
	}
	all := lax{map[string]bool{}, beside.all}
	for name := range beside.names {
		c.looks++
		all.names[name] = true
	}
	c.lackingIn(v, &all, map[string]bool{})
	return all
}

// What is looked at for it. A schema has each of its parts looked at once, but many schemas may share many; real documents take some
// ten thousand looks.
const (
	maxLooks = 1_000_000
	maxParts = 200
)

// lackingIn looks at each schema once: parts of parts that share their parts are many ways to the same ones.
func (c *converter) lackingIn(v openapi.Value, all *lax, seen map[string]bool) {
	if c.looks++; c.looks > maxLooks {
		all.all = true
	}
	if all.all {
		return
	}
	if name, _, refers := v.Target(); refers {
		if seen[name] {
			return
		}
		if seen[name] = true; len(seen) > maxParts {
			all.all = true
			return
		}
	}
	v, ok := v.Follow("schema")
	if !ok {
		return
	}
	flag := "readOnly"
	if c.flavour == reply {
		flag = "writeOnly"
	}
	for name, property := range v.Get("properties").Members() {
		c.looks++
		resolved, _ := property.Follow("schema")
		if truth(property.Get(flag)) || truth(resolved.Get(flag)) {
			all.names[name] = true
		}
	}
	for part := range v.Get("allOf").Items() {
		if c.lackingIn(part, all, seen); all.all {
			return
		}
	}
}

// keywords converts those keywords that a message can break; the rest are remarks for people.
func (c *converter) keywords(v openapi.Value, out map[string]any, lacking lax) {
	for key, value := range v.Members() {
		switch key {
		case "type":
			c.types(value, out)
		case "enum":
			c.enum(v, value, out)
		case "const":
			out[key] = constant(value)
		case "required":
			c.required(value, out, lacking)
		case "multipleOf":
			if n, err := strconv.ParseFloat(value.Text(), 64); err == nil && n > 0 {
				number(key, value, out)
			}
		case "maximum", "minimum":
			number(key, value, out)
		case "exclusiveMaximum", "exclusiveMinimum":
			exclusive(key, value, v, out)
		case "maxLength", "minLength", "maxItems", "minItems", "maxProperties", "minProperties", "maxContains", "minContains":
			if n, err := strconv.Atoi(value.Text()); err == nil && n >= 0 {
				out[key] = n
			}
		case "uniqueItems":
			out[key] = truth(value)
		case "format":
			if schema.Asserted(value.Text()) {
				out[key] = value.Text()
			}
		case "pattern":
			if out[key] = value.Text(); !c.pattern(value) {
				c.leave(out, key)
			}
		default:
			c.applicator(key, value, out, lacking)
		}
	}
	c.discriminated(v, out)
	if out["patternProperties"] == false { // some were left out: what they would have matched must not count as additional
		c.leave(out, "patternProperties", "additionalProperties", "unevaluatedProperties")
	}
}

// applicator converts the keywords that hold schemas.
func (c *converter) applicator(key string, value openapi.Value, out map[string]any, lacking lax) {
	switch key {
	case "not", "if", "then", "else", "items", "contains", "propertyNames", "additionalProperties", "unevaluatedProperties", "unevaluatedItems":
		if value.Kind() == document.Mapping || value.Tag() == "!!bool" {
			out[key] = c.schema(value, lax{})
		}
	case "allOf", "anyOf", "oneOf", "prefixItems":
		list := []any{}
		for item := range value.Items() {
			if key == "allOf" {
				list = append(list, c.schema(item, lacking))
			} else {
				list = append(list, c.schema(item, lax{}))
			}
		}
		if len(list) > 0 {
			out[key] = list
		}
	case "properties", "dependentSchemas", "patternProperties":
		schemas := map[string]any{}
		usable := true
		for name, property := range value.Members() {
			if key == "patternProperties" && !c.patternNamed(name, property.Place()) {
				usable = false
				continue
			}
			schemas[name] = c.schema(property, lax{})
		}
		if out[key] = schemas; !usable {
			out[key] = false
		}
	case "dependentRequired":
		lists := map[string]any{}
		for name, list := range value.Members() {
			lists[name] = texts(list)
		}
		out[key] = lists
	}
}

func (c *converter) pattern(v openapi.Value) bool { return c.patternNamed(v.Text(), v.Place()) }

// patternNamed reports whether a pattern can be used, and warns where it cannot.
func (c *converter) patternNamed(pattern string, at policy.Place) bool {
	err := c.patterns.Check(pattern)
	if err != nil {
		c.warn(policy.Problem{
			Code: CodePattern, Place: at,
			Message:  fmt.Sprintf("pattern is not used for validation: %s", err),
			Expected: "a pattern without look-around and back references, which take time without a bound", Suggestion: "write it without them; until then every text passes this pattern, and the rest of the schema holds",
		})
	}
	return err == nil
}
