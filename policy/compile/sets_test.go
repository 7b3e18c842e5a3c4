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

// member is one policy of a set in testdata/sets, with the specs of that set.
type member struct {
	name, text string
	set        *txtar.Archive
}

// eachOfSet runs every policy of a set.
func eachOfSet(t *testing.T, name string, test func(t *testing.T, m member)) {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/sets/" + name + ".txtar")
	if err != nil || len(archive.Files) < 50 {
		t.Fatalf("%d policies, %v", len(archive.Files), err)
	}
	for _, f := range archive.Files {
		if !strings.Contains(f.Name, "/") {
			t.Run(f.Name, func(t *testing.T) { test(t, member{f.Name, string(f.Data), archive}) })
		}
	}
}

// spec is the text of a spec: the policy's own, or that of the set.
func (m member) spec(path string) (string, bool) {
	for _, name := range []string{m.name + "/" + path, "specs/" + path} {
		if hasSection(m.set, name) {
			return section(m.set, name), true
		}
	}
	return "", false
}

// compiled is what comes of a policy beside the specs, whose marks are left out.
func (m member) compiled(text string) compile.Result {
	return compile.Compile([]string{"policy.yaml"}, compile.Options{CheckSchemas: true, ReadFile: func(path string) ([]byte, error) {
		if path == "policy.yaml" {
			return []byte(text), nil
		}
		if spec, ok := m.spec(path); ok {
			return []byte(unmarked.Replace(spec)), nil
		}
		return nil, fs.ErrNotExist
	}})
}

var unmarked = strings.NewReplacer("«", "", "»", "")

// whole adds the first two lines where a policy of a set leaves them out.
func whole(text string) string {
	if strings.Contains(text, "version:") {
		return text
	}
	return "version: 1\nservice: orders\n" + text
}

// marked returns the place between the marks in the policy, or else in its own inventory.yml.
func (m member) marked(t *testing.T, text string) policy.Place {
	t.Helper()
	at := policy.Place{File: "policy.yaml"}
	if !strings.Contains(text, "«") {
		at.File = "inventory.yml"
		text, _ = m.spec(at.File)
	}
	before, rest, _ := strings.Cut(text, "«")
	token, _, closed := strings.Cut(rest, "»")
	if !closed {
		t.Fatal("no token is marked")
	}
	at.Line = strings.Count(before, "\n") + 1
	at.Column = utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	if token != "" {
		at.EndColumn = at.Column + utf8.RuneCountInString(token)
	}
	return at
}

// TestEachMistakeIsReportedAtItsToken compiles the wrong policies: the one mistake of each is reported with its code, at the line
// and the columns of its token, and nothing else is reported but information.
func TestEachMistakeIsReportedAtItsToken(t *testing.T) {
	eachOfSet(t, "wrong", func(t *testing.T, m member) {
		first, text, _ := strings.Cut(m.text, "\n")
		code := strings.TrimPrefix(first, "# ")
		text = whole(text)
		want := m.marked(t, text)
		result := m.compiled(unmarked.Replace(text))
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
	eachOfSet(t, "right", func(t *testing.T, m member) {
		text := whole(m.text)
		if strings.HasSuffix(m.name, "-crlf") {
			text = strings.ReplaceAll(text, "\n", "\r\n")
		}
		for _, p := range m.compiled(text).Problems {
			if p.Severity != policy.Info {
				t.Errorf("false alarm: %s", p)
			}
		}
	})
}
