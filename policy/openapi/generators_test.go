package openapi

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"outrigger/policy"
)

// TestWhatGeneratorsWriteGivesNoProblem reads documents in the style of the generators that people have: an alarm there would be a
// false one, for nobody writes these files by hand. The facts are those that a policy needs.
func TestWhatGeneratorsWriteGivesNoProblem(t *testing.T) {
	facts := map[string][]string{
		"fastapi.json": {"POST /uploadfiles/ takes multipart/form-data", "POST /orders has Idempotency-Key", "GET /events streams", "PUT /items/{item_id} is deprecated"},
		"apispec.json": nil, "apispec-swagger2.yaml": {"POST /gist/{gist_id} takes multipart/form-data"},
		"flask-smorest.json": nil, "connexion.yaml": nil,
		"drf-spectacular.yaml": {"PUT /api/albums/{id}/cover/ takes multipart/form-data"},
		"huma.yaml":            {"GET /sse streams"}, "swaggo.json": {"POST /accounts/{id}/images takes multipart/form-data"}, "oapi-codegen.yaml": nil,
	}
	operations := map[string]int{
		"fastapi.json": 7, "apispec.json": 4, "apispec-swagger2.yaml": 2, "flask-smorest.json": 4, "connexion.yaml": 3,
		"drf-spectacular.yaml": 6, "huma.yaml": 2, "swaggo.json": 4, "oapi-codegen.yaml": 2,
	}
	files, err := filepath.Glob("testdata/generators/*")
	if err != nil || len(files) != len(facts) {
		t.Fatalf("%d documents, %d expected: %v", len(files), len(facts), err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			reader := Reader{ReadFile: os.ReadFile}
			catalog, problems := reader.Read(file)
			for _, p := range append(problems, reader.CheckSchemas(file, nil)...) {
				t.Errorf("false alarm: %s", p)
			}
			if catalog == nil || len(catalog.Operations) != operations[name] {
				t.Fatalf("the catalog is %+v, want %d operations", catalog, operations[name])
			}
			got := map[string]bool{}
			for _, op := range catalog.Operations {
				for _, fact := range factsOf(op) {
					got[op.Method+" "+op.Path+" "+fact] = true
				}
			}
			want := map[string]bool{}
			for _, fact := range facts[name] {
				want[fact] = true
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
		})
	}
}

func factsOf(op *Operation) []string {
	var facts []string
	if op.Upload.Text != "" {
		facts = append(facts, "takes "+op.Upload.Text)
	}
	if op.Download.Text != "" {
		facts = append(facts, "gives "+op.Download.Text)
	}
	if op.LongPoll.Text != "" {
		facts = append(facts, "waits for "+op.LongPoll.Text)
	}
	if op.IdempotencyKey != "" {
		facts = append(facts, "has "+op.IdempotencyKey)
	}
	if op.Streams.Kind != policy.StreamNo {
		facts = append(facts, "streams")
	}
	if op.Deprecated {
		facts = append(facts, "is deprecated")
	}
	return facts
}
