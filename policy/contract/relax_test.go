package contract_test

import (
	"testing"

	"outrigger/policy/schema"
)

func TestWhatIsLeftOutOfASchemaNeverMakesAMessageBreakItsContract(t *testing.T) {
	const look = `{"pattern":"^(?!b)"}` // cannot be used, and rules out "b" alone
	for name, c := range map[string]struct{ schema, keeps, breaks string }{
		"not":             {`{"type":"object","not":{"properties":{"a":` + look + `}}}`, `{"a":"b"}`, `1`},
		"if":              {`{"type":"object","if":{"properties":{"a":` + look + `}},"then":{"required":["z"]}}`, `{"a":"b"}`, `1`},
		"oneOf":           {`{"oneOf":[{"properties":{"a":` + look + `},"required":["a"]},{"properties":{"a":{"type":"string"}},"required":["a"]}]}`, `{"a":"b"}`, `{}`},
		"oneOf and allOf": {`{"allOf":[{"required":["a"]}],"oneOf":[` + look + `,{"type":"string"},{"type":"object"}]}`, `{"a":1}`, `{}`},
		"a reference":     {`{"type":"object","not":{"$ref":"#/components/schemas/Look"}}`, `{"a":"b"}`, `1`},
		"nothing there":   {`{"type":"object","allOf":[{"$ref":"#/components/schemas/None"}],"unevaluatedProperties":false}`, `{"a":"b"}`, `1`},
		"a name":          {`{"type":"object","allOf":[{"patternProperties":{"^(?!b)":{}}}],"unevaluatedProperties":false}`, `{"a":"b"}`, `1`},
		"contains":        {`{"type":"array","contains":` + look + `,"maxContains":1}`, `["a","b"]`, `1`},
		"only then":       {`{"if":{"required":["a"]},"then":{"properties":{"a":` + look + `},"required":["b"]}}`, `{"a":"b","b":1}`, `{"a":"b"}`},
		"an enum's words": {`{"not":{"enum":["(?=a)"]}}`, `"b"`, `"(?=a)"`},
	} {
		files := document(c.schema, `{"type":"string"}`)
		files["spec.json"] = files["spec.json"][:len(files["spec.json"])-1] + `,"components":{"schemas":{"Look":{"properties":{"a":` + look + `}}}}}`
		book, broken := schema.New(read(files, "spec.json").Schemas)
		if len(broken) > 0 {
			t.Errorf("%s: %v", name, broken)
		}
		if found, err := book.JSON("request.a.body", []byte(c.keeps)); err != nil || len(found) > 0 {
			t.Errorf("%s: %s: %v, %v", name, c.keeps, found, err)
		}
		if found, err := book.JSON("request.a.body", []byte(c.breaks)); err != nil || len(found) == 0 {
			t.Errorf("%s: %s is allowed, %v", name, c.breaks, err)
		}
	}
}
