package contract_test

import (
	"fmt"
	"strings"
	"testing"

	"outrigger/policy/contract"
)

// document is a spec of two operations, the second of which has a schema of its own.
func document(first, second string) map[string]string {
	return map[string]string{"spec.json": fmt.Sprintf(`{"openapi":"3.1.0","info":{"title":"t","version":"1"},"paths":{
"/a":{"post":{"requestBody":{"content":{"application/json":{"schema":%s}}},"responses":{"200":{"description":"ok"}}}},
"/b":{"post":{"requestBody":{"content":{"application/json":{"schema":%s}}},"responses":{"200":{"description":"ok"}}}}}}`, first, second)}
}

func TestAnEnumWithoutEndIsLeftOut(t *testing.T) {
	enum := `{"type":"string","maxLength":3,"enum":["` + strings.Repeat(`x","`, 10_000) + `x"]}`
	bundle := read(document(enum, `{"enum":["a"]}`), "spec.json")
	if len(bundle.Problems) != 1 || bundle.Problems[0].Code != contract.CodeSchema || !strings.Contains(bundle.Problems[0].Message, "10000 values") {
		t.Errorf("problems: %.300v", bundle.Problems)
	}
	if got := string(bundle.Schemas["request.a.body"]); got != `{"maxLength":3,"type":"string"}` {
		t.Errorf("what is left of the schema: %.200s", got)
	}
}

func TestAnOperationWhoseSchemasDoNotFitHasNoContractAndLeavesNothingBehind(t *testing.T) {
	var properties strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&properties, `,"p%d":{"const":%q}`, i, strings.Repeat("x", 2000))
	}
	large := `{"properties":{` + properties.String()[1:] + `}}`
	for name, files := range map[string]map[string]string{"first": document(large, `{"type":"string"}`), "last": document(`{"type":"string"}`, large)} {
		bundle := read(files, "spec.json")
		if len(bundle.Contracts) != 1 || len(bundle.Schemas) != 1 || len(bundle.Problems) != 1 {
			t.Errorf("%s: %d contracts, %d schemas, problems %.300v", name, len(bundle.Contracts), len(bundle.Schemas), bundle.Problems)
		}
		if len(bundle.Problems) == 1 && !strings.Contains(bundle.Problems[0].Message, "too large") {
			t.Errorf("%s: %s", name, bundle.Problems[0])
		}
	}
}

func TestHostileDocumentsGiveWarningsAndNoCrash(t *testing.T) {
	deep := strings.Repeat(`{"items":`, 400) + `{}` + strings.Repeat(`}`, 400)
	for name, first := range map[string]string{
		"deep":              deep,
		"itself":            `{"$ref":"#/paths/~1a/post/requestBody/content/application~1json/schema"}`,
		"itself inside":     `{"allOf":[{"$ref":"#/paths/~1a/post/requestBody/content/application~1json/schema"}]}`,
		"odd kinds":         `{"type":{"a":1},"required":"x","properties":[1],"enum":{"a":1},"allOf":{"b":2},"items":[{}],"minLength":"x","pattern":5,"discriminator":7}`,
		"an evil name":      `{"$ref":"#/paths/~1b/post/\u001b[31m"}`,
		"a pattern of size": `{"pattern":"` + strings.Repeat("a{1,50}", 400) + `"}`,
		"a list":            `[]`,
		"a text":            `"x"`,
	} {
		bundle := read(document(first, `{"type":"string"}`), "spec.json")
		if len(bundle.Contracts) != 2 {
			t.Errorf("%s: %d contracts, problems %.300v", name, len(bundle.Contracts), bundle.Problems)
		}
	}
}

func TestASchemaTooLargeToBeJudgedIsLeftOutAndTheRestIsKept(t *testing.T) {
	var properties strings.Builder
	for i := range 12_000 {
		fmt.Fprintf(&properties, `,"p%d":{"type":"string"}`, i)
	}
	bundle := read(document(`{"properties":{`+properties.String()[1:]+`}}`, `{"type":"string"}`), "spec.json")
	if len(bundle.Contracts) != 2 || string(bundle.Schemas["request.a.body"]) != "true" || string(bundle.Schemas["request.b.body"]) != `{"type":"string"}` {
		t.Errorf("%d contracts, schemas %.200s, %s", len(bundle.Contracts), bundle.Schemas["request.a.body"], bundle.Schemas["request.b.body"])
	}
	if len(bundle.Problems) != 1 || bundle.Problems[0].Code != contract.CodeSchema || !strings.Contains(bundle.Problems[0].Message, "too large to be judged") {
		t.Errorf("problems: %.300v", bundle.Problems)
	}
}
