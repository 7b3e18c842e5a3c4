package document

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"

	"outrigger/policy"
)

// Parse reads a policy file strictly: one YAML document of at most 4 MiB, 40,000 lines, brackets, commas and
// the like, and 64 levels, whose keys are
// strings, each once. file names the file in places. It gives the root value and every problem found; the root is nil
// when the text cannot be read as a tree or breaks a bound, and is whole beside problems such as a duplicate key.
// A document of nothing but comments gives OR109 and nil. Safe for concurrent use.
func Parse(file string, data []byte) (*Node, policy.Problems) {
	return parse(file, data, policyLimits)
}

// ParseSpec reads a spec or a part of one, with room for what real specs are: 32 MiB, 1,000 levels, keys of any
// scalar type (200, true) taken as written. The result is as of Parse.
func ParseSpec(file string, data []byte) (*Node, policy.Problems) {
	return parse(file, data, specLimits)
}

// ParseStream reads a file of several documents, as Kubernetes tools write them, with the bounds of Parse for all of it
// together and keys as of ParseSpec. Documents without a value are left out. It gives the roots in file order, none when
// the text cannot be read or breaks a bound, and every problem found. Safe for concurrent use.
func ParseStream(file string, data []byte) ([]*Node, policy.Problems) {
	src, problems := readable(file, data, streamLimits)
	if src == nil {
		return nil, problems
	}
	roots, problems := src.loadAll(streamLimits)
	c := checker{src: src, lim: streamLimits, sizes: map[*yaml.Node]size{}, open: map[*yaml.Node]bool{}}
	nodes := make([]*Node, len(roots))
	for i, root := range roots {
		c.check(root)
		nodes[i] = src.node(root)
	}
	problems = append(problems, c.problems...)
	problems.Sort()
	if c.unsafe || len(nodes) == 0 {
		return nil, problems
	}
	return nodes, problems
}

// readable gives the text by its lines, or nil and why it is none, or too much of it.
func readable(file string, data []byte, lim limits) (*source, policy.Problems) {
	if p := lim.tooLarge(file, data); p != nil {
		return nil, policy.Problems{*p}
	}
	src := newSource(file, data)
	if p := src.notText(); p != nil {
		return nil, policy.Problems{*p}
	}
	return src, nil
}

func parse(file string, data []byte, lim limits) (*Node, policy.Problems) {
	src, problems := readable(file, data, lim)
	if src == nil {
		return nil, problems
	}
	root, problems := src.load(lim)
	if root == nil {
		problems.Sort()
		return nil, problems
	}
	c := checker{src: src, lim: lim, sizes: map[*yaml.Node]size{}, open: map[*yaml.Node]bool{}}
	c.check(root)
	problems = append(problems, c.problems...)
	if lim.strict {
		var more policy.Problems
		src.silences, more = src.findSilences(root)
		problems = append(problems, more...)
	}
	problems.Sort()
	if c.unsafe {
		return nil, problems
	}
	return src.node(root), problems
}

// load has the library build the tree, and looks for a second document behind it.
func (s *source) load(lim limits) (root *yaml.Node, problems policy.Problems) {
	defer s.survive(func(p policy.Problem) { root, problems = nil, policy.Problems{p} })
	loader, depth, err := s.loader(lim)
	if err != nil {
		return nil, policy.Problems{s.syntaxProblem(err, depth)}
	}
	var first, second yaml.Node
	switch err := loader.Load(&first); {
	case errors.Is(err, io.EOF):
		return nil, policy.Problems{s.empty()}
	case err != nil:
		return nil, policy.Problems{s.syntaxProblem(err, depth)}
	}
	switch err := loader.Load(&second); {
	case err == nil:
		problems = append(problems, policy.Problem{
			Code: CodeSecondDocument, Severity: policy.Error,
			Place: s.place(second.Line, second.Column, "---"), Message: "a second document starts here",
			Expected: "one document in a file", Suggestion: "move it to a file of its own, or remove the \"---\"",
		})
	case !errors.Is(err, io.EOF):
		problems = append(problems, s.syntaxProblem(err, depth))
	}
	root = first.Content[0]
	if isNothing(root) {
		return nil, append(problems, s.empty())
	}
	return root, problems
}

// loadAll has the library build the trees of all documents that have a value.
func (s *source) loadAll(lim limits) (roots []*yaml.Node, problems policy.Problems) {
	defer s.survive(func(p policy.Problem) { roots, problems = nil, policy.Problems{p} })
	loader, depth, err := s.loader(lim)
	for err == nil {
		var next yaml.Node
		if err = loader.Load(&next); err == nil && !isNothing(next.Content[0]) {
			roots = append(roots, next.Content[0])
		}
	}
	switch {
	case !errors.Is(err, io.EOF):
		return nil, policy.Problems{s.syntaxProblem(err, depth)}
	case len(roots) == 0:
		return nil, policy.Problems{s.empty()}
	}
	return roots, nil
}

func (s *source) loader(lim limits) (*yaml.Loader, *depthLimit, error) {
	depth := &depthLimit{max: lim.depth}
	loader, err := yaml.NewLoader(bytes.NewReader(s.text()), yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthFunc(depth.check))))
	return loader, depth, err
}

// text is what the library reads. It refuses a file that says it is YAML 1.2, which it reads all the same as 1.1.
func (s *source) text() []byte {
	version := []byte("%YAML 1.2")
	if !bytes.HasPrefix(s.data, version) {
		return s.data
	}
	text := bytes.Clone(s.data)
	text[len(version)-1] = '1'
	return text
}

// survive is deferred: the library panics on states that its authors hold impossible. The text is a user's: it may refuse, never
// end us.
func (s *source) survive(refuse func(policy.Problem)) {
	if r := recover(); r != nil {
		refuse(policy.Problem{
			Code: CodeSyntax, Severity: policy.Error, Place: policy.Place{File: s.file, Line: 1, Column: 1},
			Message: fmt.Sprintf("the YAML reader gave up: %v", r), Expected: "plain YAML",
		})
	}
}

// isNothing reports whether a document has no value: nothing but comments, or a bare null.
func isNothing(root *yaml.Node) bool {
	return root.Kind == yaml.ScalarNode && root.ShortTag() == "!!null" && root.Style&quotedStyles == 0
}

func (s *source) empty() policy.Problem {
	return policy.Problem{
		Code: CodeEmpty, Severity: policy.Error, Place: policy.Place{File: s.file, Line: 1, Column: 1},
		Message: "file is empty", Expected: "a YAML mapping", Suggestion: "was the file written to the end?",
	}
}

// notText finds the first byte that is not UTF-8.
func (s *source) notText() *policy.Problem {
	if utf8.Valid(s.data) {
		return nil
	}
	for i := 0; i < len(s.data); {
		r, size := utf8.DecodeRune(s.data[i:])
		if r == utf8.RuneError && size == 1 {
			return &policy.Problem{
				Code: CodeEncoding, Severity: policy.Error, Place: s.at(i),
				Message: fmt.Sprintf("byte 0x%02x is not UTF-8", s.data[i]), Expected: "a file in UTF-8",
				Suggestion: "save the file in UTF-8",
			}
		}
		i += size
	}
	return nil
}

// depthLimit is the library's depth check; it remembers that it was the one who refused.
type depthLimit struct {
	max    int
	broken bool
}

var errTooDeep = errors.New("nested too deep")

func (d *depthLimit) check(depth int, _ *yaml.DepthContext) error {
	if depth <= d.max {
		return nil
	}
	d.broken = true
	return errTooDeep
}
