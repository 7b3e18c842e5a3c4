package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// schemas draws schemas of the keywords that a glance knows, and of some that it does not.
func drawSchema(t *rapid.T, depth int) any {
	s := map[string]any{}
	keyword := func(name string, value func() any) {
		if rapid.IntRange(0, 3).Draw(t, name+"?") == 0 {
			s[name] = value()
		}
	}
	number := func() any {
		return json.Number(rapid.SampledFrom([]string{"-1", "0", "1", "2", "0.5", "10", "1e1"}).Draw(t, "number"))
	}
	count := func() any { return rapid.IntRange(0, 3).Draw(t, "count") }
	below := func() any {
		if depth == 0 {
			return rapid.SampledFrom([]any{true, false, map[string]any{"type": "integer"}, map[string]any{"type": []string{"string", "null"}}, map[string]any{"$ref": "s"}}).Draw(t, "leaf")
		}
		return drawSchema(t, depth-1)
	}
	several := func() any {
		var list []any
		for range rapid.IntRange(1, 3).Draw(t, "several") {
			list = append(list, below())
		}
		return list
	}
	keyword("type", func() any {
		return rapid.SampledFrom([]any{"object", "array", "string", "number", "integer", "boolean", "null", []string{"integer", "string"}, []string{"object", "null"}}).Draw(t, "type")
	})
	keyword("enum", func() any { return rapid.SampledFrom([]any{[]any{"a", "b", nil}, []any{1, "a", true}}).Draw(t, "enum") })
	keyword("const", func() any { return rapid.SampledFrom([]any{"a", 1, nil}).Draw(t, "const") })
	keyword("minimum", number)
	keyword("exclusiveMaximum", number)
	keyword("multipleOf", func() any {
		return json.Number(rapid.SampledFrom([]string{"1", "2", "0.5", "0.1"}).Draw(t, "multiple"))
	})
	keyword("minLength", count)
	keyword("maxLength", count)
	keyword("pattern", func() any { return rapid.SampledFrom([]string{"^a", "b$", "."}).Draw(t, "pattern") })
	keyword("format", func() any { return rapid.SampledFrom([]string{"date", "int32", "email"}).Draw(t, "format") })
	keyword("minItems", count)
	keyword("maxItems", count)
	keyword("items", below)
	keyword("uniqueItems", func() any { return true })
	keyword("required", func() any { return rapid.SampledFrom([][]string{{"a"}, {"a", "b"}, {"c"}}).Draw(t, "required") })
	keyword("additionalProperties", below)
	keyword("properties", func() any { return map[string]any{"a": below(), "b": below()} })
	keyword("maxProperties", count)
	keyword("allOf", several)
	keyword("anyOf", several)
	keyword("oneOf", several)
	keyword("not", below)
	keyword("if", below)
	keyword("then", below)
	keyword("else", below)
	return s
}

// drawText draws a JSON text, with white space, escapes and names that stand twice.
func drawText(t *rapid.T, depth int) string {
	space := rapid.SampledFrom([]string{"", " ", "\n\t"}).Draw(t, "space")
	kinds := 6
	if depth == 0 {
		kinds = 4
	}
	switch rapid.IntRange(0, kinds).Draw(t, "kind") {
	case 0:
		return space + "null"
	case 1:
		return space + rapid.SampledFrom([]string{"true", "false"}).Draw(t, "truth")
	case 2, 3:
		return rapid.SampledFrom([]string{"0", "1", "-1", "2", "1.0", "0.5", "10", "1e1", "0.3", "9007199254740993", "2147483648"}).Draw(t, "number") + space
	case 4:
		return rapid.SampledFrom([]string{`"a"`, `"b"`, `"\u0061"`, `""`, `"ab]"`, `"2026-11-24"`, `"ä}"`, `"\"a"`}).Draw(t, "text")
	case 5:
		var items []string
		for range rapid.IntRange(0, 3).Draw(t, "items") {
			items = append(items, drawText(t, depth-1))
		}
		return "[" + space + strings.Join(items, ","+space) + "]"
	}
	var members []string
	for range rapid.IntRange(0, 3).Draw(t, "members") {
		members = append(members, rapid.SampledFrom([]string{`"a"`, `"b"`, `"c"`, `"\u0061"`}).Draw(t, "name")+space+":"+drawText(t, depth-1))
	}
	return "{" + strings.Join(members, space+",") + space + "}" + space
}

// TestAGlanceNeverAllowsWhatTheLibraryRefuses draws schemas and texts: what a glance says yes to, the library must not refuse.
func TestAGlanceNeverAllowsWhatTheLibraryRefuses(t *testing.T) {
	glanced := 0
	rapid.Check(t, func(t *rapid.T) {
		schema, err := json.Marshal(drawSchema(t, 2))
		if err != nil {
			t.Fatal(err)
		}
		book, broken := New(map[string]json.RawMessage{"s": schema})
		if len(broken) > 0 {
			t.Fatalf("%s: %v", schema, broken)
		}
		for range 10 {
			text := []byte(drawText(t, 3))
			if !json.Valid(text) {
				t.Fatalf("not JSON: %s", text)
			}
			if !glanceAt(book.shapes["s"], text) {
				continue
			}
			glanced++
			value, err := decode(text)
			if err != nil {
				t.Fatal(err)
			}
			if found, err := book.judge("s", value); len(found) > 0 && err == nil {
				t.Fatalf("%s: a glance allows %s, the library says %v", schema, text, found)
			}
		}
	})
	if glanced == 0 {
		t.Error("no glance said yes: nothing was compared")
	}
}

