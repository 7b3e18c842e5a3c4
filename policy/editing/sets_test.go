package editing

import (
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"outrigger/policy/compile"
)

// ofSet visits every policy of a set of the compiler, with its text in full and what it compiles to.
func ofSet(t *testing.T, name string, visit func(policy, text string, result compile.Result)) {
	t.Helper()
	archive, err := txtar.ParseFile("../compile/testdata/sets/" + name + ".txtar")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range archive.Files {
		files[f.Name] = string(f.Data)
	}
	n := 0
	for _, f := range archive.Files {
		if strings.Contains(f.Name, "/") {
			continue
		}
		n++
		text := strings.NewReplacer("«", "", "»", "").Replace(string(f.Data))
		if !strings.Contains(text, "version:") {
			text = "version: 1\nservice: orders\n" + text
		}
		beside := map[string]string{"policy.yaml": text}
		for path, content := range files {
			if spec, ok := strings.CutPrefix(path, "specs/"); ok && beside[spec] == "" {
				beside[spec] = content
			}
			if own, ok := strings.CutPrefix(path, f.Name+"/"); ok {
				beside[own] = content
			}
		}
		visit(f.Name, text, compileFiles([]string{"policy.yaml"}, beside))
	}
	if n < 50 {
		t.Errorf("set %s has only %d policies", name, n)
	}
}

// TestNoRightPolicyIsUnderlined judges the right policies by the schema of all policies, and by that of their own specs.
func TestNoRightPolicyIsUnderlined(t *testing.T) {
	general := validator(t, nil)
	ofSet(t, "right", func(policy, text string, result compile.Result) {
		if result.Problems.HasErrors() {
			return // the compiler's own test tells
		}
		if err := judge(t, general, text); err != nil {
			t.Errorf("%s: %v\n%s", policy, err, text)
		}
		if err := judge(t, validator(t, result.Catalogs), text); err != nil {
			t.Errorf("%s, by the schema of its specs: %v\n%s", policy, err, text)
		}
	})
}

// unseen are the wrong policies whose mistake a schema of one file cannot see though it is one of shape, with the reason.
var unseen = map[string]string{
	"window-too-long":                  "the range of a duration is no pattern",
	"body-too-large-to-keep":           "the range of a size is no pattern",
	"no-service":                       "it may stand in another file of the folder",
	"nothing-to-carry":                 "what is to be carried may stand in another file of the folder",
	"upstream-that-refuses-everything": "what two keys mean together is not the form of either",
}

// TestMistakesOfShapeAreUnderlined judges the wrong policies, of which each has one mistake, by the schema of their specs.
func TestMistakesOfShapeAreUnderlined(t *testing.T) {
	refused := 0
	ofSet(t, "wrong", func(policy, text string, result compile.Result) {
		first, _, _ := strings.Cut(text[max(0, strings.Index(text, "# OR")):], "\n")
		code := strings.TrimPrefix(first, "# ")
		if !shapes[code] && code != "OR220" && code != "OR222" {
			return
		}
		err := judge(t, validator(t, result.Catalogs), text)
		switch {
		case err == nil && unseen[policy] == "":
			t.Errorf("%s (%s) is not underlined:\n%s", policy, code, text)
		case err != nil && unseen[policy] != "":
			t.Errorf("%s: the schema sees now what it was said not to: take it off the list", policy)
		case err != nil:
			refused++
		}
	})
	if refused < 30 {
		t.Errorf("only %d were refused", refused)
	}
}
