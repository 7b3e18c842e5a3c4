package mend

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"outrigger/policy/document"
)

func TestAValueIsWrittenWhereItBelongsAndNothingElseChanges(t *testing.T) {
	for _, c := range []struct{ name, path, value, before, after string }{
		{"a value that stands there", "a/b", "2s", "a:\n  b: 1s # why\n", "a:\n  b: 2s # why\n"},
		{"a value in quotes", "a/b", "2s", "a: {b: \"1s\", c: 1}\n", "a: {b: 2s, c: 1}\n"},
		{"a key of a block", "a/m", "2s", "a:\n  # about b\n  b: 1\n", "a:\n  m: 2s\n  # about b\n  b: 1\n"},
		{"a key in braces", "a/m", "2s", "a: {b: 1}\n", "a: {m: 2s, b: 1}\n"},
		{"a key in empty braces", "a/m", "2s", "a: {}\n", "a: {m: 2s}\n"},
		{"keys that are missing on the way", "a/o/timeouts/attempt", "2s", "a:\n  b: 1\n", "a:\n  o: {timeouts: {attempt: 2s}}\n  b: 1\n"},
		{"a key that must be quoted", "a/GET |stock|{id}", "{}", "a:\n  b: 1\n", "a:\n  \"GET /stock/{id}\": {}\n  b: 1\n"},
		{"a word that YAML 1.1 takes for a boolean", "a/on", "1", "a: {b: 1}\n", "a: {\"on\": 1, b: 1}\n"},
		{"behind wide letters", "ä/b", "2s", "ä: {ö: ü, b: 1s}\n", "ä: {ö: ü, b: 2s}\n"},
		{"with the ends of lines that the file has", "a/m", "1", "a:\r\n  b: 1\r\n", "a:\r\n  m: 1\r\n  b: 1\r\n"},
		{"over a merged value", "a/b", "2s", "x: &x {b: 1s}\na:\n  <<: *x\n  c: 1\n", "x: &x {b: 1s}\na:\n  <<: *x\n  b: 2s\n  c: 1\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := strings.Split(c.path, "/")
			for i := range path {
				path[i] = strings.ReplaceAll(path[i], "|", "/")
			}
			got, err := Write("p.yaml", []byte(c.before), Change{path, c.value})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.after, string(got)); diff != "" {
				t.Fatalf("(-want +got):\n%s", diff)
			}
			root, problems := document.Parse("p.yaml", got)
			if problems.HasErrors() {
				t.Fatal(problems)
			}
			for _, key := range path {
				root = root.Get(key)
			}
			if c.value != "{}" && root.Text() != c.value {
				t.Errorf("it is read back as %q", root.Text())
			}
		})
	}
}

func TestWhatOthersShareIsLeftAlone(t *testing.T) {
	for name, text := range map[string]string{
		"an anchor":           "x: &x {b: 1}\n",
		"an alias":            "y: &y {b: 1}\nx: *y\n",
		"an anchor below":     "x:\n  &x\n  b: 1\ny: *x\n",
		"an anchor of a tag":  "x: !!map &x\n  b: 1\ny: *x\n",
		"a value's anchor":    "x:\n  n: # why\n    &n 1\n  m: *n\n",
		"what is merged":      "y: &y\n  b: 1\nx:\n  <<: *y\n",
		"a list":              "x: [1]\n",
		"nothing":             "x:\n",
		"a value of lines":    "x:\n  n: |\n    1\n",
		"a file with errors":  "x: {n: 1, n: 2}\n",
		"a file of no values": "# nothing\n",
	} {
		if got, err := Write("p.yaml", []byte(text), Change{[]string{"x", "n"}, "2"}); err == nil {
			t.Errorf("%s was written to:\n%s", name, got)
		}
	}
}
