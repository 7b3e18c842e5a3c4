// Package patch tries changes of a policy before anybody is shown them.
//
// It decides which changes the policy can bear: each is tried, and one that brings an error is left out. It refuses to know why
// a change is wanted, and writes no file.
package patch

import (
	"bytes"
	"os"
	"slices"
	"strings"

	"outrigger/policy"
	"outrigger/policy/compile"
	"outrigger/policy/mend"
)

// Change is one value to write into a file of a policy.
type Change struct {
	File string
	mend.Change
}

// File is one that changes, with its text before and after.
type File struct {
	Name          string
	Before, After []byte
}

// Left is a change that the policy cannot bear, and why.
type Left struct {
	Change
	Reason string
}

// String is the key with its value.
func (l Left) String() string { return strings.Join(l.Path, ".") + ": " + l.Value }

// Make tries changes, in order, on the policy that files are, and returns what becomes of the files that bear them. Files are read
// and not written.
func Make(files []string, changes []Change) (changed []File, left []Left) {
	texts := map[string][]byte{} // as changed
	read := func(path string) ([]byte, error) {
		if text, there := texts[path]; there {
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
			if after, err = mend.Write(c.File, before, c.Change); err == nil {
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
		text, tried := texts[file]
		if before, _ := os.ReadFile(file); tried && !bytes.Equal(before, text) { // one that was left out is as it was
			changed = append(changed, File{file, before, text})
		}
	}
	return changed, left
}

func firstError(found policy.Problems) string {
	at := slices.IndexFunc(found, func(p policy.Problem) bool { return p.Severity == policy.Error })
	return found[at].Message
}
