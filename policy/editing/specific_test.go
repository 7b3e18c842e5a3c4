package editing

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"outrigger/policy/openapi"
)

const inventory = `openapi: 3.1.0
info: {title: Inventory, version: '1'}
servers: [{url: https://example.com/v1}]
paths:
  /stock/{sku}:
    get: {operationId: getStock, responses: {'200': {description: ok}, '404': {description: none}, '409': {description: busy}}}
    delete: {operationId: dropStock, deprecated: true, responses: {'204': {description: gone}}}
  /reports/{id}.pdf:
    get: {responses: {'200': {description: ok}}}
  /a b/ü:
    get: {operationId: odd, responses: {'200': {description: ok}}}
`

func catalogOf(t testing.TB, text string) *openapi.Catalog {
	t.Helper()
	reader := openapi.Reader{ReadFile: func(string) ([]byte, error) { return []byte(text), nil }}
	catalog, problems := reader.Read("inventory.yml")
	if catalog == nil || problems.HasErrors() {
		t.Fatal(problems)
	}
	return catalog
}

const specificFrame = "version: 1\nservice: orders\nupstreams:\n  inventory: {endpoints: ['http://i'], openapi: inventory.yml, operations: {%s: {}}}\n  other: {endpoints: ['http://o'], operations: {GET /free: {}}}\n"

// TestOperationsOfTheSpecAreTheKeys asks the compiler too: a key that it takes for an operation, the schema takes as well.
func TestOperationsOfTheSpecAreTheKeys(t *testing.T) {
	s := validator(t, map[string]*openapi.Catalog{"inventory": catalogOf(t, inventory)})
	for key, right := range map[string]bool{
		"getStock": true, "dropStock": true, "odd": true,
		"GET /stock/{sku}": true, "GET /stock/{item}": true, "'GET  /stock/{sku}'": true, "GET /v1/stock/{sku}": true, "DELETE /stock/{x}": true,
		"GET /reports/{id}.pdf": true, "GET /a%20b/%C3%BC": true,
		"getStok": false, "readX": false, "POST /stock/{sku}": false, "GET /stock": false, "GET /stocks/{sku}": false, "get /stock/{sku}": false, "GET /reports/{id}": false,
	} {
		text := fmt.Sprintf(specificFrame, "'"+strings.Trim(key, "'")+"'")
		err := judge(t, s, text)
		if (err == nil) != right {
			t.Errorf("%s: the schema says %v", key, err)
		}
		problems := compileFiles([]string{"policy.yaml"}, map[string]string{"policy.yaml": text, "inventory.yml": inventory}).Problems
		if problems.HasErrors() == right {
			t.Errorf("%s: check says %v", key, problems)
		}
	}
}

func TestWhatAnOperationDeclaresIsTold(t *testing.T) {
	text, err := Schema(map[string]*openapi.Catalog{"inventory": catalogOf(t, inventory)})
	if err != nil {
		t.Fatal(err)
	}
	var root struct {
		Definitions map[string]any
		Properties  struct {
			Upstreams struct {
				Properties map[string]struct {
					Description string
					Properties  struct {
						Operations struct {
							AllOf []struct {
								Properties map[string]struct {
									Description string
									Deprecated  bool
									AllOf       []struct {
										Ref string `json:"$ref"`
									}
								}
							}
						}
					}
				}
			}
		}
	}
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	part := root.Properties.Upstreams.Properties["inventory"]
	operations := part.Properties.Operations.AllOf[0].Properties
	if part.Description != "Inventory\n\n4 operations in inventory.yml" {
		t.Errorf("the upstream is told as %q", part.Description)
	}
	if got := operations["getStock"]; len(got.AllOf) != 2 || got.AllOf[1].Ref != "#/definitions/statuses-409" || root.Definitions["statuses-409"] == nil {
		t.Errorf("the statuses of getStock: %+v", got)
	}
	if got := operations["dropStock"]; !got.Deprecated || !strings.Contains(got.Description, "deprecated in the spec") || len(got.AllOf) != 1 {
		t.Errorf("dropStock: %+v", got)
	}
}

func TestAStatusIsOfferedAndOthersAreStillAllowed(t *testing.T) {
	s := validator(t, map[string]*openapi.Catalog{"inventory": catalogOf(t, inventory)})
	for value, right := range map[string]bool{"[409]": true, "[503, timeout]": true, "[404]": false, "off": false} {
		text := fmt.Sprintf(strings.Replace(specificFrame, "{%s: {}}", "{getStock: {retry: {when: %s}}}", 1), value)
		if err := judge(t, s, text); (err == nil) != right {
			t.Errorf("%s: the schema says %v", value, err)
		}
	}
}
