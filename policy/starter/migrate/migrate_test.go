package migrate_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"outrigger/policy"
	"outrigger/policy/compile"
	"outrigger/policy/starter/migrate"
)

var update = flag.Bool("update", false, "write what the golden cases should say")

// TestGoldenCases runs every testdata/SYSTEM-*.txtar: the comment says what it shows, the first file is one of the system, "want" is
// the policy, or the problems where there is none.
func TestGoldenCases(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) < 8 {
		t.Fatalf("%d golden cases, %v", len(paths), err)
	}
	for _, name := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			system, _, _ := strings.Cut(filepath.Base(name), "-")
			in, want := archive.Files[0], &archive.Files[1]
			got := migrated(t, migrate.Source{System: system, File: in.Name, Data: in.Data, Service: "orders"})
			if *update {
				want.Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(want.Data), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// migrated gives the policy, which must pass the check and tell of everything that was left.
func migrated(t *testing.T, s migrate.Source) string {
	t.Helper()
	made, err := migrate.From(s)
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	if made.Text == nil {
		if !made.Problems.HasErrors() {
			t.Error("no policy, and no error that says why")
		}
		return told(made.Problems)
	}
	result := compile.Compile([]string{"p.yaml"}, compile.Options{ReadFile: func(string) ([]byte, error) { return made.Text, nil }})
	for _, p := range result.Problems {
		if p.Severity != policy.Info {
			t.Errorf("check --strict is not content: %s", p)
		}
	}
	for _, l := range made.Left {
		if l.Place.Line == 0 || l.Place.File != s.File {
			t.Errorf("%q has no place in the file: %v", l.Text, l.Place)
		}
	}
	return string(made.Text)
}

func told(problems policy.Problems) string {
	var b strings.Builder
	for _, p := range problems {
		fmt.Fprintln(&b, p)
	}
	return b.String()
}

func TestASystemThatIsNotKnownIsNamedWithThoseThatAre(t *testing.T) {
	_, err := migrate.From(migrate.Source{System: "nginx"})
	if want := `system "nginx" is not known: write dapr, envoy, istio, linkerd`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// FuzzFrom: whatever a file holds, there is a policy that passes the check, or a problem that says why not.
func FuzzFrom(f *testing.F) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range paths {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for i := range migrate.Systems() {
			f.Add(i, archive.Files[0].Data)
		}
	}
	f.Fuzz(func(t *testing.T, system int, data []byte) {
		systems := migrate.Systems()
		made, err := migrate.From(migrate.Source{System: systems[uint(system)%uint(len(systems))], File: "in.yaml", Data: data})
		if err == nil && made.Text == nil && !made.Problems.HasErrors() {
			t.Error("no policy, and no error that says why")
		}
		result := compile.Compile([]string{"p.yaml"}, compile.Options{ReadFile: func(string) ([]byte, error) { return made.Text, nil }})
		if made.Text != nil && result.Problems.HasErrors() {
			t.Errorf("the policy does not pass the check: %s\n%s", told(result.Problems), made.Text)
		}
	})
}
