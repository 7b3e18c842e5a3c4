package schema

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"unicode"

	"outrigger/policy"
)

// bookOf compiles schemas, all of which must be sound.
func bookOf(t testing.TB, texts map[string]string) *Book {
	t.Helper()
	raw := map[string]json.RawMessage{}
	for name, text := range texts {
		raw[name] = json.RawMessage(text)
	}
	book, broken := New(raw)
	for name, err := range broken {
		t.Fatalf("schema %s: %v", name, err)
	}
	return book
}

func TestAValueThatBreaksItsSchemaIsToldWhereAndWhyWithoutTheValue(t *testing.T) {
	for _, c := range []struct{ schema, text, want string }{
		{`{"type":"object","required":["item"]}`, `{}`, "body: lacks item"},
		{`{"type":"object","additionalProperties":false}`, `{"secret/key":1}`, "body /secret~1key: is not a property that the schema knows"},
		{`{"properties":{"quantity":{"type":"integer"}}}`, `{"quantity":"s3cret"}`, "body /quantity: is a string, must be an integer"},
		{`{"items":{"type":["string","null"]}}`, `["a",null,1]`, "body /2: is a number, must be null or a string"},
		{`{"enum":["red","green"]}`, `"s3cret"`, `body: must be one of "red", "green"`},
		{`{"enum":[1,2,3,4,5,6,7,8]}`, `9`, "body: must be one of 1, 2, 3, 4, 5, 6 and 2 more"},
		{`{"const":"on"}`, `"off"`, `body: must be "on"`},
		{`{"minimum":1.5}`, `1`, "body: must be at least 1.5"},
		{`{"maximum":100}`, `101`, "body: must be at most 100"},
		{`{"exclusiveMinimum":0}`, `0`, "body: must be more than 0"},
		{`{"exclusiveMaximum":0}`, `0`, "body: must be less than 0"},
		{`{"multipleOf":0.01}`, `1.001`, "body: must be a multiple of 0.01"},
		{`{"minLength":3}`, `"ä"`, "body: must have at least 3 characters"},
		{`{"maxLength":1}`, `"ab"`, "body: must have at most 1 characters"},
		{`{"minItems":1}`, `[]`, "body: must have at least 1 items"},
		{`{"maxItems":1}`, `[1,2]`, "body: must have at most 1 items"},
		{`{"minProperties":1}`, `{}`, "body: must have at least 1 properties"},
		{`{"maxProperties":0}`, `{"a":1}`, "body: must have at most 0 properties"},
		{`{"uniqueItems":true}`, `[1,2,1]`, "body: must have no item twice, items 0 and 2 are equal"},
		{`{"pattern":"^[a-z]+$"}`, `"A1"`, `body: must match the pattern "^[a-z]+$"`},
		{`{"format":"date"}`, `"yesterday"`, "body: must be of the form date"},
		{`{"format":"uuid"}`, `"42"`, "body: must be of the form uuid"},
		{`{"type":"integer","format":"int32"}`, `2147483648`, "body: is out of range for int32"},
		{`{"properties":{"a":false}}`, `{"a":1}`, "body /a: is not allowed here"},
		{`{"not":{"type":"string"}}`, `"x"`, "body: is what the schema rules out"},
		{`{"contains":{"type":"string"}}`, `[1]`, "body: lacks an item that the schema asks for"},
		{`{"propertyNames":{"maxLength":1}}`, `{"ab":1}`, "body: has a property whose name the schema does not allow"},
		{`{"dependentRequired":{"a":["b"]}}`, `{"a":1}`, "body: lacks a property that another one asks for"},
		{`{"anyOf":[{"type":"string"},{"type":"object","required":["a"]}]}`, `{}`, "body: lacks a"},
		{`{"anyOf":[{"type":"string"},{"type":"null"}]}`, `1`, "body: fits none of the 2 alternatives"},
		{`{"oneOf":[{"type":"integer"},{"minimum":1}]}`, `2`, "body: fits more than one of the alternatives, and only one may"},
		{`{"allOf":[{"required":["a"]},{"required":["b"]}]}`, `{}`, "body: lacks a; body: lacks b"},
		{`{"type":"object"}`, `{"a":}`, "body: is not JSON: broken at byte 6"},
		{`{"type":"object"}`, `{"a":1`, "body: is not JSON: it ends in the middle of a value"},
		{`{"type":"object"}`, ``, "body: is not JSON: it ends in the middle of a value"},
		{`{"type":"object"}`, `{} {}`, "body: is not JSON: something follows the value"},
	} {
		found, err := bookOf(t, map[string]string{"s": c.schema}).JSON("s", []byte(c.text))
		if err != nil || told(found) != c.want {
			t.Errorf("%s by %s: %q (%v), want %q", c.text, c.schema, told(found), err, c.want)
		}
	}
}

