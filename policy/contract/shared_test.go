package contract

import (
	"fmt"
	"strings"
	"testing"

	"outrigger/policy"
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

// Each of them has to do with all others: without a bound that is the square of their number, thrice.
func TestManySchemasComposedOfOneAnotherAreReadWithinBounds(t *testing.T) {
	const n, width = 300, 19
	var b strings.Builder
	b.WriteString("openapi: 3.1.0\ninfo: {title: a, version: '1'}\npaths:\n  /a:\n    post:\n      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/A0'}}}}\n      responses: {'200': {description: ok}}\ncomponents:\n  schemas:\n")
	for i := range n {
		fmt.Fprintf(&b, "    A%d: {required: [id%d], allOf: [", i, i)
		for j := range width {
			fmt.Fprintf(&b, "{$ref: '#/components/schemas/A%d'}, ", (i*7+j+1)%n)
		}
		b.WriteString("{}]}\n")
	}
	looks := 0
	reader := openapi.Reader{ReadFile: func(string) ([]byte, error) { return []byte(b.String()), nil }}
	bundler := newBundler()
	reader.Walk("api.yaml", func(text openapi.OperationText) {
		if _, fits := bundler.operation(text, Wish{Name: "a", Request: true}); !fits {
			t.Error("the schemas do not fit")
		}
		looks = bundler.looks
	})
	bundler.prove()
	// All have more parts than are looked through for one, so what they require is left out of each, and told.
	if len(bundler.schemas) != n || len(bundler.problems) != maxProblems || looks > n*maxParts*(width+2) {
		t.Errorf("%d schemas, %d problems, %d looks", len(bundler.schemas), len(bundler.problems), looks)
	}
	for name, text := range bundler.schemas {
		if strings.Contains(string(text), `"required"`) || !bundler.marked {
			t.Errorf("%s still requires what it may lack: %.80s", name, text)
		}
	}
}

func TestManySchemasOfOneNameAreTakenApart(t *testing.T) {
	bundler := newBundler()
	for i := range 3_000 {
		bundler.places[bundler.free("request.same")] = policy.Place{Line: i}
	}
	if len(bundler.places) != 3_000 || bundler.taken["request.same"] != 2_999 {
		t.Errorf("%d names after %d tries", len(bundler.places), bundler.taken["request.same"])
	}
}
