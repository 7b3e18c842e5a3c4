package mend_test

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"outrigger/policy"
	"outrigger/policy/compile"
	"outrigger/policy/mend"
)

func edit(line, column, end int, text string) policy.Problem {
	return policy.Problem{Severity: policy.Error, Fix: policy.Edit{Place: policy.Place{File: "p.yaml", Line: line, Column: column, EndColumn: end}, Text: text}}
}

func TestEditsChangeTheirPlacesAndNothingElse(t *testing.T) {
	for name, c := range map[string]struct {
		text     string
		problems policy.Problems
		want     string
		edits    int
	}{
		"none":                              {"a: 1\n", nil, "a: 1\n", 0},
		"two in a line, told in any order":  {"a: {b: 1, c: 2} # d\n", policy.Problems{edit(1, 11, 12, "see"), edit(1, 5, 6, "bee")}, "a: {bee: 1, see: 2} # d\n", 2},
		"behind characters of many bytes":   {"{größe: 世界, x: 1}\n", policy.Problems{edit(1, 13, 14, "why")}, "{größe: 世界, why: 1}\n", 1},
		"behind a mark and carriage return": {"\ufeffa: 1\r\nb: 2\r\n", policy.Problems{edit(2, 1, 2, "bee")}, "\ufeffa: 1\r\nbee: 2\r\n", 1},
		"that overlap":                      {"abcdef: 1\n", policy.Problems{edit(1, 1, 4, "x"), edit(1, 3, 6, "y")}, "xdef: 1\n", 1},
		"that remove a comment":             {"a: 1   # gone\nb: 2\n", policy.Problems{edit(1, 8, 14, "")}, "a: 1\nb: 2\n", 1},
		"that remove a comment of its own":  {"a: 1\n  # gone\nb: 2\n", policy.Problems{edit(2, 3, 9, "")}, "a: 1\nb: 2\n", 1},
		"that remove an item before a note": {"a:\n  - b # c\n  - d\n", policy.Problems{edit(2, 3, 6, "")}, "a:\n  # c\n  - d\n", 1},
		"that remove the last line":         {"a: 1\n# gone", policy.Problems{edit(2, 1, 7, "")}, "a: 1\n", 1},
		"of a place that the text has not":  {"a: 1\n", policy.Problems{edit(1, 3, 9, "x"), edit(7, 1, 2, "x")}, "a: 1\n", 0},
		"that leave no YAML":                {"a: 1\n", policy.Problems{edit(1, 4, 5, "[")}, "a: 1\n", 0},
		"that leave a key twice":            {"a: 1\nb: 1\n", policy.Problems{edit(1, 1, 2, "b")}, "a: 1\nb: 1\n", 0},
		"of another file":                   {"a: 1\n", policy.Problems{{Severity: policy.Error, Fix: policy.Edit{Place: policy.Place{File: "q.yaml", Line: 1, Column: 1, EndColumn: 2}}}}, "a: 1\n", 0},
		"of information":                    {"a: 1\n", policy.Problems{{Severity: policy.Info, Fix: edit(1, 1, 2, "x").Fix}}, "a: 1\n", 0},
	} {
		before := strings.Clone(c.text)
		got, edits := mend.Apply("p.yaml", []byte(c.text), c.problems)
		if string(got) != c.want || edits != c.edits {
			t.Errorf("edits %s: %q and %d edits, want %q and %d", name, got, edits, c.want, c.edits)
		}
		if c.text != before {
			t.Errorf("edits %s: the text that was given has changed", name)
		}
	}
}

// TestMendedPoliciesLoseTheirProblem mends every policy of the compiler's set of wrong ones whose problem carries an edit: the
// problem is gone, no error takes its place, and a second round changes nothing.
func TestMendedPoliciesLoseTheirProblem(t *testing.T) {
	archive, err := txtar.ParseFile("../compile/testdata/sets/wrong.txtar")
	if err != nil {
		t.Fatal(err)
	}
	specs := map[string][]byte{}
	for _, f := range archive.Files {
		if name, ok := strings.CutPrefix(f.Name, "specs/"); ok {
			specs[name] = f.Data
		}
	}
	mendable := 0
	for _, f := range archive.Files {
		if strings.Contains(f.Name, "/") {
			continue
		}
		text := strings.NewReplacer("«", "", "»", "").Replace(string(f.Data))
		if !strings.Contains(text, "version:") {
			text = "version: 1\nservice: orders\n" + text
		}
		check := func(text []byte) policy.Problems {
			return compile.Compile([]string{"policy.yaml"}, compile.Options{ReadFile: func(path string) ([]byte, error) {
				if path == "policy.yaml" {
					return text, nil
				}
				if data, ok := specs[path]; ok {
					return data, nil
				}
				return nil, fs.ErrNotExist
			}}).Problems
		}
		mended, edits := mend.Apply("policy.yaml", []byte(text), check([]byte(text)))
		if edits == 0 {
			continue
		}
		mendable++
		for _, p := range check(mended) {
			if p.Severity != policy.Info {
				t.Errorf("%s: mended to\n%s\nwhich has %s", f.Name, mended, p)
			}
		}
		if again, edits := mend.Apply("policy.yaml", mended, check(mended)); edits > 0 {
			t.Errorf("%s: a second round changes it to\n%s", f.Name, again)
		}
	}
	if mendable < 25 {
		t.Errorf("only %d policies were mended", mendable)
	}
}

// FuzzApply looks for policies that mending breaks, or never finishes with.
func FuzzApply(f *testing.F) {
	archive, err := txtar.ParseFile("../compile/testdata/sets/wrong.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, section := range archive.Files {
		f.Add("version: 1\nservice: orders\n" + strings.NewReplacer("«", "", "»", "").Replace(string(section.Data)))
	}
	f.Fuzz(func(t *testing.T, text string) {
		check := func(text []byte) compile.Result {
			return compile.Compile([]string{"policy.yaml"}, compile.Options{ReadFile: func(path string) ([]byte, error) {
				if path == "policy.yaml" {
					return text, nil
				}
				return nil, fs.ErrNotExist
			}})
		}
		now := []byte(text)
		for rounds := 0; ; rounds++ {
			next, edits := mend.Apply("policy.yaml", now, check(now).Problems)
			if edits == 0 {
				return
			}
			if rounds > 20 {
				t.Fatalf("edits without an end: %q", next)
			}
			if check(next).Problems.HasErrors() && !check(now).Problems.HasErrors() {
				t.Errorf("mending %q gives errors: %q", now, next)
			}
			now = next
		}
	})
}
