package diff_test

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
	"outrigger/policy/compile"
	"outrigger/policy/diff"
)

var update = flag.Bool("update", false, "write what the golden cases should say")

// TestChangesAreAsTheGoldenCasesSay runs testdata/*.txtar: old.yaml, new.yaml, the specs they name, and want, the text of what changed.
func TestChangesAreAsTheGoldenCasesSay(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden cases: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			before, after := compiled(t, archive, "old.yaml"), compiled(t, archive, "new.yaml")
			got := diff.Text(diff.Compare(before, after))
			for i, f := range archive.Files {
				switch {
				case f.Name != "want":
				case *update:
					archive.Files[i].Data = []byte(got)
				default:
					if d := cmp.Diff(string(f.Data), got); d != "" {
						t.Errorf("changes (-want +got):\n%s", d)
					}
				}
			}
			for _, set := range []*policy.Set{before, after} {
				if same := diff.Compare(set, set); len(same) > 0 {
					t.Errorf("a set differs from itself: %+v", same)
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

func compiled(t *testing.T, archive *txtar.Archive, policyFile string) *policy.Set {
	t.Helper()
	r := compile.Compile([]string{policyFile}, compile.Options{ReadFile: func(name string) ([]byte, error) {
		for _, f := range archive.Files {
			if f.Name == name {
				return f.Data, nil
			}
		}
		return nil, fs.ErrNotExist
	}})
	if r.Set == nil {
		t.Fatal(r.Problems)
	}
	return r.Set
}

// many is a policy whose upstream has n operations that inherit the request timeout of defaults.
func many(t *testing.T, n int, timeout string) *policy.Set {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "version: 1\nservice: s\ndefaults: {timeouts: {request: %s}}\nupstreams:\n  up:\n    endpoints: [http://up:80]\n    operations:\n", timeout)
	for i := range n {
		fmt.Fprintf(&b, "      GET /thing%d/{id}: {retry: {retries: 2}}\n", i)
	}
	return compiled(t, &txtar.Archive{Files: []txtar.File{{Name: "p.yaml", Data: []byte(b.String())}}}, "p.yaml")
}

func TestOneLineThatManyOperationsInheritIsOneChange(t *testing.T) {
	changes := diff.Compare(many(t, 500, "2s"), many(t, 500, "500ms"))
	if len(changes) != 1 {
		t.Fatalf("%d changes, want 1: %+v", len(changes), changes)
	}
	c := changes[0]
	if c.Key != "timeouts.request" || c.Effect != diff.Riskier || c.NewSource != "p.yaml:3" || len(c.Where) != 1 || len(c.Where[0].Operations) != 501 || !c.Where[0].All {
		t.Errorf("the change is %s, with %d operations, all: %v", diff.Text(changes), len(c.Where[0].Operations), c.Where[0].All)
	}
}

func TestControlCharactersOfASpecAreEscapedInText(t *testing.T) {
	text := diff.Text([]diff.Change{{Effect: diff.Neutral, What: "added", Where: []diff.Where{{
		Upstream: "up", Operations: []diff.Operation{{ID: "get\x1b[31mStock\u202e\r"}},
	}}}})
	if strings.ContainsAny(text, "\x1b\r\u202e") || !strings.Contains(text, `get\u001b[31mStock`) {
		t.Errorf("text is %q", text)
	}
}

func TestJSONHasTheMembersThatProgramsRead(t *testing.T) {
	data, err := json.Marshal(diff.Compare(many(t, 1, "2s"), many(t, 1, "500ms")))
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"effect":"riskier","key":"timeouts.request","old":"2s","new":"500ms","old_source":"p.yaml:3","new_source":"p.yaml:3",` +
		`"what":"a call that takes longer than 500ms ends with 504; up to 2s it did not","where":[{"direction":"outbound","upstream":"up",` +
		`"operations":[{"id":"GET /thing0/{id}","method":"GET","template":"/thing0/{id}"},{"id":"unmatched"}],"all":true}]}]`
	if d := cmp.Diff(want, string(data)); d != "" {
		t.Errorf("JSON (-want +got):\n%s", d)
	}
}

func TestMarkdownShowsWhatASpecBroughtInAsText(t *testing.T) {
	got := diff.Markdown([]diff.Change{{Effect: diff.Riskier, What: "is <b>bold</b>, a|b, *c*, @all, `d`", Where: []diff.Where{{
		Upstream: "up", Operations: []diff.Operation{{ID: "get\x1b[31m\nStock"}},
	}}}})
	want := "**1 change: 1 riskier**\n\n| effect | where | what |\n|---|---|---|\n" +
		"| **riskier** | up get\\\\u001b\\[31m Stock | is &lt;b&gt;bold&lt;/b&gt;, a\\|b, \\*c\\*, &#64;all, \\`d\\` |\n"
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("markdown (-want +got):\n%s", d)
	}
	if got := diff.Markdown(nil); got != "**no difference in meaning**\n" {
		t.Errorf("without changes: %q", got)
	}
}
