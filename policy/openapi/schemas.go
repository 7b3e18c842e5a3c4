package openapi

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"outrigger/policy"
	"outrigger/policy/document"
)

// CheckSchemas loads a document of version 3 as a whole, schemas included, and warns where that fails: tools that load
// documents whole will fail at it too. The sidecar loses nothing, for it reads contracts part by part (policy/contract). It reads
// the same files as Read and no others, and says nothing of the places of which Read has told problems. It takes up to ten times as long as Read and
// cannot be interrupted, so what it is given is bounded: some seconds and 450 MiB at the worst. The schemas of Swagger 2.0 are not
// checked.
func (r Reader) CheckSchemas(file string, told policy.Problems) policy.Problems {
	run := newReading(r, file)
	root := run.open(run.root, absent, policy.Error)
	if root == nil || !root.tree.get("openapi").isScalar() {
		return nil
	}
	d := diagnosis{reading: run, root: root}
	if what := run.weigh(root); what != "" {
		d.warn(root.tree.Place(), what, fmt.Sprintf("at most %d mappings, and in one of YAML %d keys", maxLoaded, maxYAMLKeys))
		return d.problems
	}
	err := run.load(root)
	if err == nil {
		return nil
	}
	d.find(err)
	return slices.DeleteFunc(d.problems, func(p policy.Problem) bool {
		return slices.ContainsFunc(told, func(other policy.Problem) bool { return other.Place == p.Place })
	})
}

// What the schema library is given. It makes up to two kilobytes of every mapping, compares every key of a YAML mapping with every
// other, walks a chain of aliases, $refs to what is a $ref itself, anew for each of them, and what a $ref leads to as well: 300,000
// schemas are minutes and more memory than a check may have, and so are 10,000 aliases, or 10,000 $refs to one of 3,000 mappings. The
// largest public documents have some 100,000 mappings, two thousand keys in one, and ten thousand $refs.
const (
	maxLoaded   = 200_000
	maxYAMLKeys = 20_000
	maxRefs     = 50_000
	maxAliases  = 1_000
	maxWalked   = 5_000_000
)

// load is what the library is given.
type load struct {
	mappings, refs, aliases int
	walked                  int                 // mappings that $refs lead to, for each $ref
	sizes                   map[string]int      // of what is known by a name, in mappings
	later                   map[string][]string // by file: the names in it that $refs lead to, until it is read
}

func (l load) tooMuch() string {
	switch {
	case l.mappings > maxLoaded:
		return fmt.Sprintf("the document has more than %d mappings", maxLoaded)
	case l.refs > maxRefs:
		return fmt.Sprintf("the document has more than %d $refs", maxRefs)
	case l.aliases > maxAliases:
		return fmt.Sprintf("the document has more than %d $refs to what is a $ref itself", maxAliases)
	case l.walked > maxWalked:
		return fmt.Sprintf("what the $refs of the document lead to has more than %d mappings", maxWalked)
	}
	return ""
}

// weigh adds a file to what the library is given, once, and says what is too much of it.
func (r *reading) weigh(f *specFile) string {
	if f.weighed || f.tree == absent {
		return ""
	}
	f.weighed = true
	what := r.weighTree(spot{f.tree, f})
	for _, name := range r.loaded.later[f.name] {
		r.weighTarget(name)
	}
	return cmp.Or(r.loaded.tooMuch(), what)
}

func (r *reading) weighTree(s spot) (what string) {
	keys := 0
	for m := range s.members() {
		keys++
		what = cmp.Or(what, r.weighTree(spot{m.value, s.file}))
	}
	for item := range s.items() {
		what = cmp.Or(what, r.weighTree(spot{item, s.file}))
	}
	if s.isMapping() {
		r.loaded.mappings++
		r.weighRef(s)
	}
	if keys > maxYAMLKeys && !s.isJSON() {
		return fmt.Sprintf("a mapping has %d keys", keys)
	}
	return what
}

func (r *reading) weighRef(s spot) {
	ref := s.get("$ref")
	if !ref.isScalar() || r.loaded.tooMuch() != "" {
		return
	}
	r.loaded.refs++
	name, problem := r.refName(s.file, ref)
	if problem != nil {
		return
	}
	r.weighTarget(name)
	if strings.HasPrefix(name, s.file.name+nameSeparator) && r.targets[name].get("$ref").isScalar() {
		r.loaded.aliases++
	}
}

