package contract_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"outrigger/policy/contract"
	"outrigger/policy/openapi"
)

// wildFolder is where real documents are kept beside the checkout; they are read there and never copied.
const wildFolder = "../../../shared/specs"

// patterns are how many patterns of a document RE2 lacks, styles how many parameters in a
// style or media type that is not read.
var (
	patterns = map[string]int{"asana.yaml.gz": 2}
	styles   = map[string]int{"oapi-codegen-parameters.yaml": 3}
)

func TestRealDocumentsGiveContractsWhoseSchemasAllCompile(t *testing.T) {
	if _, err := os.Stat(filepath.Join(wildFolder, "INDEX.tsv")); err != nil {
		t.Skip("real documents are not kept beside this checkout (../shared/specs)")
	}
	files, err := filepath.Glob(filepath.Join(wildFolder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		if !strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".yaml.gz") && !strings.HasSuffix(name, ".json.gz") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			data := content(t, file)
			reader := openapi.Reader{ReadFile: func(string) ([]byte, error) { return data, nil }}
			catalog, _ := reader.Read(name)
			bundle := contract.Read(reader, name, func(k contract.Key) contract.Wish {
				return contract.Wish{Name: k.Path, Request: true, Response: true}
			})
			if len(bundle.Contracts) != len(catalog.Operations) {
				t.Errorf("%d contracts for %d operations", len(bundle.Contracts), len(catalog.Operations))
			}
			codes := map[string]int{} // a schema that does not compile is one too
			for _, p := range bundle.Problems {
				codes[p.Code]++
				t.Log(p)
			}
			if codes[contract.CodePattern] != patterns[name] || codes[contract.CodeSchema] != styles[name] {
				t.Errorf("problems %v, want %d patterns and %d styles", codes, patterns[name], styles[name])
			}
		})
	}
}

func content(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil || !strings.HasSuffix(file, ".gz") {
		return data
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if data, err = io.ReadAll(z); err != nil {
		t.Fatal(err)
	}
	return data
}
