package starter

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"outrigger/policy"
	"outrigger/policy/compile"
	"outrigger/policy/openapi"
	"outrigger/policy/starter/draft"
)

// Options are what a starter policy is made of.
type Options struct {
	// File is where the policy will stand, which places in problems name. Its folder is that which Spec.Name is relative to.
	File string
	// Service is the name of the service beside the sidecar; "" takes it from the title of Inbound, or leaves a name to change.
	Service string
	// Inbound is the spec of the service itself, nil where the sidecar has no inbound side.
	Inbound *Spec
	// Upstreams are the specs of what the service calls.
	Upstreams []Spec
	// ReadFile returns the content of a spec; os.ReadFile is one. It must answer for a whole call of Make as it did first.
	ReadFile func(name string) ([]byte, error)
}

// Spec is one OpenAPI document.
type Spec struct {
	// Path is what ReadFile is asked for, with slashes. Name is how the policy names the file.
	Path, Name string
}

// Result is what Make wrote.
type Result struct {
	// Text is the policy, nil when a problem is an error.
	Text []byte
	// Problems are those of the specs; warnings among them are silenced in Text, with a comment.
	Problems policy.Problems
	// Listed is how many operations stand in Text, of how many the specs declare.
	Listed, Declared int
}

// maxRounds bounds how often the text is compiled: a round without a change is the last one, and each takes something back.
const maxRounds = 6

// defaultService stands where nobody says the name.
const defaultService = "my-service"

var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// Make writes a starter policy. The same specs give the same text. It is safe for concurrent use if ReadFile is.
func Make(o Options) (Result, error) {
	if o.Service != "" && !nameForm.MatchString(o.Service) {
		return Result{}, fmt.Errorf("service %q is not a name: use letters, digits, dots, dashes and underscores, at most 128", o.Service)
	}
	if o.Inbound == nil && len(o.Upstreams) == 0 {
		return Result{}, fmt.Errorf("no spec: name the OpenAPI file of a service that is called, or of the service itself as the inbound one")
	}
	m := &maker{options: o, addresses: newAddresses()}
	if !m.readAll() {
		return Result{Problems: m.problems}, nil
	}
	m.build()
	text, problems := m.settle()
	m.problems = append(m.problems, problems...)
	m.problems.Sort()
	if text == nil || problems.HasErrors() {
		return Result{Problems: m.problems}, nil
	}
	result := Result{Text: text, Problems: m.problems}
	for _, p := range m.parts {
		result.Listed += len(p.Operations)
		result.Declared += len(p.catalog.Operations)
	}
	return result, nil
}

// maker is one call of Make.
type maker struct {
	options   Options
	addresses *addresses
	problems  policy.Problems
	file      draft.File
	parts     []*part
}

// part is inbound or an upstream with its spec.
type part struct {
	*draft.Part
	spec    Spec
	inbound bool
	catalog *openapi.Catalog
	files   map[string]bool // that the spec was read from
	allow   []string        // codes of the spec's own warnings
}

// readAll reads every spec; it is false when one has errors.
func (m *maker) readAll() bool {
	specs := m.options.Upstreams
	if m.options.Inbound != nil {
		specs = append([]Spec{*m.options.Inbound}, specs...)
	}
	good := true
	known := map[string]*part{} // a service may call itself
	for i, spec := range specs {
		p := &part{Part: &draft.Part{}, spec: spec, inbound: i == 0 && m.options.Inbound != nil, files: map[string]bool{}}
		if same := known[spec.Path]; same != nil {
			p.catalog, p.files, p.allow = same.catalog, same.files, slices.Clone(same.allow)
			m.parts = append(m.parts, p)
			continue
		}
		known[spec.Path] = p
		reader := openapi.Reader{ReadFile: func(name string) ([]byte, error) {
			p.files[name] = true
			return m.options.ReadFile(name)
		}}
		var problems policy.Problems
		p.catalog, problems = reader.Read(spec.Path)
		if p.catalog != nil && !problems.HasErrors() {
			problems = append(problems, reader.CheckSchemas(spec.Path, problems)...)
			p.silence(problems)
			m.parts = append(m.parts, p)
		} else {
			good = false
		}
		m.problems = append(m.problems, problems...)
	}
	m.problems.Sort()
	return good
}

// silence takes the codes of a spec's warnings down: whoever starts with a policy can seldom mend another team's spec.
func (p *part) silence(problems policy.Problems) {
	for _, w := range problems {
		if w.Severity == policy.Warning && !slices.Contains(p.allow, w.Code) {
			p.allow = append(p.allow, w.Code)
		}
	}
	slices.Sort(p.allow)
}

// settle compiles the text and takes back or silences what compile has to say, until that is nothing.
func (m *maker) settle() ([]byte, policy.Problems) {
	for round := 1; ; round++ {
		text := m.render()
		result := compile.Compile([]string{m.options.File}, compile.Options{ReadFile: func(name string) ([]byte, error) {
			if name == m.options.File {
				return text.Bytes, nil
			}
			return m.options.ReadFile(name)
		}})
		changed := false
		var rest policy.Problems
		for _, p := range result.Problems {
			switch {
			case p.Severity == policy.Info:
			case m.amend(text, p):
				changed = true
			default:
				rest = append(rest, p)
			}
		}
		switch {
		case !changed || rest.HasErrors():
			return text.Bytes, rest
		case round == maxRounds: // what it says now was not looked at, so it is not given out
			return nil, result.Problems
		}
	}
}

// codeAmbiguous is of two operations that some request is both of; the one that is concrete further left has it.
const codeAmbiguous = "OR223"

// amend changes the file so that a problem is gone, and reports whether it could.
func (m *maker) amend(text draft.Text, p policy.Problem) bool {
	if p.Place.File != m.options.File {
		for _, part := range m.parts {
			if p.Severity == policy.Warning && part.files[p.Place.File] && !slices.Contains(part.allow, p.Code) {
				part.silence(policy.Problems{p})
				m.problems = append(m.problems, p)
				return true
			}
		}
		return false
	}
	op := text.Operations[p.Place.Line]
	switch {
	case op == nil:
		return false
	case p.Code == codeAmbiguous && op.Allow == "":
		op.Allow, op.Note = p.Code, "of two that match, the one that is concrete further left wins; "+op.Note
		return true
	}
	for _, part := range m.parts {
		if i := slices.Index(part.Operations, op); i >= 0 {
			part.Operations = slices.Delete(part.Operations, i, i+1)
			part.Above = append(part.Above, "left at the defaults: "+op.Key+" ("+p.Message+")")
			return true
		}
	}
	return true // a second problem of an operation that is gone
}

func (m *maker) render() draft.Text {
	m.policies() // of those in use: what was taken back may have been the last one
	for _, p := range m.parts {
		for i, f := range p.Fields {
			if f.Key == "openapi" && len(p.allow) > 0 {
				p.Fields[i].Note = "outrigger:allow " + strings.Join(p.allow, " ") + " so stands in the spec: mend it there, then remove this"
			}
		}
	}
	return m.file.Render()
}

func (m *maker) names() string {
	var names []string
	for _, p := range m.parts {
		names = append(names, path.Base(p.spec.Name))
	}
	if len(names) > 3 {
		names = append(names[:2], fmt.Sprintf("%d more", len(names)-2))
	}
	return strings.Join(names, ", ")
}