// weighTarget weighs what a $ref leads to, when its file is read.
func (r *reading) weighTarget(name string) {
	file, pointer, _ := strings.Cut(name, nameSeparator)
	f := r.files[file]
	if f == nil || !f.weighed {
		r.loaded.later[file] = append(r.loaded.later[file], name)
		return
	}
	target, known := r.targets[name]
	if !known {
		found, _ := pointTo(f.tree, pointer)
		if target = (spot{found, f}); found != absent {
			r.targets[name] = target
		}
	}
	size, known := r.loaded.sizes[name]
	if !known {
		size = mappingsIn(target.tree, maxWalked-r.loaded.walked)
		r.loaded.sizes[name] = size
	}
	r.loaded.walked += size
}

// mappingsIn counts the mappings of a tree, and stops when they are more than most.
func mappingsIn(t tree, most int) (n int) {
	if t.isMapping() {
		n = 1
	}
	for m := range t.members() {
		if n > most {
			return n
		}
		n += mappingsIn(m.value, most-n)
	}
	for item := range t.items() {
		if n > most {
			return n
		}
		n += mappingsIn(item, most-n)
	}
	return n
}

// load has the library read the document through our files, whose bounds are kept before it sees them.
func (r *reading) load(root *specFile) (err error) {
	// The library has had crashes on documents that it did not expect. A warning is all that a document may cause.
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("the reader gave up: %v", fault)
		}
	}()
	loader := openapi3.NewLoader()
	loader.ReadFromURIFunc = func(_ *openapi3.Loader, uri *url.URL) ([]byte, error) {
		return r.allowed(uri)
	}
	// A function of our own takes the place of the library's switch, which only says whether it is asked.
	loader.IsExternalRefsAllowed = true
	_, err = loader.LoadFromDataWithPath(root.data, &url.URL{Path: root.name})
	return err
}

// refusedRef is a $ref that the reader does not follow.
type refusedRef struct{ ref, why string }

func (e *refusedRef) Error() string { return fmt.Sprintf("$ref %q %s", e.ref, e.why) }

func (r *reading) allowed(uri *url.URL) ([]byte, error) {
	if root := r.files[r.root]; root != nil && uri.Scheme != "" {
		if own := r.ownURL(root, uri.String()); own == "" {
			uri = &url.URL{Path: r.root}
		} else if !hasScheme(own) {
			uri = &url.URL{Path: path.Join(path.Dir(r.root), own)}
		}
	}
	if uri.Scheme != "" || uri.Host != "" {
		return nil, &refusedRef{uri.String(), "is a URL, which is not followed"}
	}
	name := path.Clean(uri.Path)
	if !r.inFolder(name) {
		return nil, &refusedRef{uri.Path, "leaves the document's folder"}
	}
	before := len(r.problems)
	f := r.open(name, absent, policy.Warning)
	if f == nil {
		why := "leads to a file that cannot be used"
		if len(r.problems) > before {
			why = r.problems[before].Message
		}
		return nil, &refusedRef{uri.Path, why}
	}
	if what := r.weigh(f); what != "" {
		return nil, &refusedRef{uri.Path, "leads to too much: " + what}
	}
	return f.data, nil
}

// diagnosis finds the place of what the library said, which names types and pointers and no line. It looks for every $ref
// that leads nowhere first: the library stops at one, and people mend them all at once.
type diagnosis struct {
	*reading
	root     *specFile
	problems policy.Problems
}

// maxSchemaProblems bounds the places shown for one failure; the library sees one of them.
const maxSchemaProblems = 20

// maxErrorText bounds what is quoted of the library, which may quote a whole schema.
const maxErrorText = 300

func (d *diagnosis) find(err error) {
	d.brokenRefs()
	if len(d.problems) == 0 {
		d.wrongTarget(err.Error())
	}
	if len(d.problems) == 0 {
		d.wrongType(err.Error())
	}
	if len(d.problems) == 0 {
		text := lastReason(err.Error())
		if len(text) > maxErrorText {
			text = strings.ToValidUTF8(text[:maxErrorText], "") + "…"
		}
		d.warn(d.root.tree.Place(), text, "a document whose schemas a reader of OpenAPI can load")
	}
	d.problems.Sort()
}

func (d *diagnosis) warn(at policy.Place, message, expected string) {
	if len(d.problems) == maxSchemaProblems {
		return
	}
	d.problems = append(d.problems, policy.Problem{
		Code: CodeSchemas, Severity: policy.Warning, Place: at,
		Message: "schemas cannot be loaded: " + message, Expected: expected, Suggestion: "mend it for tools that load a document whole; the sidecar works without",
	})
}

