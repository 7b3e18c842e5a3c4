package starter_test

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"outrigger/policy/starter"
)

// FuzzMake: whatever a spec holds, there is a policy that passes the strict check, or an error that says why not.
func FuzzMake(f *testing.F) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	generated, err := filepath.Glob("../openapi/testdata/catalog/*.txtar")
	if err != nil || len(generated) == 0 {
		f.Fatal("no specs to start from: ", err)
	}
	for _, name := range append(paths, generated...) {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if ext := filepath.Ext(file.Name); ext == ".yaml" || ext == ".json" {
				f.Add(file.Data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		spec := starter.Spec{Path: "api.yaml", Name: "api.yaml"}
		o := starter.Options{
			File: "policy.yaml", Inbound: &spec, Upstreams: []starter.Spec{spec},
			ReadFile: fromMap(map[string][]byte{"api.yaml": data}),
		}
		made, err := starter.Make(o)
		switch {
		case err != nil:
			t.Fatal(err)
		case made.Text == nil && !made.Problems.HasErrors():
			t.Errorf("no policy, and no error that says why:\n%s", told(made.Problems))
		case made.Text != nil:
			if left := strict(o, made.Text); len(left) > 0 {
				t.Errorf("check --strict is not content:\n%s\n%s", told(left), made.Text)
			}
		}
	})
}
