package contract_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"outrigger/policy/schema"
)

// TestSchemasOf30MeanWhatAnotherReaderTakesThemFor holds the rewriting of 3.0 against kin-openapi, which judges 3.0 by code of its own.
func TestSchemasOf30MeanWhatAnotherReaderTakesThemFor(t *testing.T) {
	schemas := []string{
		`{"type":"string","nullable":true,"maxLength":2}`,
		`{"type":"integer","minimum":1,"exclusiveMinimum":true,"maximum":5,"exclusiveMaximum":false}`,
		`{"type":"number","multipleOf":0.5}`,
		`{"type":"array","items":{"$ref":"#/components/schemas/Item"},"minItems":1,"uniqueItems":true}`,
		`{"type":"object","required":["id","name"],"properties":{"id":{"type":"integer","readOnly":true},"name":{"type":"string"}},"additionalProperties":false}`,
		`{"type":"object","additionalProperties":{"type":"integer"},"minProperties":1,"maxProperties":2}`,
		`{"allOf":[{"$ref":"#/components/schemas/Item"},{"type":"object","required":["colour"],"properties":{"colour":{"type":"string","enum":["red","blue"]}}}]}`,
		`{"oneOf":[{"type":"integer"},{"type":"string","pattern":"^[a-z]+$"}]}`,
		`{"anyOf":[{"type":"boolean"},{"$ref":"#/components/schemas/Item"}]}`,
		`{"not":{"type":"string"}}`,
		`{"$ref":"#/components/schemas/Item"}`,
		`{"nullable":true,"allOf":[{"$ref":"#/components/schemas/Item"}]}`,
		`{"oneOf":[{"$ref":"#/components/schemas/Item"},{"$ref":"#/components/schemas/Box"}],"discriminator":{"propertyName":"kind","mapping":{"crate":"#/components/schemas/Box"}}}`,
	}
	const components = `"Item":{"type":"object","required":["name"],"properties":{"kind":{"type":"string"},"name":{"type":"string","minLength":1},"parts":{"type":"array","items":{"$ref":"#/components/schemas/Item"}}}},` +
		`"Box":{"type":"object","required":["size"],"properties":{"kind":{"type":"string"},"size":{"type":"integer"}}}`
	values := []string{
		`null`, `true`, `1`, `0`, `5`, `5.5`, `2.5`, `"a"`, `"abc"`, `""`, `"A"`, `[]`, `[1]`, `{}`, `{"name":"x"}`, `{"name":""}`, `{"name":1}`,
		`{"name":"x","colour":"red"}`, `{"name":"x","colour":"green"}`, `{"name":"x","parts":[{"name":"y"}]}`, `{"name":"x","parts":[{}]}`,
		`[{"name":"x"}]`, `[{"name":"x"},{"name":"x"}]`, `[{"name":"x"},{"name":"y"}]`, `{"a":1}`, `{"a":1,"b":2}`, `{"a":1,"b":2,"c":3}`, `{"a":"x"}`,
		`{"kind":"Item","name":"x"}`, `{"kind":"Item","size":1}`, `{"kind":"crate","size":1}`, `{"kind":"Box","size":1}`, `{"kind":"crate","name":"x"}`, `{"kind":"other","name":"x"}`,
	}
	compared, differences := 0, map[string]bool{}
	for _, text := range schemas {
		doc := `{"openapi":"3.0.3","info":{"title":"t","version":"1"},"paths":{"/x":{"post":{"operationId":"x","requestBody":{"content":{"application/json":{"schema":` + text +
			`}}},"responses":{"200":{"description":"ok"}}}}},"components":{"schemas":{` + components + `}}}`
		loaded, err := openapi3.NewLoader().LoadFromData([]byte(doc))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		oracle := loaded.Paths.Value("/x").Post.RequestBody.Value.Content["application/json"].Schema.Value
		bundle := read(map[string]string{"spec.json": doc}, "spec.json")
		var name string
		for _, c := range bundle.Contracts {
			name = c.Body.Media[0].Schema
		}
		book, broken := schema.New(bundle.Schemas)
		if len(broken) > 0 || len(bundle.Problems) > 0 {
			t.Fatalf("%s: %v, %v", text, broken, bundle.Problems)
		}
		for _, value := range values {
			var decoded any
			if err := json.NewDecoder(strings.NewReader(value)).Decode(&decoded); err != nil {
				t.Fatal(err)
			}
			other := oracle.VisitJSON(decoded, openapi3.VisitAsRequest(), openapi3.DisableReadOnlyValidation())
			found, err := book.JSON(name, []byte(value))
			compared++
			if why := differs(text, value); why != "" && err == nil && len(found) == 0 && other != nil {
				differences[why] = true
				continue
			}
			if err != nil || (len(found) > 0) != (other != nil) {
				t.Errorf("%s by %s: we say %v (%v), the other reader %v", value, text, found, err, other)
			}
		}
	}
	if len(differences) != 3 {
		t.Errorf("%d judgements compared, differences seen: %v", compared, differences)
	}
}

// differs says where we let pass what the other reader does not, and why.
func differs(schema, value string) string {
	switch {
	case value == "null" && schema == `{"not":{"type":"string"}}`:
		return "a schema that names no type says nothing of null"
	case strings.Contains(schema, "discriminator") && strings.HasPrefix(value, `{"name":"x"`):
		return "whether the property of a discriminator must be there, its schemas say"
	case strings.Contains(schema, "discriminator") && (strings.HasPrefix(value, `{"kind":"Item"`) || strings.HasPrefix(value, `{"kind":"Box"`)):
		return "the name of a schema chooses it beside the names of the mapping"
	}
	return ""
}
