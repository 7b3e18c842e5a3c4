package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/rogpeppe/go-internal/diff"

	"outrigger/policy"
	"outrigger/policy/compile"
	"outrigger/policy/mend"
)

// maxRounds bounds how often a mended policy is checked again: a key that is mended may have a value to mend.
const maxRounds = 10

// fixer mends the policies at some paths.
type fixer struct {
	paths   []string
	read    sources
	options compile.Options
	was     map[string][]byte // what the files that were mended had before
	edits   map[string]int
}

// fix makes the safe edits in memory until there are none left, and returns the problems that remain.
func (f *fixer) fix() (policy.Problems, error) {
	f.was, f.edits = map[string][]byte{}, map[string]int{}
	problems, err := checkAll(f.paths, f.read, f.options)
	for range maxRounds {
		if err != nil || !f.round(problems) {
			break
		}
		problems, err = checkAll(f.paths, f.read, f.options)
	}
	return problems, err
}

// round makes the edits of some problems, and reports whether there were any.
func (f *fixer) round(problems policy.Problems) bool {
	changed := false
	tried := map[string]bool{}
	for _, p := range problems {
		name := p.Fix.Place.File
		before, known := f.read[name]
		if p.Fix.IsZero() || !known || tried[name] {
			continue
		}
		tried[name] = true // all edits of a file are made at once: after them the places of the others are wrong
		mended, edits := mend.Apply(name, before, problems)
		if edits == 0 || bytes.Equal(before, mended) {
			continue
		}
		if _, again := f.was[name]; !again {
			f.was[name] = before
		}
		f.read[name] = mended
		f.edits[name] += edits
		changed = true
	}
	return changed
}

// write puts the mended texts into their files and shows what was changed.
func (f *fixer) write(out io.Writer) error {
	names := make([]string, 0, len(f.was))
	for name := range f.was {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if err := replaceFile(name, f.was[name], f.read[name]); err != nil {
			return failed("%s was not mended: %w", name, cause(err))
		}
		if err := showDifference(out, name, f.was[name], f.read[name]); err != nil {
			return err
		}
	}
	return nil
}

// showDifference prints what becomes of a file.
func showDifference(out io.Writer, name string, before, after []byte) error {
	shown := diff.Diff(name, before, name, after)
	_, hunks, _ := bytes.Cut(shown, []byte("\n")) // the first line is that of a command
	if _, err := fmt.Fprintf(out, "%s\n", visible(string(hunks))); err != nil {
		return failed("the result cannot be written: %w", err)
	}
	return nil
}

// summary tells how many edits were made in which files.
func (f *fixer) summary() string {
	total := 0
	for _, n := range f.edits {
		total += n
	}
	switch {
	case total == 0:
		return "nothing to mend"
	case total == 1:
		return "1 edit made"
	case len(f.edits) == 1:
		return fmt.Sprintf("%d edits made", total)
	}
	return fmt.Sprintf("%d edits made in %d files", total, len(f.edits))
}

// replaceFile puts new in the place of a file that still has old, in one step, so that nobody ever reads half of it. The mode stays,
// and a symbolic link stays one.
func replaceFile(name string, old, text []byte) error {
	target, err := filepath.EvalSymlinks(name)
	if err != nil {
		return err
	}
	info, err := os.Stat(target)
	if err != nil {
		return err
	}
	if now, err := os.ReadFile(target); err != nil || !bytes.Equal(now, old) {
		return fmt.Errorf("it changed meanwhile")
	}
	temporary, err := os.CreateTemp(filepath.Dir(target), "."+filepath.Base(target)+".")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temporary.Name()) }() // gone already where all went well
	if _, err = temporary.Write(text); err == nil {
		err = temporary.Chmod(info.Mode().Perm())
	}
	if err == nil {
		err = temporary.Sync()
	}
	if closing := temporary.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	return os.Rename(temporary.Name(), target)
}
