package compile_test

import (
	"io/fs"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"

	"outrigger/policy"
	"outrigger/policy/compile"
)

// eachOfSet runs every policy of a set in testdata/sets beside the specs of that set.
func eachOfSet(t *testing.T, name string, test func(t *testing.T, text string, compiled func(text string) compile.Result)) {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/sets/" + name + ".txtar")
	if err != nil || len(archive.Files) < 50 {
		t.Fatalf("%d policies, %v", len(archive.Files), err)
	}
	for _, f := range archive.Files {
		if strings.Contains(f.Name, "/") {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			test(t, string(f.Data), func(text string) compile.Result {
				return compile.Compile([]string{"policy.yaml"}, compile.Options{ReadFile: func(path string) ([]byte, error) {
					if path == "policy.yaml" {
						return []byte(text), nil
					}
					for _, name := range []string{f.Name + "/" + path, "specs/" + path} {
						if hasSection(archive, name) {
							return []byte(section(archive, name)), nil
						}
					}
					return nil, fs.ErrNotExist
				}})
			})
		})
	}
}

// whole adds the first two lines where a policy of a set leaves them out.
func whole(text string) string {
	if strings.Contains(text, "version:") {
		return text
	}
	return "version: 1\nservice: orders\n" + text
}

// TestEachMistakeIsReportedAtItsToken compiles the wrong policies: the one mistake of each is reported with its code, at the line
// and the columns of its token, and nothing else is reported but information.
func TestEachMistakeIsReportedAtItsToken(t *testing.T) {
	eachOfSet(t, "wrong", func(t *testing.T, text string, compiled func(string) compile.Result) {
		first, text, _ := strings.Cut(text, "\n")
		code := strings.TrimPrefix(first, "# ")
		text = whole(text)
		before, rest, _ := strings.Cut(text, "«")
		token, after, marked := strings.Cut(rest, "»")
		if !marked {
			t.Fatal("no token is marked")
		}
		line := strings.Count(before, "\n") + 1
		column := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
		end := 0
		if token != "" {
			end = column + utf8.RuneCountInString(token)
		}
		want := policy.Place{File: "policy.yaml", Line: line, Column: column, EndColumn: end}
		result := compiled(before + token + after)
		found := false
		for _, p := range result.Problems {
			switch {
			case p.Code == code:
				found = true
				if p.Place != want {
					t.Errorf("%s is reported at %+v, want %+v:\n%s", code, p.Place, want, p)
				}
			case p.Severity != policy.Info:
				t.Errorf("also reported: %s", p)
			}
		}
		if !found {
			t.Errorf("%s is not reported, but %v", code, result.Problems)
		}
	})
}

// TestRightPoliciesRaiseNoAlarm compiles policies that only look wrong.
func TestRightPoliciesRaiseNoAlarm(t *testing.T) {
	eachOfSet(t, "right", func(t *testing.T, text string, compiled func(string) compile.Result) {
		text = whole(text)
		if strings.HasSuffix(t.Name(), "-crlf") {
			text = strings.ReplaceAll(text, "\n", "\r\n")
		}
		for _, p := range compiled(text).Problems {
			if p.Severity != policy.Info {
				t.Errorf("false alarm: %s", p)
			}
		}
	})
}
