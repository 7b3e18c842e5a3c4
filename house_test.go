// Package outrigger_test holds the manners of this repository as tests: which package may import which, how long a file may
// grow, what a name may be called, which page must exist. CONTRIBUTING.md tells the reasons; docs/decisions the larger ones.
//
// Each rule is a function from a described tree to findings, so that it runs on this checkout and on small bad trees alike:
// every rule has a fixture under testdata/house that it is seen to refuse.
package outrigger_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// finding is one breach of one rule. Line is 0 where a whole file or folder is meant.
type finding struct {
	path string
	line int
	text string
}

func (f finding) String() string {
	if f.line == 0 {
		return fmt.Sprintf("%s: %s", f.path, f.text)
	}
	return fmt.Sprintf("%s:%d: %s", f.path, f.line, f.text)
}

type rule struct {
	name  string // as the fixtures spell it
	check func(*tree) []finding
}

var rules = []rule{
	{"files-parse", filesParse},
	{"arrows", checkArrows},
	{"libraries", checkLibraries},
	{"purity", checkPurity},
	{"file-length", checkFileLength},
	{"median-length", checkMedianLength},
	{"function-length", checkFunctionLength},
	{"parameters", checkParameters},
	{"interface-size", checkInterfaceSize},
	{"package-size", checkPackageSize},
	{"package-comment", checkPackageComment},
	{"exported-comment", checkExportedComment},
	{"package-name", checkPackageName},
	{"one-word", checkOneWord},
	{"log-message", checkLogMessage},
	{"sleep-reason", checkSleepReason},
	{"dependency-argued", checkDependencyArgued},
	{"check-page", checkCheckPage},
	{"failure-page", checkFailurePage},
}

func TestTheRepositoryKeepsItsManners(t *testing.T) {
	checkout, err := readTree(".")
	if err != nil {
		t.Fatal(err)
	}
	if len(checkout.files) == 0 {
		t.Fatal("no Go file was read: the rules below would hold of nothing")
	}
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			for _, f := range r.check(checkout) {
				t.Error(f)
			}
		})
	}
}

// A fixture's comment names its rule and the findings that the rule must report, one a line:
//
//	rule: arrows
//	want: proxy/retry/retry.go:3: proxy/retry imports ...
func TestEveryRuleRefusesItsBadFixtures(t *testing.T) {
	fixtures, err := filepath.Glob("testdata/house/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	refused := map[string]bool{}
	for _, path := range fixtures {
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		if name == goodFixture {
			continue
		}
		t.Run(name, func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			ruleName, want := expectation(string(archive.Comment))
			i := slices.IndexFunc(rules, func(r rule) bool { return r.name == ruleName })
			if i < 0 {
				t.Fatalf("%s: unknown rule %q", path, ruleName)
			}
			if len(want) == 0 {
				t.Fatalf("%s: it expects no finding, so it proves nothing", path)
			}
			var got []string
			for _, f := range rules[i].check(archiveTree(archive)) {
				got = append(got, f.String())
			}
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("findings of rule %s (-want +got):\n%s", ruleName, diff)
			}
			refused[ruleName] = true
		})
	}
	for _, r := range rules {
		if !refused[r.name] {
			t.Errorf("rule %s has no bad fixture under testdata/house", r.name)
		}
	}
}

// goodFixture is a small tree that keeps every rule, so that a rule which refuses everything is found out.
const goodFixture = "good"

func TestNoRuleRefusesAGoodTree(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/house/" + goodFixture + ".txtar")
	if err != nil {
		t.Fatal(err)
	}
	good := archiveTree(archive)
	for _, r := range rules {
		for _, f := range r.check(good) {
			t.Errorf("rule %s: %s", r.name, f)
		}
	}
}

func expectation(comment string) (ruleName string, want []string) {
	for line := range strings.Lines(comment) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "rule: "); ok {
			ruleName = name
		}
		if text, ok := strings.CutPrefix(line, "want: "); ok {
			want = append(want, text)
		}
	}
	return ruleName, want
}
