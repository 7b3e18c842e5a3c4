package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// TestOperatingPageListsEveryMetric compares the page with the names in the source of the observer, the only package that makes
// metrics: a running sidecar shows a name only once it has counted something.
func TestOperatingPageListsEveryMetric(t *testing.T) {
	files, err := filepath.Glob("../../proxy/observe/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no source of metrics: ", err)
	}
	var made []string
	for _, f := range files {
		made = append(made, namesIn(t, f, `(?:counterVec\("|"outrigger_)([a-z_]+[a-z])"`)...)
	}
	made = slices.DeleteFunc(made, func(name string) bool { return name == "unseen_total" }) // registered nowhere
	listed := namesIn(t, "../../docs/operating.md", "(?m)^\\| `outrigger_([a-z_]+)` \\|")
	slices.Sort(made)
	slices.Sort(listed)
	if made = slices.Compact(made); !slices.Equal(made, listed) || len(made) < 15 {
		t.Errorf("the page lists\n%v\nthe source has\n%v", listed, made)
	}
}

func namesIn(t *testing.T, file, pattern string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
		names = append(names, m[1])
	}
	return names
}