func told(found []policy.Violation) string {
	var all []string
	for _, v := range found {
		all = append(all, v.String())
	}
	return strings.Join(all, "; ")
}

func TestAValueThatKeepsItsSchemaHasNoViolation(t *testing.T) {
	for _, c := range []struct{ schema, text string }{
		{`{"type":"integer"}`, `1.0`},
		{`{"type":"integer"}`, `1e3`},
		{`{"type":"integer","format":"int64"}`, `9223372036854775807`},
		{`{"multipleOf":0.1}`, `0.3`},
		{`{"format":"email"}`, `"no address at all"`},
		{`{"format":"date-time"}`, `"2026-11-24T10:00:00Z"`},
		{`{"pattern":"^\\u00e4\\/\\cA$"}`, `"ä/\u0001"`},
		{`true`, `[{"a":null}]`},
	} {
		if found, err := bookOf(t, map[string]string{"s": c.schema}).JSON("s", []byte(c.text)); err != nil || found != nil {
			t.Errorf("%s by %s: %q, %v", c.text, c.schema, told(found), err)
		}
	}
}

func TestSchemasReferToOneAnotherAndToThemselves(t *testing.T) {
	b := bookOf(t, map[string]string{
		"list": `{"type":"array","items":{"$ref":"node"}}`,
		"node": `{"type":"object","required":["id"],"properties":{"id":{"type":"integer"},"next":{"$ref":"node"}}}`,
	})
	if found, err := b.JSON("list", []byte(`[{"id":1,"next":{"id":2,"next":{"id":3}}}]`)); err != nil || found != nil {
		t.Errorf("%v, %v", found, err)
	}
	found, err := b.JSON("list", []byte(`[{"id":1,"next":{"id":2,"next":{}}}]`))
	if err != nil || told(found) != "body /0/next/next: lacks id" {
		t.Errorf("%q, %v", told(found), err)
	}
}

func TestABrokenSchemaIsNamedAndAllowsEverything(t *testing.T) {
	book, broken := New(map[string]json.RawMessage{
		"good": json.RawMessage(`{"type":"string"}`), "odd": json.RawMessage(`{"type":"strange"}`), "look": json.RawMessage(`{"pattern":"(?=a)"}`),
		"gone": json.RawMessage(`{"$ref":"nowhere"}`), "far": json.RawMessage(`{"$ref":"http://127.0.0.1:1/x"}`), "text": json.RawMessage(`{`),
	})
	if len(broken) != 5 || broken["good"] != nil {
		t.Errorf("broken: %v", broken)
	}
	if found, err := book.JSON("odd", []byte(`1`)); found != nil || err != nil {
		t.Errorf("a broken schema says %v, %v", found, err)
	}
	if found, _ := book.JSON("good", []byte(`1`)); len(found) != 1 {
		t.Errorf("a good schema beside broken ones says %v", found)
	}
}

func TestWhatIsBeyondABoundIsNotJudged(t *testing.T) {
	// Both alternatives lead on to the same schema, so that a judgement without a bound takes 2^60 steps.
	explosive := bookOf(t, map[string]string{"s": `{"anyOf":[
		{"type":"object","properties":{"a":{"$ref":"s"},"z":false},"required":["z"]},
		{"type":"object","properties":{"a":{"$ref":"s"},"y":false},"required":["y"]}]}`})
	negated := bookOf(t, map[string]string{"s": `{"not":{"$ref":"t"}}`, "t": `{"type":"object","anyOf":[
		{"properties":{"a":{"$ref":"t"}}},{"properties":{"a":{"$ref":"t"}}}]}`})
	nested := strings.Repeat(`{"a":`, 60) + `1` + strings.Repeat(`}`, 60)
	for name, c := range map[string]struct {
		book *Book
		text string
	}{
		"exponential":                          {explosive, nested},
		"exponential, negated":                 {negated, nested},
		"too deep":                             {explosive, strings.Repeat("[", 65) + strings.Repeat("]", 65)},
		"a number too long":                    {explosive, strings.Repeat("9", 65)},
		"a pattern that is everywhere at once": {bookOf(t, map[string]string{"s": `{"type":["string","array"],"pattern":"[a-z]{1,900}x"}`}), `"` + strings.Repeat("a", 60_000) + `"`},
		"a name that a pattern is held against": {
			bookOf(t, map[string]string{"s": `{"patternProperties":{"[a-z]{1,900}x":{"type":"null"}}}`}), `{"` + strings.Repeat("a", 60_000) + `":1}`,
		},
		"each of many by a long enum": {
			bookOf(t, map[string]string{"s": `{"items":{"enum":["` + strings.Repeat(`a","`, 5000) + `b",1]}}`}), `[` + strings.Repeat(`"c",`, 15_000) + `"c"]`,
		},
		"each of many by alternatives of another type": {
			bookOf(t, map[string]string{"s": `{"items":{"anyOf":[` + strings.Repeat(`{"type":"object"},`, 50) + `{"type":"null"}]}}`}), `[` + strings.Repeat(`1,`, 15_000) + `1]`,
		},
		"an exponent too large": {bookOf(t, map[string]string{"s": `{"minimum":1}`}), `1e99999`},
	} {
		if found, err := c.book.JSON("s", []byte(c.text)); !errors.Is(err, ErrTooComplex) || found != nil {
			t.Errorf("%s: %q, %v", name, told(found), err)
		}
		if _, err := c.book.JSON("s", []byte(`[1]`)); err != nil {
			t.Errorf("after %s: %v", name, err)
		}
	}
	cycle := bookOf(t, map[string]string{"a": `{"allOf":[{"$ref":"b"}]}`, "b": `{"anyOf":[{"$ref":"a"}]}`})
	if found, err := cycle.JSON("a", []byte(`1`)); !errors.Is(err, ErrCycle) || found != nil {
		t.Errorf("a cycle: %v, %v", found, err)
	}
}

