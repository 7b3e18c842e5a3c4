package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"outrigger/policy"
)

func each(n int, one string) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strings.ReplaceAll(one, "#", fmt.Sprint(i)))
	}
	return b.String()
}

// Without a bound the first takes minutes, the second as many gigabytes as it has megabytes of names, and the patterns take both.
func TestASchemaThatIsTooLargeIsBrokenAndTheOthersAreNot(t *testing.T) {
	long := strings.Repeat("k", 100_000)
	for name, c := range map[string]struct{ hostile, why string }{
		"wide":        {`{"properties":{` + each(20_000, `"p#":{"type":"string","pattern":"^a#$"}`) + `}}`, "too large to be judged"},
		"alternative": {`{"anyOf":[` + each(20_000, `{"$ref":"s"}`) + `]}`, "too large to be judged"},
		"deep":        {strings.Repeat(`{"items":`, 2000) + `{}` + strings.Repeat(`}`, 2000), "too large to be judged"},
		"long names":  {`{"properties":{"` + long + `":{"properties":{` + each(5_000, `"p#":{}`) + `}}}}`, "too large to be judged"},
		"patterns":    {`{"properties":{` + each(30, `"p#":{"pattern":"`+strings.Repeat("a{1,1000}", 19)+`#"}`) + `}}`, "no JSON Schema"},
		"anchored":    {`{"$id":"http://other/"}`, "$id is not followed"},
	} {
		t.Run(name, func(t *testing.T) {
			book, broken := New(map[string]json.RawMessage{
				"s": json.RawMessage(c.hostile), "a user": json.RawMessage(`{"not":{"$ref":"s"}}`), "another": json.RawMessage(`{"type":"string"}`),
			})
			if len(broken) != 2 || broken["s"] == nil || !strings.Contains(broken["s"].Error(), c.why) || !errors.Is(broken["a user"], ErrRefers) {
				t.Errorf("broken: %.300v", broken)
			}
			for of, want := range map[string]int{"s": 0, "a user": 0, "another": 1} {
				if found, err := book.JSON(of, []byte(`1`)); err != nil || len(found) != want {
					t.Errorf("%s: %v, %v", of, found, err)
				}
			}
		})
	}
}

func TestABookThatIsTooLargeKeepsWhatFits(t *testing.T) {
	c := newCompilation(map[string]json.RawMessage{
		"first": json.RawMessage(`{"properties":{` + each(20, `"p#":true`) + `}}`),
		"large": json.RawMessage(`{"properties":{` + each(6_000, `"p#":true`) + `}}`),
		"last":  json.RawMessage(`{"type":"string"}`),
	})
	c.steps = maxBook - 1_000
	for name, want := range map[string]error{"first": nil, "large": errBookTooLarge, "last": nil} {
		if err := c.compile(name); !errors.Is(err, want) || (err == nil) != (c.schemas[name] != nil) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	if c.steps > maxBook {
		t.Errorf("%d steps", c.steps)
	}
}

// Compiled together, every part of them is compared with every other.
func TestSchemasThatReferToOneAnotherTakeStepsInProportionToTheirNumber(t *testing.T) {
	steps := func(n int) int {
		texts, next := map[string]json.RawMessage{}, map[string]string{}
		for i := range n {
			next[fmt.Sprint(i)] = fmt.Sprint((i + 1) % n)
			texts[fmt.Sprint(i)] = json.RawMessage(fmt.Sprintf(`{"allOf":[{"$ref":"%d"},{"$ref":"%d"},{"$ref":"%d"}]}`, (i+1)%n, (i*7+1)%n, (i*31+5)%n))
		}
		c := newCompilation(texts)
		for name := range texts {
			if err := c.compile(name); err != nil {
				t.Fatal(err)
			}
			if s := c.schemas[name]; len(children(s)) != 3 || s.AllOf[0].Ref != nil {
				t.Fatalf("schema %s was compiled with what it refers to", name)
			}
		}
		c.link()
		for name, s := range c.schemas {
			if target := c.schemas[next[name]]; s.AllOf[0].Ref != target {
				t.Errorf("schema %s does not lead to the next", name)
			}
		}
		return c.steps
	}
	if few, many := steps(100), steps(400); many != 4*few {
		t.Errorf("%d steps for 100 schemas, %d for 400", few, many)
	}
}

func TestAPatternThatManySchemasHaveIsCompiledOnce(t *testing.T) {
	var all Patterns
	for range 10_000 {
		if err := all.Check("^[a-z]{1,60}$"); err != nil {
			t.Fatal(err)
		}
	}
	if len(all.known) != 1 || all.size > 1_000 {
		t.Errorf("%d patterns of size %d", len(all.known), all.size)
	}
}

// The ways through alternatives of alternatives are 20^8.
func TestAParameterWithAlternativesWithoutEndIsNotJudged(t *testing.T) {
	b := bookOf(t, map[string]string{"s": `{"anyOf":[` + each(20, `{"$ref":"s"}`) + `]}`})
	p := &policy.Parameter{Name: "p", In: policy.InQuery, Style: policy.StyleForm, Schema: "s"}
	if found, err := b.Parameter(p, []string{"x"}, nil); !errors.Is(err, ErrTooComplex) || found != nil {
		t.Errorf("%v, %v", found, err)
	}
}
