package openapi

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"outrigger/policy/document"
)

// FuzzParseJSON holds the positioned tree against encoding/json: both take the same texts and see the same values, and
// every place is inside the text.
func FuzzParseJSON(f *testing.F) {
	for _, seed := range []string{
		`{"a": [1, -2.5e3, true, null, "x\u00e9\ud83d\ude00\ud83d"]}`, "{\"a\":{},\r\n\"b\":[[]]}", `{"a" 1}`, `[1,]`, `{"a":1}}`, `"a"`, "", `{"é": "\n"}`,
		`{"a":1,"a":2,"\u0061":3}`, `1e999`, "[1 2]", "{\"a\":\"\xff\"}", `{"a":1,}`, `{1:2}`, "[\"\u2028\"]",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		j, problems := parseJSON("f.json", data)
		for _, p := range problems {
			if p.Place.Line < 1 || p.Place.Column < 1 || p.Message == "" {
				t.Fatalf("problem is not whole: %+v", p)
			}
		}
		var want any
		dec := json.NewDecoder(strings.NewReader(strings.TrimPrefix(string(data), "\ufeff")))
		dec.UseNumber()
		valid := dec.Decode(&want) == nil && !dec.More() && json.Valid([]byte(strings.TrimPrefix(string(data), "\ufeff")))
		if j == nil {
			if len(problems) == 0 || valid && !strings.Contains(problems[0].Message, "UTF-8") && problems[0].Code != CodeTooLarge {
				t.Fatalf("refused valid JSON: %v", problems)
			}
			return
		}
		if !valid {
			t.Fatalf("took what encoding/json refuses")
		}
		if len(problems) > 0 {
			return // with duplicate keys the first counts here and the last there
		}
		if diff := cmp.Diff(want, plain(t, tree{json: jsonTree{j, 0}})); diff != "" {
			t.Fatalf("values (-encoding/json +tree):\n%s", diff)
		}
	})
}

func plain(t *testing.T, v tree) any {
	if p := v.Place(); p.Line < 1 || p.Column < 1 || p.EndColumn != 0 && p.EndColumn <= p.Column {
		t.Fatalf("place %+v of %q", p, v.Text())
	}
	switch v.Kind() {
	case document.Mapping:
		all := map[string]any{}
		for m := range v.members() {
			all[m.key] = plain(t, m.value)
			if v.get(m.key).Place() != m.value.Place() {
				t.Fatalf("get(%q) is not what members has", m.key)
			}
		}
		return all
	case document.Sequence:
		all := []any{}
		for item := range v.items() {
			all = append(all, plain(t, item))
		}
		return all
	case document.Null:
		return nil
	}
	switch v.Tag() {
	case "!!bool":
		return v.Text() == "true"
	case "!!int", "!!float":
		return json.Number(v.Text())
	}
	return v.Text()
}

// FuzzRead holds for any document: no panic, no catalog and no problem without what makes it whole.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"openapi: 3.2.0\npaths:\n  /a/{b}: &x\n    parameters: [{in: header, name: Idempotency-Key}]\n    get: {operationId: a, responses: {200: {content: {text/event-stream: {}}}}}\n  /c: *x\n",
		"openapi: 3.0.0\npaths: {/a: {$ref: '#/paths/~1a'}}\n", "openapi: 3.0.0\npaths: {$ref: '#/paths'}\n", "swagger: '2.0'\nbasePath: //\nproduces: [x]\npaths: {a?b{#}: {get: {}}}\n",
		`{"openapi":"3.1.0","servers":[{"url":"//{a}/b"}],"paths":{"/{":{"get":{"callbacks":{"x":{"$ref":"api.yaml#/paths"}}}}},"webhooks":{"a":{"$ref":"other#/%41~0~1"}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		catalog, problems := Reader{ReadFile: func(string) ([]byte, error) { return data, nil }}.Read("folder/api.yaml")
		for _, p := range problems {
			if p.Place.File == "" || p.Place.Line < 1 || p.Message == "" || p.Expected == "" {
				t.Fatalf("problem is not whole: %+v", p)
			}
		}
		if catalog == nil {
			if !problems.HasErrors() {
				t.Fatal("neither a catalog nor an error")
			}
			return
		}
		if len(catalog.BasePaths) == 0 {
			t.Fatal("no base path")
		}
		for _, op := range catalog.Operations {
			if op.Method == "" || !strings.HasPrefix(op.Path, "/") || op.Place.Line < 1 || op.ID != "" && op.IDPlace.Line < 1 || op.CoveredBy == op {
				t.Fatalf("operation is not whole: %+v", op)
			}
		}
	})
}
