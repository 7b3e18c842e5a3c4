package contract_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"outrigger/policy"
	"outrigger/policy/contract"
	"outrigger/policy/openapi"
	"outrigger/policy/schema"
)

var update = flag.Bool("update", false, "write what the golden cases should say")

// TestGoldenContracts reads the first file of every testdata/*.txtar as a spec and compares what comes of it with the last three.
func TestGoldenContracts(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) < 5 {
		t.Fatalf("%d golden cases, %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files := map[string]string{}
			for _, f := range archive.Files {
				files[f.Name] = string(f.Data)
			}
			bundle := read(files, archive.Files[0].Name)
			got := map[string]string{"contracts": "", "schemas": "", "problems": ""}
			for _, id := range names(bundle.Contracts) {
				got["contracts"] += id.name + " " + indented(bundle.Contracts[id.key]) + "\n"
			}
			if got["schemas"] = indented(bundle.Schemas) + "\n"; len(bundle.Schemas) == 0 {
				got["schemas"] = ""
			}
			for _, p := range bundle.Problems {
				got["problems"] += p.String() + "\n"
			}
			if _, broken := schema.New(bundle.Schemas); len(broken) > 0 {
				t.Errorf("schemas do not compile: %v", broken)
			}
			for i, f := range archive.Files {
				if want, compared := got[f.Name]; compared && *update {
					archive.Files[i].Data = []byte(want)
				} else if diff := cmp.Diff(string(f.Data), want); compared && diff != "" {
					t.Errorf("%s (-want +got):\n%s", f.Name, diff)
				}
			}
			if *update {
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// read reads the contracts of every operation of a document, by its path.
func read(files map[string]string, root string) contract.Bundle {
	reader := openapi.Reader{ReadFile: func(name string) ([]byte, error) {
		if text, ok := files[name]; ok {
			return []byte(text), nil
		}
		return nil, fs.ErrNotExist
	}}
	return contract.Read(reader, root, func(k contract.Key) contract.Wish {
		return contract.Wish{Name: plainName(k), Request: true, Response: true}
	})
}

func plainName(k contract.Key) string {
	return strings.Trim(strings.NewReplacer("/", "", "{", "", "}", "").Replace(k.Path), "/")
}

type named struct {
	name string
	key  contract.Key
}

// names lists contracts in the order of the document.
func names(contracts map[contract.Key]*policy.Contract) []named {
	var all []named
	for k := range contracts {
		at := len(all)
		for at > 0 && all[at-1].key.Place.Line > k.Place.Line {
			at--
		}
		all = append(all[:at], append([]named{{plainName(k), k}}, all[at:]...)...)
	}
	return all
}

func indented(v any) string {
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return fmt.Sprint(err)
	}
	return string(text)
}
