package openapi

import (
	"path"

	"outrigger/policy"
)

// Limits of one document. MaxFileBytes is for whoever supplies ReadFile: read no more than one byte beyond it.
const (
	MaxFileBytes  = 32 << 20
	maxTotalBytes = 64 << 20
	maxFiles      = 10_000
	maxOperations = 20_000
	// maxProblems bounds the errors and, apart from them, the warnings: many of these must not hide one of those.
	maxProblems = 500
	// maxDuplicates bounds what one file may have of duplicate keys before it is known which of them are errors.
	maxDuplicates = 20_000
)

// Reader reads OpenAPI documents. It is safe for concurrent use if ReadFile is.
type Reader struct {
	// ReadFile returns the content of a file, named as the document is named to Read, joined with a relative $ref; the
	// separator is "/". It is asked only for the document and for files in its folder or below. Symbolic links are
	// followed or refused by whoever supplies it.
	ReadFile func(name string) ([]byte, error)
}

// Read reads a document, 10 MB of it in under a second, and gives its catalog and every problem found. The catalog is nil
// when the file cannot be read as a mapping at all; with other errors it holds what could be read, for messages, and must
// not be used to route.
func (r Reader) Read(file string) (*Catalog, policy.Problems) {
	run := newReading(r, file)
	root := run.open(run.root, nil, policy.Error)
	if root == nil {
		run.problems.Sort()
		return nil, run.problems
	}
	run.document(spot{tree: root.tree, file: root})
	run.problems.Sort()
	return run.catalog, run.problems
}

// reading is one call of Read. What it found so far is in catalog and problems.
type reading struct {
	reader   Reader
	root     string
	files    map[string]*specFile
	bytes    int
	targets  map[string]spot
	catalog  *Catalog
	swagger2 bool
	produces tree // 2.0: the document's media types
	problems policy.Problems
	told     map[toldKey]bool
	counts   map[policy.Severity]int
	passed   map[policy.Place]bool // operation ids taken for catalog.Elsewhere
	full     bool                  // maxOperations is reached
}

// toldKey tells problems apart: a shared component is walked once for each use and is reported once.
type toldKey struct {
	code  string
	place policy.Place
}

func newReading(r Reader, file string) *reading {
	return &reading{
		reader: r, root: path.Clean(file), files: map[string]*specFile{}, targets: map[string]spot{}, told: map[toldKey]bool{}, passed: map[policy.Place]bool{}, counts: map[policy.Severity]int{},
		catalog: &Catalog{File: file},
	}
}

func (r *reading) report(p policy.Problem) {
	key := toldKey{p.Code, p.Place}
	if r.told[key] || r.counts[p.Severity] >= maxProblems {
		return
	}
	r.told[key] = true
	r.counts[p.Severity]++
	r.problems = append(r.problems, p)
}

// fail reports an error, warn a warning.
func (r *reading) fail(p policy.Problem) {
	p.Severity = policy.Error
	r.report(p)
}

func (r *reading) warn(p policy.Problem) {
	p.Severity = policy.Warning
	r.report(p)
}
