// Package patch makes changes of a policy into a diff that people read and apply.
//
// It decides which changes the policy can bear: each is tried, and one that brings an error is left out. It refuses to know why
// a change is wanted, and writes no file.
package patch

import (
	"os"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"outrigger/policy"
	"outrigger/policy/amend"
	"outrigger/policy/compile"
)

// Change is one value to write into a file of a policy.
type Change struct {
	File string
	amend.Change
}

// Left is a change that is not in the diff, and why.
type Left struct {
	Change
	Reason string
}

// String is the key with its value.
func (l Left) String() string { return strings.Join(l.Path, ".") + ": " + l.Value }

// Make tries changes, in order, on the policy that files are, and returns the unified diffs of the files that bear them. Files are
// read and not written.
func Make(files []string, changes []Change) (diffs []byte, left []Left) {
	texts := map[string][]byte{} // as changed
	read := func(path string) ([]byte, error) {
		if text, changed := texts[path]; changed {
			return text, nil
		}
		return os.ReadFile(path)
	}
	problems := func() policy.Problems {
		return compile.Compile(files, compile.Options{ReadFile: read, Env: os.LookupEnv}).Problems
	}
	for _, c := range changes {
		before, err := read(c.File)
		if err == nil {
			var after []byte
			if after, err = amend.Apply(c.File, before, c.Change); err == nil {
				texts[c.File] = after
			}
		}
		if err != nil {
			left = append(left, Left{c, err.Error()})
			continue
		}
		if found := problems(); found.HasErrors() {
			texts[c.File] = before
			left = append(left, Left{c, firstError(found)})
		}
	}
	for _, file := range files {
		if text, changed := texts[file]; changed {
			before, _ := os.ReadFile(file)
			diffs = append(diffs, diff.Diff(file, before, file+" (proposed)", text)...)
		}
	}
	return diffs, left
}

func firstError(found policy.Problems) string {
	at := slices.IndexFunc(found, func(p policy.Problem) bool { return p.Severity == policy.Error })
	return found[at].Message
}
