package contract

import (
	"fmt"
	"strings"
	"testing"

	"outrigger/policy/openapi"
)

// Twelve levels of schemas, each composed of every one of the next level twenty times over, are 20^12 ways to the last one.
func TestPartsThatSharePartsAreReadOnce(t *testing.T) {
	var b strings.Builder
	b.WriteString("openapi: 3.1.0\ninfo: {title: a, version: '1'}\npaths:\n  /a:\n    post:\n      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/A0'}}}}\n      responses: {'200': {description: ok}}\ncomponents:\n  schemas:\n    A12: {properties: {id: {readOnly: true}}}\n")
	for level := range 12 {
		fmt.Fprintf(&b, "    A%d: {required: [id], allOf: [%s]}\n", level, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("{$ref: '#/components/schemas/A%d'}, ", level+1), 20), ", "))
	}
	reader := openapi.Reader{ReadFile: func(string) ([]byte, error) { return []byte(b.String()), nil }}
	bundle := Read(reader, "api.yaml", func(Key) Wish { return Wish{Name: "a", Request: true} })
	if len(bundle.Contracts) != 1 || len(bundle.Schemas) != 13 {
		t.Fatalf("%d contracts, %d schemas: %v", len(bundle.Contracts), len(bundle.Schemas), bundle.Problems)
	}
	for name, text := range bundle.Schemas {
		if strings.Contains(string(text), `"required"`) {
			t.Errorf("%s still requires what only the service writes: %.80s", name, text)
		}
	}
}