func TestViolationsAreBoundedAndHoldNoControlCharacters(t *testing.T) {
	b := bookOf(t, map[string]string{"s": `{"additionalProperties":{"type":"integer"}}`})
	long := strings.Repeat("k", 5000)
	lacking := bookOf(t, map[string]string{"s": `{"required":["\u001b[31m"]}`})
	if found, err := lacking.JSON("s", []byte(`{}`)); err != nil || len(found) != 1 || strings.Contains(told(found), "\x1b") {
		t.Errorf("a name of the spec: %q, %v", told(found), err)
	}
	found, err := b.JSON("s", []byte(`{"\u001b[31m\n":"x"}`))
	if err != nil || len(found) != 1 || strings.ContainsAny(found[0].String(), "\x1b\n") {
		t.Errorf("%q, %v", told(found), err)
	}
	var many strings.Builder
	for i := range 100 {
		many.WriteString(`,"` + long + strings.Repeat("x", i) + `":""`)
	}
	found, err = b.JSON("s", []byte("{"+many.String()[1:]+"}"))
	if err != nil || len(found) != maxViolations {
		t.Fatalf("%d violations, %v", len(found), err)
	}
	for _, v := range found {
		if len(v.Pointer) > maxPointer+len("…") {
			t.Errorf("a pointer of %d bytes", len(v.Pointer))
		}
	}
}

func TestPatternsThatRE2LacksOrThatAreTooLargeAreRefused(t *testing.T) {
	for _, pattern := range []string{`(?=a)`, `(a)\1`, `(?<!x)y`, `a{1,2000}`, `(`, strings.Repeat("a", maxPattern+1), `((a{1,100}){1,100}){1,100}`} {
		if new(Patterns).Check(pattern) == nil {
			t.Errorf("%.40q is taken", pattern)
		}
	}
	for _, pattern := range []string{`^\d{3}-\d{4}$`, `^[\w.\-\/]+$`, `\u{1F600}`, `(?<year>\d+)`, `\p{L}`, `(a+)+$`, `\\u12`} {
		if err := new(Patterns).Check(pattern); err != nil {
			t.Errorf("%q: %v", pattern, err)
		}
	}
}

func TestOneBookJudgesForManyAtOnce(t *testing.T) {
	b := bookOf(t, map[string]string{"s": `{"type":"array","items":{"$ref":"t"},"uniqueItems":true}`, "t": `{"type":"integer","maximum":9}`})
	var judges sync.WaitGroup
	for n := range 8 {
		judges.Go(func() {
			for i := range 100 {
				text, want := `[1,2,3]`, 0
				if (n+i)%2 == 0 {
					text, want = `[1,10,"x"]`, 2
				}
				if found, err := b.JSON("s", []byte(text)); err != nil || len(found) != want {
					t.Errorf("%s: %v, %v", text, found, err)
					return
				}
			}
		})
	}
	judges.Wait()
}

func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,"x",null]}`, `[`, `"\ud800"`, `{"a":1e5,"a":{}}`, "\xff", `{"\u0061":{"b":[{}]}}`, ``, ` 12 `} {
		f.Add([]byte(seed))
	}
	b := bookOf(f, map[string]string{
		"s": `{"type":["object","array","string","number"],"properties":{"a":{"$ref":"t"}},"additionalProperties":{"$ref":"s"},"items":{"$ref":"s"}}`,
		"t": `{"oneOf":[{"type":"integer","minimum":1},{"type":"string","pattern":"^x","maxLength":3},{"$ref":"s"}]}`,
	})
	f.Fuzz(func(t *testing.T, text []byte) {
		found, err := b.JSON("s", text)
		if !json.Valid(text) && err == nil && len(found) == 0 {
			t.Errorf("%q is not JSON and is allowed", text)
		}
		for _, v := range found {
			if strings.ContainsFunc(v.String(), unicode.IsControl) {
				t.Errorf("a violation holds a control character: %q", v.String())
			}
		}
	})
}
