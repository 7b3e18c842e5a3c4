package openapi

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"outrigger/policy"
)

// TestDocumentsGiveTheCatalogAndTheProblemsOfTheirGoldenCase runs every testdata/catalog/*.txtar: the comment says what it
// shows, the first file is the document, "want" is every problem and then the catalog. UPDATE_GOLDEN=1 writes it.
func TestDocumentsGiveTheCatalogAndTheProblemsOfTheirGoldenCase(t *testing.T) {
	golden(t, "testdata/catalog", func(r Reader, file string) string {
		catalog, problems := r.Read(file)
		return renderProblems(problems) + renderCatalog(catalog)
	})
}

func TestSchemasThatCannotBeLoadedAreAWarningAtTheirPlace(t *testing.T) {
	golden(t, "testdata/schemas", func(r Reader, file string) string {
		problems := r.CheckSchemas(file, nil)
		if problems.HasErrors() {
			t.Errorf("%s: schemas are never an error", file)
		}
		return renderProblems(problems)
	})
}

func golden(t *testing.T, folder string, run func(Reader, string) string) {
	t.Helper()
	cases, err := filepath.Glob(folder + "/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no golden cases in %s: %v", folder, err)
	}
	for _, name := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files := map[string][]byte{}
			for _, f := range archive.Files {
				files[f.Name] = []byte(strings.NewReplacer(`\xff`, "\xff", `\ufeff`, "\ufeff").Replace(string(f.Data)))
			}
			last := len(archive.Files) - 1
			if archive.Files[last].Name != "want" {
				t.Fatal("the last file is not want")
			}
			got := run(Reader{ReadFile: fromMap(files)}, archive.Files[0].Name)
			if os.Getenv("UPDATE_GOLDEN") != "" {
				archive.Files[last].Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(archive.Files[last].Data), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func fromMap(files map[string][]byte) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if data, ok := files[name]; ok {
			return data, nil
		}
		return nil, fmt.Errorf("%s: no such file", name)
	}
}

func renderProblems(problems policy.Problems) string {
	var b strings.Builder
	for _, p := range problems {
		b.WriteString(p.String())
		if p.Place.EndColumn > 0 {
			fmt.Fprintf(&b, " to %d", p.Place.EndColumn)
		}
		fmt.Fprintf(&b, "\n\texpected: %s\n", p.Expected)
		if p.Suggestion != "" {
			fmt.Fprintf(&b, "\tinstead: %s\n", p.Suggestion)
		}
	}
	return b.String()
}

func renderCatalog(c *Catalog) string {
	if c == nil {
		return "no catalog\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "version %q, base paths %q\n", c.Version, c.BasePaths)
	for _, op := range c.Operations {
		renderOperation(&b, op)
	}
	for _, s := range c.Schemes {
		fmt.Fprintf(&b, "needs %s %s %s %s at %s\n", s.Name, s.Type, s.In, s.Header, full(s.Place))
	}
	for _, e := range c.Elsewhere {
		fmt.Fprintf(&b, "%s %s at %s\n", e.Where, e.ID, full(e.Place))
	}
	return b.String()
}

func renderOperation(b *strings.Builder, op *Operation) {
	fmt.Fprintf(b, "%s %s at %s\n", op.Method, op.Path, full(op.Place))
	if op.ID != "" {
		fmt.Fprintf(b, "\tid %q at %s\n", op.ID, full(op.IDPlace))
	}
	if op.SharedID != "" {
		fmt.Fprintf(b, "\tshared id %q at %s\n", op.SharedID, full(op.IDPlace))
	}
	if s := renderStatuses(op.Statuses); s != "" {
		fmt.Fprintf(b, "\tstatuses%s\n", s)
	}
	if s := renderStatuses(op.RetryAfter); s != "" {
		fmt.Fprintf(b, "\tretry-after%s\n", s)
	}
	if op.Streams.Kind != policy.StreamNo {
		fmt.Fprintf(b, "\tstreams %s: %s at %s\n", op.Streams.Kind, op.Streams.Media, full(op.Streams.Place))
	}
	for _, h := range op.Headers {
		fmt.Fprintf(b, "\theader %s required %v at %s\n", h.Name, h.Required, full(h.Place))
	}
	if len(op.PathParameters) > 0 {
		fmt.Fprintf(b, "\tpath parameters %q\n", op.PathParameters)
	}
	if op.IdempotencyKey != "" {
		fmt.Fprintf(b, "\tidempotency key %s\n", op.IdempotencyKey)
	}
	if op.BasePaths != nil {
		fmt.Fprintf(b, "\tbase paths %q\n", op.BasePaths)
	}
	for _, fact := range []struct {
		name string
		Sign
	}{{"upload", op.Upload}, {"download", op.Download}, {"long poll", op.LongPoll}} {
		if fact.Text != "" {
			fmt.Fprintf(b, "\t%s: %s at %s\n", fact.name, fact.Text, full(fact.Place))
		}
	}
	if op.UploadMost != 0 {
		fmt.Fprintf(b, "\tof at most %d bytes\n", op.UploadMost)
	}
	if op.Deprecated {
		b.WriteString("\tdeprecated\n")
	}
	if op.CoveredBy != nil {
		fmt.Fprintf(b, "\tcovered by %s\n", op.CoveredBy.Place)
	}
	hints := []*Hint{op.Hints.Idempotent, op.Hints.IdempotencyKey, op.Hints.Criticality, op.Hints.Timeout, op.Hints.Streaming}
	for i, name := range []string{"idempotent", "idempotencyKey", "criticality", "timeout", "streaming"} {
		if h := hints[i]; h != nil {
			fmt.Fprintf(b, "\thint %s %s %s at %s\n", name, h.Text, h.Tag, full(h.Place))
		}
	}
}

func renderStatuses(s Statuses) string {
	var b strings.Builder
	for _, code := range s.Literal.Codes() {
		fmt.Fprintf(&b, " %d", code)
	}
	for low := 100; low <= 500; low += 100 {
		if s.Ranges.Has(low) && s.Ranges.Has(low+99) {
			fmt.Fprintf(&b, " %dXX", low/100)
		}
	}
	if s.Default {
		b.WriteString(" default")
	}
	return b.String()
}

func full(p policy.Place) string {
	if p.EndColumn > 0 {
		return fmt.Sprintf("%s:%d:%d-%d", p.File, p.Line, p.Column, p.EndColumn)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

func TestManyWarningsHideNoError(t *testing.T) {
	var b strings.Builder
	b.WriteString("openapi: 3.0.0\npaths:\n  /a:\n    get:\n      responses:\n")
	for i := range maxProblems + 100 {
		fmt.Fprintf(&b, "        x%d: {}\n", i)
	}
	b.WriteString("  /b: {$ref: '#/none'}\n")
	_, problems := Reader{ReadFile: fromMap(map[string][]byte{"api": []byte(b.String())})}.Read("api")
	if !problems.HasErrors() || len(problems) != maxProblems+1 {
		t.Errorf("%d problems, errors among them: %v", len(problems), problems.HasErrors())
	}
}