// lastReason leaves the attempts out that the library tells of before the one that matters: a file that is no JSON is read as YAML.
func lastReason(text string) string {
	if _, after, tried := strings.Cut(text, ", yaml error: "); tried {
		text = after
	}
	for _, way := range []string{"failed to unmarshal data: ", "error unmarshaling JSON: ", "while decoding JSON: "} {
		text = strings.TrimPrefix(text, way)
	}
	return text
}

// brokenRefs finds the $refs which lead nowhere or where they may not, in the files that were read and those they name.
func (d *diagnosis) brokenRefs() {
	searched := map[string]bool{}
	for len(searched) < len(d.files) && len(d.problems) < maxSchemaProblems {
		for _, name := range slices.Sorted(maps.Keys(d.files)) {
			if f := d.files[name]; !searched[name] && f.tree != absent {
				eachMember(f.tree, nil, func(m member, _ []string) { d.tryRef(f, m) })
			}
			searched[name] = true
		}
	}
}

func (d *diagnosis) tryRef(f *specFile, m member) {
	if m.key != "$ref" || m.value.Tag() != "!!str" || len(d.problems) == maxSchemaProblems {
		return
	}
	target, problem := d.refName(f, m.value)
	if problem == nil {
		_, problem = d.target(target, m.value, "schema", policy.Warning)
	}
	switch {
	case problem == nil:
	case problem.Message == "":
		d.warn(m.value.Place(), "$ref leads to a file that cannot be used: "+m.value.Text(), "a readable file in the document's folder")
	default:
		d.warn(m.value.Place(), problem.Message, problem.Expected)
	}
}

var wrongTarget = regexp.MustCompile(`bad data in "([^"]+)" \(expecting ref to (.+) object\)`)

// wrongTarget finds the $refs of one role that name a component of another.
func (d *diagnosis) wrongTarget(text string) {
	match := wrongTarget.FindStringSubmatch(text)
	if match == nil {
		return
	}
	container := strings.ReplaceAll(match[2], " ", "")
	eachMember(d.root.tree, nil, func(m member, path []string) {
		if m.key != "$ref" || m.value.Text() != match[1] {
			return
		}
		for _, key := range path[max(0, len(path)-2):] {
			if strings.HasPrefix(strings.ToLower(key), container) {
				d.warn(m.value.Place(), fmt.Sprintf("$ref of a %s names something else: %s", match[2], match[1]), "a $ref to a "+match[2])
				return
			}
		}
	})
}

var wrongType = regexp.MustCompile(`cannot unmarshal (object|array|string|number|bool) into field (\w+)\.(?:\w+\.)*(\S+) of type (\S+)`)

// wrongType finds the fields of one name whose values are of the type that the library could not take.
func (d *diagnosis) wrongType(text string) {
	match := wrongType.FindStringSubmatch(text)
	if match == nil {
		return
	}
	owner, field, wanted := match[2], match[3], strings.TrimPrefix(match[4], "openapi3.")
	eachMember(d.root.tree, nil, func(m member, path []string) {
		if m.key == field && jsonWord(m.value) == match[1] && owns(owner, path) {
			d.warn(m.value.Place(), fmt.Sprintf("%s is of type %s", field, match[1]), "type "+wanted)
		}
	})
}

// owns reports whether a value at path can be of the library's type: T is the root, and Tag, Server, Parameter and their
// like stand in a field that is called after them. Schemas stand anywhere.
func owns(owner string, path []string) bool {
	switch owner {
	case "T":
		return len(path) == 0
	case "Schema":
		return true
	case "Operation":
		return len(path) > 0 && slices.Contains(methods, path[len(path)-1])
	case "PathItem":
		return len(path) > 1 && (path[len(path)-2] == "paths" || path[len(path)-2] == "pathItems" || path[len(path)-2] == "webhooks")
	case "MediaType":
		owner = "content"
	case "ServerVariable":
		owner = "variable"
	}
	return slices.ContainsFunc(path, func(key string) bool { return strings.HasPrefix(strings.ToLower(key), strings.ToLower(owner)) })
}

func jsonWord(t tree) string {
	switch t.Kind() {
	case document.Mapping:
		return "object"
	case document.Sequence:
		return "array"
	}
	switch t.Tag() {
	case "!!int", "!!float":
		return "number"
	case "!!bool":
		return "bool"
	}
	return "string"
}

// eachMember gives every member of every mapping below t to visit, with the keys that lead to its mapping. The depth and
// the size of a tree are bounded where it is read.
func eachMember(t tree, path []string, visit func(m member, path []string)) {
	for m := range t.members() {
		visit(m, path)
		eachMember(m.value, append(path, m.key), visit)
	}
	for item := range t.items() {
		eachMember(item, path, visit)
	}
}
