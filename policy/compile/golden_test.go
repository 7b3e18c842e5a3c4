package compile_test

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rogpeppe/go-internal/txtar"

	"outrigger/policy"
	"outrigger/policy/compile"
	"outrigger/policy/explain"
	"outrigger/policy/wire"
)

var update = flag.Bool("update", false, "write what the golden cases should say")

// TestGoldenCases runs every testdata/*.txtar, one for each thing that is wrong, or nearly. The files at the top of an archive are
// the policy, unless "files" lists others; "env" holds variables; "served/HOST/PATH" is what an application serves; "coverage" asks for what policies leave out; "problems" is what must be said; "effective", where it is
// there, is every value that is not the built-in one, of every operation.
func TestGoldenCases(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) < 60 {
		t.Fatalf("%d golden cases, %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got := runCase(t, archive)
			if *update {
				save(t, path, archive, got)
				return
			}
			for name, text := range got {
				if diff := cmp.Diff(section(archive, name), text); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

// runCase compiles a case and gives the sections that the archive should have.
func runCase(t *testing.T, archive *txtar.Archive) map[string]string {
	t.Helper()
	result := compile.Compile(policyFiles(archive), optionsOf(archive))
	if result.Set == nil != result.Problems.HasErrors() {
		t.Errorf("set is nil: %v, problems have errors: %v", result.Set == nil, result.Problems.HasErrors())
	}
	got := map[string]string{"problems": renderProblems(result.Problems)}
	if result.Set == nil {
		return got
	}
	travels(t, result.Set)
	if hasSection(archive, "effective") {
		got["effective"] = renderEffective(result.Set)
	}
	return got
}

// travels checks that a set comes out of its bytes as it went in.
func travels(t *testing.T, set *policy.Set) {
	t.Helper()
	back, err := wire.Decode(wire.Encode(set))
	if err != nil {
		t.Fatalf("the set does not travel: %v", err)
	}
	if diff := cmp.Diff(set, back, cmpopts.IgnoreUnexported(policy.Upstream{})); diff != "" {
		t.Errorf("the set changed on its way (-sent +received):\n%s", diff)
	}
}

func policyFiles(archive *txtar.Archive) []string {
	if listed := section(archive, "files"); listed != "" {
		return strings.Fields(listed)
	}
	var files []string
	for _, f := range archive.Files {
		if strings.HasSuffix(f.Name, ".yaml") && !strings.Contains(f.Name, "/") {
			files = append(files, f.Name)
		}
	}
	return files
}

func optionsOf(archive *txtar.Archive) compile.Options {
	env := map[string]string{}
	for line := range strings.Lines(section(archive, "env")) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		env[name] = value
	}
	return compile.Options{
		Coverage: hasSection(archive, "coverage"),
		ReadFile: func(path string) ([]byte, error) {
			if hasSection(archive, path) {
				return []byte(section(archive, path)), nil
			}
			return nil, fs.ErrNotExist
		},
		Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		Application: func(application policy.Endpoint, path string) ([]byte, bool) {
			name := "served/" + application.Host + path
			return []byte(section(archive, name)), hasSection(archive, name)
		},
	}
}

func section(archive *txtar.Archive, name string) string {
	for _, f := range archive.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

func hasSection(archive *txtar.Archive, name string) bool {
	for _, f := range archive.Files {
		if f.Name == name {
			return true
		}
	}
	return false
}

func save(t *testing.T, path string, archive *txtar.Archive, sections map[string]string) {
	t.Helper()
	for i, f := range archive.Files {
		if text, ok := sections[f.Name]; ok {
			archive.Files[i].Data = []byte(text)
			delete(sections, f.Name)
		}
	}
	for name, text := range sections {
		archive.Files = append(archive.Files, txtar.File{Name: name, Data: []byte(text)})
	}
	if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

func renderProblems(problems policy.Problems) string {
	var b strings.Builder
	for _, p := range problems {
		b.WriteString(p.String())
		if p.Place.EndColumn > 0 {
			fmt.Fprintf(&b, " to %d", p.Place.EndColumn)
		}
		b.WriteByte('\n')
		for _, line := range []struct{ name, text string }{{"expected", p.Expected}, {"instead", p.Suggestion}} {
			if line.text != "" {
				fmt.Fprintf(&b, "\t%s: %s\n", line.name, line.text)
			}
		}
	}
	return b.String()
}

func renderEffective(set *policy.Set) string {
	var b strings.Builder
	if set.Outbound != nil {
		fmt.Fprintf(&b, "outbound %s, unknown passes: %v\n", set.Outbound.Listen.HostPort, set.Outbound.Unknown != nil)
	}
	for _, u := range set.All() {
		fmt.Fprintf(&b, "%s hosts %v endpoints", u.Name, u.Hosts)
		for _, e := range u.Endpoints {
			fmt.Fprintf(&b, " %s://%s", e.Scheme, e.Host)
		}
		b.WriteByte('\n')
		for _, op := range append(append([]*policy.Operation{}, u.Operations...), u.Unmatched) {
			fmt.Fprintf(&b, "  %s: %s %s idempotent=%v streaming=%q key=%v\n", op.ID, op.Method, op.Template, op.Idempotent, op.Streaming, op.Policy.Retry.IdempotencyKey.Honoured)
			for _, v := range explain.Effective(u, op) {
				if v.From != "default" {
					fmt.Fprintf(&b, "    %s: %s (%s, %s)\n", v.Key, v.Value, v.From, v.Source)
				}
			}
		}
	}
	return b.String()
}
