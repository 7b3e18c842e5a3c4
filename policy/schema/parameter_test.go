package schema

import (
	"testing"

	"outrigger/policy"
)

func TestAParameterIsReadByItsStyleAndJudgedByItsSchema(t *testing.T) {
	const ints = `{"type":"array","items":{"type":"integer"},"maxItems":3}`
	const point = `{"type":"object","properties":{"x":{"type":"integer"},"y":{"type":"integer"}},"required":["x"],"additionalProperties":false}`
	query := func(style policy.Style, explode bool) policy.Parameter {
		return policy.Parameter{Name: "p", In: policy.InQuery, Style: style, Explode: explode}
	}
	form, comma := query(policy.StyleForm, true), query(policy.StyleForm, false)
	path := policy.Parameter{Name: "p", In: policy.InPath, Style: policy.StyleSimple, Required: true}
	styled := func(style policy.Style, explode bool) policy.Parameter {
		return policy.Parameter{Name: "p", In: policy.InPath, Style: style, Explode: explode, Required: true}
	}
	header := policy.Parameter{Name: "P", In: policy.InHeader, Style: policy.StyleSimple}
	empty := form
	empty.AllowEmpty = true
	needed := form
	needed.Required = true
	for _, c := range []struct {
		name      string
		parameter policy.Parameter
		schema    string
		values    []string
		parts     [][2]string
		want      string
	}{
		{"an integer", form, `{"type":"integer","maximum":100}`, []string{"42"}, nil, ""},
		{"an integer too large", form, `{"type":"integer","maximum":100}`, []string{"101"}, nil, "query p: must be at most 100"},
		{"words for an integer", form, `{"type":"integer"}`, []string{"4x"}, nil, "query p: is a string, must be an integer"},
		{"an exponent for an integer", form, `{"type":"integer"}`, []string{"1e999999"}, nil, "query p: is a string, must be an integer"},
		{"digits for a string", form, `{"type":"string"}`, []string{"42"}, nil, ""},
		{"a truth", form, `{"type":"boolean"}`, []string{"true"}, nil, ""},
		{"no truth", form, `{"type":"boolean"}`, []string{"yes"}, nil, "query p: is a string, must be a boolean"},
		{"one of two types", form, `{"anyOf":[{"type":"integer"},{"enum":["all"]}]}`, []string{"all"}, nil, ""},
		{"the other of two types", form, `{"anyOf":[{"type":"integer"},{"enum":["all"]}]}`, []string{"7"}, nil, ""},
		{"an escape", form, `{"const":"a b&c"}`, []string{"a+b%26c"}, nil, ""},
		{"a broken escape", form, `{"type":"string"}`, []string{"%zz"}, nil, "query p: holds a broken escape"},
		{"twice", form, `{"type":"integer"}`, []string{"1", "2"}, nil, "query p: is given more than once"},
		{"a list that may be null, twice", form, `{"anyOf":[{"type":"array","items":{"type":"integer"}},{"type":"null"}]}`, []string{"1", "2"}, nil, ""},
		{"a list that may be one text, twice", form, `{"type":["array","string"],"items":{"type":"string"}}`, []string{"a", "b"}, nil, ""},
		{"a wrong list that may be null", form, `{"type":["array","null"],"items":{"type":"integer"}}`, []string{"1", "b"}, nil, "query p /1: is a string, must be an integer"},
		{"whatever, twice", form, `{}`, []string{"a", "b"}, nil, ""},
		{"absent", form, `{"type":"integer"}`, nil, nil, ""},
		{"absent and needed", needed, `{"type":"integer"}`, nil, nil, "query p: is missing"},
		{"empty", form, `{"type":"integer"}`, []string{""}, nil, "query p: is a string, must be an integer"},
		{"empty and allowed to", empty, `{"type":"integer"}`, []string{""}, nil, ""},
		{"repeated items", form, ints, []string{"1", "2"}, nil, ""},
		{"a single item", form, ints, []string{"1"}, nil, ""},
		{"a repeated item of another type", form, ints, []string{"1", "b"}, nil, "query p /1: is a string, must be an integer"},
		{"items with commas", comma, ints, []string{"1,2,3"}, nil, ""},
		{"too many items with commas", comma, ints, []string{"1,2,3,4"}, nil, "query p: must have at most 3 items"},
		{"a comma that is data", comma, `{"type":"array","items":{"const":"a,b"}}`, []string{"a%2Cb,a%2Cb"}, nil, ""},
		{"no item", comma, ints, []string{""}, nil, ""},
		{"items with pipes", query(policy.StylePipe, false), ints, []string{"1|2%7C3"}, nil, ""},
		{"items with spaces", query(policy.StyleSpace, false), ints, []string{"1%202+x"}, nil, "query p /2: is a string, must be an integer"},
		{"items with tabs", query(policy.StyleTab, false), ints, []string{"1%092"}, nil, ""},
		{"an object by its parts", query(policy.StyleDeep, true), point, nil, [][2]string{{"x", "1"}, {"y", "2"}}, ""},
		{"an object with a part too many", query(policy.StyleDeep, true), point, nil, [][2]string{{"x", "1"}, {"z", "2"}}, "query p /z: is not a property that the schema knows"},
		{"an object with a part of another type", query(policy.StyleDeep, true), point, nil, [][2]string{{"x", "a"}}, "query p /x: is a string, must be an integer"},
		{"a list in an object, which nobody says how to read", query(policy.StyleDeep, true), `{"properties":{"x":{"type":["array","null"],"items":{"type":"integer"}}}}`, nil, [][2]string{{"x", "1"}}, ""},
		{"an object in an object", comma, `{"type":"object","properties":{"x":{"type":"object"}}}`, []string{"x,1"}, nil, ""},
		{"an object with commas", comma, point, []string{"x,1,y,2"}, nil, ""},
		{"an object in a path", policy.Parameter{Name: "p", In: policy.InPath, Style: policy.StyleSimple, Explode: true}, point, []string{"x=1,y=b"}, nil, "path p /y: is a string, must be an integer"},
		{"a path segment", path, `{"type":"string","pattern":"^[a-z ]+$"}`, []string{"a%20b"}, nil, ""},
		{"a path segment with a plus", path, `{"const":"a+b"}`, []string{"a+b"}, nil, ""},
		{"a path of ints", path, ints, []string{"1,2"}, nil, ""},
		{"a label", styled(policy.StyleLabel, false), `{"type":"integer"}`, []string{".5"}, nil, ""},
		{"a label of another type", styled(policy.StyleLabel, false), `{"type":"integer"}`, []string{".x"}, nil, "path p: is a string, must be an integer"},
		{"a label without its dot", styled(policy.StyleLabel, false), `{"type":"integer"}`, []string{"5"}, nil, "path p: is not written in the style label"},
		{"a label of a list", styled(policy.StyleLabel, true), ints, []string{".1.2"}, nil, ""},
		{"a matrix", styled(policy.StyleMatrix, false), `{"type":"integer"}`, []string{";p=5"}, nil, ""},
		{"a matrix of another name", styled(policy.StyleMatrix, false), `{"type":"integer"}`, []string{";q=5"}, nil, "path p: is not written in the style matrix"},
		{"a matrix of a list", styled(policy.StyleMatrix, true), ints, []string{";p=1;p=b"}, nil, "path p /1: is a string, must be an integer"},
		{"a matrix of an object", styled(policy.StyleMatrix, true), point, []string{";x=1;y=2"}, nil, ""},
		{"a header with a list", header, ints, []string{"1, 2", "3"}, nil, ""},
		{"a header with a percent sign", header, `{"const":"5%"}`, []string{"5%"}, nil, ""},
		{"JSON", query(policy.StyleJSON, false), point, []string{`%7B%22x%22%3A1%7D`}, nil, ""},
		{"broken JSON", query(policy.StyleJSON, false), point, []string{`{`}, nil, "query p: is not JSON: it ends in the middle of a value"},
		{"a reference", form, `{"$ref":"other"}`, []string{"7"}, nil, ""},
		{"null for nothing", form, `{"type":["integer","null"]}`, []string{""}, nil, ""},
		{"a form that is asserted", form, `{"type":"string","format":"date"}`, []string{"24.11.2026"}, nil, "query p: must be of the form date"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := bookOf(t, map[string]string{"s": c.schema, "other": `{"type":"integer"}`})
			c.parameter.Schema = "s"
			found, err := b.Parameter(&c.parameter, c.values, c.parts)
			if err != nil || told(found) != c.want {
				t.Errorf("%q (%v), want %q", told(found), err, c.want)
			}
		})
	}
}

func TestAParameterWithoutASchemaNeedsOnlyToBeThere(t *testing.T) {
	b := bookOf(t, nil)
	p := policy.Parameter{Name: "p", In: policy.InCookie, Required: true, Style: policy.StyleForm}
	if found, err := b.Parameter(&p, []string{"x"}, nil); found != nil || err != nil {
		t.Errorf("%v, %v", found, err)
	}
	if found, _ := b.Parameter(&p, nil, nil); told(found) != "cookie p: is missing" {
		t.Errorf("%q", told(found))
	}
}
