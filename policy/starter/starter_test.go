package starter_test

import (
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
	"outrigger/policy/starter"
)

var update = flag.Bool("update", false, "write what the golden cases should say")

// TestGoldenCases runs every testdata/*.txtar: the comment says what it shows, "options" are service, inbound and upstream, "want" is
// the policy, or the problems where there is none.
func TestGoldenCases(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) < 5 {
		t.Fatalf("%d golden cases, %v", len(paths), err)
	}
	for _, name := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files := map[string][]byte{}
			for _, f := range archive.Files {
				files[f.Name] = f.Data
			}
			got := makeCase(t, files)
			last := &archive.Files[len(archive.Files)-1]
			if last.Name != "want" {
				t.Fatal("the last file is not want")
			}
			if *update {
				last.Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(last.Data), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func makeCase(t *testing.T, files map[string][]byte) string {
	t.Helper()
	o := starter.Options{File: "policy.yaml", ReadFile: fromMap(files)}
	for line := range strings.Lines(string(files["options"])) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch spec := (starter.Spec{Path: value, Name: value}); key {
		case "service":
			o.Service = value
		case "inbound":
			o.Inbound = &spec
		case "upstream":
			o.Upstreams = append(o.Upstreams, spec)
		}
	}
	made, err := starter.Make(o)
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	if made.Text == nil {
		if !made.Problems.HasErrors() {
			t.Error("no policy, and no error that says why")
		}
		return told(made.Problems)
	}
	if left := strict(o, made.Text); len(left) > 0 {
		t.Errorf("check --strict is not content:\n%s", told(left))
	}
	return string(made.Text)
}

func fromMap(files map[string][]byte) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if data, ok := files[name]; ok {
			return data, nil
		}
		return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
}

// strict returns what check --strict would end with an error for.
func strict(o starter.Options, text []byte) policy.Problems {
	result := compile.Compile([]string{o.File}, compile.Options{CheckSchemas: true, ReadFile: func(name string) ([]byte, error) {
		if name == o.File {
			return text, nil
		}
		return o.ReadFile(name)
	}})
	var left policy.Problems
	for _, p := range result.Problems {
		if p.Severity != policy.Info {
			left = append(left, p)
		}
	}
	return left
}

func told(problems policy.Problems) string {
	var b strings.Builder
	for _, p := range problems {
		fmt.Fprintln(&b, p)
	}
	return b.String()
}

func TestTheDefaultsShownAreTheDefaults(t *testing.T) {
	spec := []byte("openapi: 3.0.0\ninfo: {title: inventory}\npaths: {/a: {get: {responses: {200: {description: ok}}}}}\n")
	o := starter.Options{File: "policy.yaml", Upstreams: []starter.Spec{{Path: "i.yaml", Name: "i.yaml"}}, ReadFile: fromMap(map[string][]byte{"i.yaml": spec})}
	made, err := starter.Make(o)
	if err != nil {
		t.Fatal(err)
	}
	head, shown, found := strings.Cut(string(made.Text), "# defaults:\n")
	if !found {
		t.Fatalf("no defaults are shown:\n%s", made.Text)
	}
	written := head + "defaults:\n" + strings.ReplaceAll(shown, "\n# ", "\n")
	written = strings.Replace(written, "defaults:\n# ", "defaults:\n", 1)
	before, after := effective(t, o, string(made.Text)), effective(t, o, written)
	if len(after.Origins) < 15 {
		t.Errorf("only the values %v are written", after.Origins)
	}
	before.Origins, after.Origins = nil, nil
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("taking the # away changes what holds (-before +after):\n%s", diff)
	}
}

func effective(t *testing.T, o starter.Options, text string) policy.Policy {
	t.Helper()
	result := compile.Compile([]string{o.File}, compile.Options{ReadFile: func(name string) ([]byte, error) {
		if name == o.File {
			return []byte(text), nil
		}
		return o.ReadFile(name)
	}})
	if result.Set == nil {
		t.Fatalf("%s\n%s", told(result.Problems), text)
	}
	return result.Set.Upstreams[0].Operations[0].Policy
}

func TestWhatCannotBeAPolicyIsAnError(t *testing.T) {
	spec := starter.Spec{Path: "i.yaml", Name: "i.yaml"}
	for want, o := range map[string]starter.Options{
		"no spec: name the OpenAPI file":          {},
		`service "a b" is not a name`:             {Service: "a b", Upstreams: []starter.Spec{spec}},
		`service "` + "a\\nb" + `" is not a name`: {Service: "a\nb", Upstreams: []starter.Spec{spec}},
	} {
		if _, err := starter.Make(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v gives the error %v, want one that says %s", o, err, want)
		}
	}
}
