package starter_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"outrigger/policy/starter"
)

const wildFolder = "../../../shared/specs"

// wildReader gives the main file of a row of INDEX.tsv and how to read it and those beside it.
func wildReader(t *testing.T, row string) (main string, read func(string) ([]byte, error)) {
	t.Helper()
	file, main, _ := strings.Cut(strings.TrimSuffix(row, ")"), " (main: ")
	full := filepath.Join(wildFolder, file)
	switch {
	case strings.HasSuffix(file, ".tar.gz"):
		return main, fromMap(untar(t, gunzip(t, full)))
	case strings.HasSuffix(file, ".gz"):
		main = strings.TrimSuffix(file, ".gz")
		return main, fromMap(map[string][]byte{main: gunzip(t, full)})
	case main != "":
		return main, func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(full, name)) }
	}
	return file, func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(wildFolder, name)) }
}

func gunzip(t *testing.T, file string) []byte {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func untar(t *testing.T, data []byte) map[string][]byte {
	t.Helper()
	content := map[string][]byte{}
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return content
		}
		if err != nil {
			t.Fatal(err)
		}
		if content[path.Clean(header.Name)], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRealDocumentsGivePoliciesThatPassTheStrictCheck(t *testing.T) {
	index, err := os.ReadFile(filepath.Join(wildFolder, "INDEX.tsv"))
	if err != nil {
		t.Skip("real documents are not kept beside this checkout (../shared/specs)")
	}
	for _, row := range strings.Split(strings.TrimSpace(string(index)), "\n")[1:] {
		name, _, _ := strings.Cut(row, "\t")
		t.Run(name, func(t *testing.T) {
			main, read := wildReader(t, name)
			spec := starter.Spec{Path: main, Name: main}
			o := starter.Options{File: "policy.yaml", ReadFile: read, Inbound: &spec, Upstreams: []starter.Spec{spec}}
			made, err := starter.Make(o)
			if err != nil || made.Text == nil {
				t.Fatalf("no policy: %v\n%s", err, told(made.Problems))
			}
			if left := strict(o, made.Text); len(left) > 0 {
				t.Errorf("check --strict is not content:\n%s", told(left))
			}
			if lines := bytes.Count(made.Text, []byte("\n")); lines > 50+made.Listed {
				t.Errorf("%d lines for %d operations that need something", lines, made.Listed)
			}
		})
	}
}

func TestWhatGeneratorsWriteGivesPoliciesWithoutASilence(t *testing.T) {
	files, err := filepath.Glob("../openapi/testdata/generators/*")
	if err != nil || len(files) < 9 {
		t.Fatalf("%d documents: %v", len(files), err)
	}
	for _, file := range files {
		spec := starter.Spec{Path: file, Name: file}
		o := starter.Options{File: "policy.yaml", ReadFile: os.ReadFile, Inbound: &spec, Upstreams: []starter.Spec{spec}}
		made, err := starter.Make(o)
		if err != nil || made.Text == nil {
			t.Fatalf("%s: no policy: %v\n%s", file, err, told(made.Problems))
		}
		if left := strict(o, made.Text); len(left) > 0 || bytes.Contains(made.Text, []byte("outrigger:allow")) {
			t.Errorf("%s: check --strict is not content, or is silenced:\n%s\n%s", file, told(left), made.Text)
		}
	}
}

// manyOperations is a spec of n operations that are all alike, with the given reply.
func manyOperations(n int, reply string) []byte {
	var b strings.Builder
	b.WriteString("openapi: 3.0.0\ninfo: {title: many}\npaths:\n")
	for i := range n {
		fmt.Fprintf(&b, "  /p%d/{id}: {get: {operationId: op%d, responses: {200: %s}}}\n", i, i, reply)
	}
	return []byte(b.String())
}

func TestASpecOfManyOperationsGivesAShortPolicy(t *testing.T) {
	for name, reply := range map[string]string{
		"reads":          "{description: ok}",
		"streams or not": "{description: ok, content: {application/json: {}, text/event-stream: {}}}",
	} {
		o := starter.Options{
			File: "policy.yaml", Upstreams: []starter.Spec{{Path: "many.yaml", Name: "many.yaml"}},
			ReadFile: fromMap(map[string][]byte{"many.yaml": manyOperations(1_500, reply)}),
		}
		made, err := starter.Make(o)
		if err != nil || made.Declared != 1_500 || made.Listed > 0 || bytes.Count(made.Text, []byte("\n")) > 40 {
			t.Errorf("%s: %v, %d of %d operations listed, in %d lines", name, err, made.Listed, made.Declared, bytes.Count(made.Text, []byte("\n")))
		}
		if left := strict(o, made.Text); len(left) > 0 {
			t.Errorf("%s: check --strict is not content:\n%s", name, told(left))
		}
	}
}

// TestEverySpecThatGivesACatalogGivesAPolicyThatPassesTheStrictCheck takes the documents by which the reader of specs is tested, odd
// ones among them and some in the style of large public ones.
func TestEverySpecThatGivesACatalogGivesAPolicyThatPassesTheStrictCheck(t *testing.T) {
	cases, err := filepath.Glob("../openapi/testdata/catalog/*.txtar")
	if err != nil || len(cases) < 40 {
		t.Fatalf("%d documents: %v", len(cases), err)
	}
	policies := 0
	for _, name := range cases {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files := map[string][]byte{}
		for _, f := range archive.Files {
			files[f.Name] = f.Data
		}
		spec := starter.Spec{Path: archive.Files[0].Name, Name: archive.Files[0].Name}
		o := starter.Options{File: "policy.yaml", ReadFile: fromMap(files), Inbound: &spec, Upstreams: []starter.Spec{spec}}
		made, err := starter.Make(o)
		switch {
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case made.Text == nil && !made.Problems.HasErrors():
			t.Errorf("%s: neither a policy nor an error", name)
		case made.Text == nil:
			continue // an error of the spec, which it is there to show
		}
		policies++
		if left := strict(o, made.Text); len(left) > 0 {
			t.Errorf("%s: check --strict is not content:\n%s\n%s", name, told(left), made.Text)
		}
	}
	if policies < 25 {
		t.Errorf("only %d documents gave a policy", policies)
	}
}