func TestAGlanceIsEnoughForWhatMessagesAreMadeOf(t *testing.T) {
	for _, c := range []struct{ schema, text string }{
		{`{"type":"object","required":["a","z"],"properties":{"a":{"type":"integer","minimum":1,"maximum":3}},"additionalProperties":{"type":"string"}}`, ` { "z" : "\u00e4" , "a":2 } `},
		{`{"type":"array","minItems":1,"maxItems":2,"items":{"type":["string","null"],"maxLength":3,"pattern":"^a"}}`, `["abc",null]`},
		{`{"oneOf":[{"type":"string"},{"type":"number","multipleOf":0.01,"exclusiveMinimum":0}]}`, `12.95`},
		{`{"anyOf":[{"type":"null"},{"$ref":"t"}]}`, `"b"`},
		{`{"allOf":[{"$ref":"t"},{"minLength":1}],"not":{"const":"a"}}`, `"b"`},
		{`{"if":{"required":["kind"]},"then":{"properties":{"kind":{"enum":["x"]}}},"else":{"maxProperties":0}}`, `{"kind":"x"}`},
		{`{"type":"string","format":"date-time"}`, `"2026-11-24T00:00:00Z"`},
		{`{"type":"integer","format":"int64"}`, `12`},
	} {
		b := bookOf(t, map[string]string{"s": c.schema, "t": `{"enum":["a","b"]}`})
		if !glanceAt(b.shapes["s"], []byte(c.text)) {
			t.Errorf("%s by %s is left to the library", c.text, c.schema)
		}
	}
}

// TestNoBodyTakesMoreThanItsSteps counts steps, for time says nothing on a busy machine.
func TestNoBodyTakesMoreThanItsSteps(t *testing.T) {
	branch := func(field string) string {
		return fmt.Sprintf(`{"type":"object","properties":{"a":{"$ref":"s"}},"additionalProperties":{"type":"string","pattern":"x*y"},"required":[%q]}`, field)
	}
	b := bookOf(t, map[string]string{"s": `{"anyOf":[` + branch("y") + `,` + branch("z") + `]}`})
	var wide strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&wide, `"k%d":"xxxxxxxxxxxxxxxxxxxxxxx",`, i)
	}
	text := []byte(strings.Repeat(`{"a":`, 30) + `{` + wide.String() + `"b":"x"}` + strings.Repeat(`}`, 30))
	if _, err := b.JSON("s", text); !errors.Is(err, ErrTooComplex) {
		t.Fatalf("%v", err)
	}
	// What is counted last may be one wide value.
	if b.meter.steps > maxSteps+3000 {
		t.Errorf("%d steps, %d are the bound", b.meter.steps, maxSteps)
	}
}

func TestAGlanceGoesByTheLastOfAPropertyThatStandsTwice(t *testing.T) {
	for _, schema := range []string{
		`{"not":{"properties":{"a":{"type":"string"}}}}`,
		`{"oneOf":[{"properties":{"a":{"type":"string"}}},{"properties":{"a":{"maxLength":3}}}]}`,
		`{"if":{"properties":{"a":{"type":"string"}}},"then":false}`,
	} {
		b := bookOf(t, map[string]string{"s": schema})
		if found, err := b.JSON("s", []byte(`{"a":1,"b":[{}], "\u0061":"x"}`)); err != nil || len(found) != 1 {
			t.Errorf("%s: %q, %v", schema, told(found), err)
		}
	}
}

// stepsOf is how many steps a glance takes, if it is ended too.
func stepsOf(b *Book, text string) (steps int) {
	g := glance{text: []byte(text)}
	defer func() {
		_ = recover()
		steps = g.steps
	}()
	g.value(b.shapes["s"], g.skip(0))
	return g.steps
}

func TestAGlanceCountsWhatItOnlyWalksOver(t *testing.T) {
	b := bookOf(t, map[string]string{"s": `{"properties":{"a":{"items":{"type":"null"}}}}`})
	short := stepsOf(b, `{"a":[],"b":1}`)
	const much = 6400
	for name, text := range map[string]string{
		"white space": `{"a":[` + strings.Repeat(" ", much) + `],"b":1}`, "a name": `{"a":[],"` + strings.Repeat("b", much) + `":1}`,
	} {
		if got := stepsOf(b, text); got < short+much/bytesPerStep {
			t.Errorf("%s: %d steps, and %d without", name, got, short)
		}
	}
}

func TestAGlanceSoonGivesUpASchemaThatLeadsBackToItself(t *testing.T) {
	b := bookOf(t, map[string]string{"s": `{"allOf":[{"$ref":"s"}]}`})
	if got := stepsOf(b, `1`); got > 2*maxLevel {
		t.Errorf("%d steps", got)
	}
}
