package document

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"outrigger/policy"
)

// TestProblemsAreAsTheGoldenCasesSay runs every testdata/problems/*.txtar: the comment says what is wrong, "in.yaml" is
// the file (with \t, \r, \x escapes where a line starts with "%q "), "want" is every problem with its advice.
func TestProblemsAreAsTheGoldenCasesSay(t *testing.T) {
	files, err := filepath.Glob("testdata/problems/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var in, want string
			for _, f := range archive.Files {
				switch f.Name {
				case "in.yaml":
					in = unescape(string(f.Data))
				case "want":
					want = string(f.Data)
				}
			}
			_, problems := Parse("in.yaml", []byte(in))
			got := render(problems)
			if os.Getenv("UPDATE_GOLDEN") != "" {
				update(t, file, archive, got)
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func update(t *testing.T, file string, archive *txtar.Archive, got string) {
	t.Helper()
	for i, f := range archive.Files {
		if f.Name == "want" {
			archive.Files[i].Data = []byte(got)
		}
	}
	if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

// unescape lets golden files hold bytes that a text file cannot show.
func unescape(text string) string {
	return strings.NewReplacer(`\x01`, "\x01", `\xff`, "\xff", `\t`, "\t", `\r`, "\r", `\ufeff`, "\ufeff").Replace(text)
}

func render(problems policy.Problems) string {
	var b strings.Builder
	for _, p := range problems {
		b.WriteString(p.String())
		if p.Place.EndColumn > 0 {
			b.WriteString(" to " + itoa(p.Place.EndColumn))
		}
		b.WriteString("\n\texpected: " + p.Expected + "\n\tinstead: " + p.Suggestion + "\n")
	}
	return b.String()
}

func TestAStreamGivesEveryDocumentWithItsPlaces(t *testing.T) {
	nodes, problems := ParseStream("all.yaml", []byte("# head\n---\nkind: A\n80: x\n---\n---\n# nothing\n---\nkind: B\n"))
	var got []string
	for _, n := range nodes {
		got = append(got, n.Get("kind").Text()+" "+n.Get("kind").Place().String())
	}
	if diff := cmp.Diff([]string{"A all.yaml:3", "B all.yaml:9"}, got); diff != "" || len(problems) > 0 {
		t.Errorf("documents (-want +got):\n%s\nproblems %v", diff, problems)
	}
}

func TestAStreamThatBreaksABoundGivesNoDocument(t *testing.T) {
	for text, want := range map[string]string{
		"a: 1\n---\nb: [\n":                        CodeSyntax,
		"# nothing\n---\n":                         CodeEmpty,
		"a: 1\n---\na: &a [*a]\n":                  CodeAliases,
		"a: 1\n---\n" + strings.Repeat("[", 5_000): CodeTooDeep,
		strings.Repeat("---\na: 1\n", 30_000):      CodeTooLarge,
		"a: \xff\n":                                CodeEncoding,
	} {
		nodes, problems := ParseStream("all.yaml", []byte(text))
		if nodes != nil || len(problems) == 0 || problems[0].Code != want {
			t.Errorf("%.20q gives %d documents and the problems %v, want none and %s", text, len(nodes), problems, want)
		}
	}
}
