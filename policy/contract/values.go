package contract

import (
	"encoding/json"
	"fmt"
	"slices"

	"outrigger/policy/document"
	"outrigger/policy/openapi"
)

// maxEnum bounds the values of one enum; each is compared for each message.
const maxEnum = 10_000

// types reads type, which is one word or a list of them. What is no type of JSON, such as "file", says nothing.
func (c *converter) types(v openapi.Value, out map[string]any) {
	known := []string{"null", "boolean", "object", "array", "number", "string", "integer"}
	var all []any
	names := []string{v.Text()}
	if v.Kind() == document.Sequence {
		names = texts(v)
	}
	for _, name := range names {
		if slices.Contains(known, name) && !slices.Contains(all, any(name)) {
			all = append(all, name)
		}
	}
	switch len(all) {
	case 0:
	case 1:
		out["type"] = all[0]
	default:
		out["type"] = all
	}
}

// enum reads the values. In YAML the words of a string's enum often look like numbers and truths, and are meant as words.
func (c *converter) enum(of, v openapi.Value, out map[string]any) {
	words := of.Get("type").Text() == "string"
	var all []any
	for item := range v.Items() {
		if len(all) == maxEnum {
			c.unusable(v.Place(), fmt.Sprintf("its enum has more than %d values", maxEnum))
			c.leave(out)
			return
		}
		if words && item.Kind() == document.Scalar {
			all = append(all, item.Text())
		} else {
			all = append(all, constant(item))
		}
	}
	if len(all) > 0 {
		out["enum"] = all
	}
}

// constant is a value of the document as JSON.
func constant(v openapi.Value) any {
	switch v.Kind() {
	case document.Mapping:
		all := map[string]any{}
		for key, value := range v.Members() {
			all[key] = constant(value)
		}
		return all
	case document.Sequence:
		all := []any{}
		for item := range v.Items() {
			all = append(all, constant(item))
		}
		return all
	case document.Scalar:
		switch v.Tag() {
		case "!!bool":
			return truth(v)
		case "!!int", "!!float":
			if n, ok := numeral(v); ok {
				return n
			}
		}
		return v.Text()
	}
	return nil
}

// numeral reads a number that JSON can say. YAML has others, such as 0x1F and .inf.
func numeral(v openapi.Value) (json.Number, bool) {
	const longest = 64
	text := v.Text()
	if tag := v.Tag(); tag != "!!int" && tag != "!!float" || len(text) > longest || !json.Valid([]byte(text)) {
		return "", false
	}
	return json.Number(text), true
}

func number(key string, v openapi.Value, out map[string]any) {
	if n, ok := numeral(v); ok && out[key] == nil {
		out[key] = n
	}
}

// exclusive reads a bound that is a number since 3.1, and before that a truth about the other bound, which it then replaces.
func exclusive(key string, v, of openapi.Value, out map[string]any) {
	if v.Tag() != "!!bool" {
		number(key, v, out)
		return
	}
	inclusive := map[string]string{"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}[key]
	if n, ok := numeral(of.Get(inclusive)); ok && truth(v) {
		out[key] = n
	}
}

// required leaves out what a message of the flavour may lack.
func (c *converter) required(v openapi.Value, out map[string]any, lacking lax) {
	if lacking.all {
		c.unusable(v.Place(), "the schemas of allOf are too many to tell which properties may be lacking")
		c.leave(out)
		return
	}
	var names []string
	seen := map[string]bool{}
	for _, name := range texts(v) {
		if !lacking.names[name] && !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		out["required"] = names
	}
}

// texts are the scalars of a list.
func texts(v openapi.Value) []string {
	all := []string{}
	for item := range v.Items() {
		if item.Kind() == document.Scalar {
			all = append(all, item.Text())
		}
	}
	return all
}
