package openapi

import (
	"fmt"
	"path"
	"slices"
	"strings"

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
	root := run.open(run.root, absent, policy.Error)
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
	// allConsumes are the document's, consumes those of the operation at hand, of request bodies in 2.0.
	allConsumes, consumes tree
	problems              policy.Problems
	told                  map[toldKey]bool
	counts                map[policy.Severity]int
	passed                map[policy.Place]bool // operation ids taken for catalog.Elsewhere
	security              tree                  // the document's requirement
	needed                map[string]bool       // names of the schemes that some operation cannot be called without
	full                  bool                  // maxOperations or maxSteps is reached
	steps                 int
	loaded                load
}

// toldKey tells problems apart: a shared component is walked once for each use and is reported once.
type toldKey struct {
	code  string
	place policy.Place
}

func newReading(r Reader, file string) *reading {
	return &reading{
		reader: r, root: path.Clean(file), files: map[string]*specFile{}, targets: map[string]spot{}, told: map[toldKey]bool{}, passed: map[policy.Place]bool{}, counts: map[policy.Severity]int{},
		needed:  map[string]bool{},
		catalog: &Catalog{File: file}, loaded: load{sizes: map[string]int{}, later: map[string][]string{}},
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

// document walks the root of a document.
func (r *reading) document(root spot) {
	if !root.isMapping() {
		r.fail(policy.Problem{
			Code: CodeForeign, Place: root.Place(),
			Message:  "no OpenAPI document: the file is " + root.Kind().String(),
			Expected: "a mapping with openapi, info and paths",
		})
		r.catalog = nil
		return
	}
	r.version(root)
	r.produces, r.allConsumes = root.get("produces"), root.get("consumes")
	r.catalog.Title = root.get("info").get("title").Text()
	r.catalog.Servers = serverURLs(root.tree)
	r.security = root.get("security")
	if r.swagger2 {
		r.catalog.BasePaths = []string{basePath(root.get("basePath").Text())}
	} else if r.catalog.BasePaths = serverPaths(root.get("servers")); r.catalog.BasePaths == nil {
		r.catalog.BasePaths = []string{""}
	}
	for m := range root.members() {
		switch strings.ToLower(m.key) {
		case "paths":
			if m.key != "paths" {
				r.warn(policy.Problem{
					Code: CodeField, Place: m.place,
					Message:  fmt.Sprintf("field %q is not read", m.key),
					Expected: "paths", Suggestion: "write it in lower case",
				})
				continue
			}
			if paths, ok := r.follow(spot{m.value, root.file}, "paths", policy.Error); ok {
				r.paths(paths)
			}
		case "webhooks":
			r.elsewhere(spot{m.value, root.file}, "webhook")
		}
	}
	r.duplicateIDs()
	r.schemes(root)
}

// needs notes the schemes that every alternative of a requirement names: an operation cannot be called without them.
func (r *reading) needs(requirement tree) {
	alternatives, counts := 0, map[string]int{}
	for alternative := range requirement.items() {
		alternatives++
		for scheme := range alternative.members() {
			counts[scheme.key]++
		}
	}
	for name, n := range counts {
		if n == alternatives {
			r.needed[name] = true
		}
	}
}

// schemes reads the security schemes that are needed.
func (r *reading) schemes(root spot) {
	declared := root.at("components").at("securitySchemes")
	if r.swagger2 {
		declared = root.at("securityDefinitions")
	}
	if len(r.needed) == 0 {
		return
	}
	for m := range declared.members() {
		scheme, ok := r.follow(spot{m.value, declared.file}, "security scheme", policy.Warning)
		if !ok || !r.needed[m.key] {
			continue
		}
		s := Scheme{Name: m.key, Type: scheme.get("type").Text(), Place: scheme.get("type").Place()}
		if s.Type == "apiKey" {
			s.In, s.Header, s.Place = scheme.get("in").Text(), scheme.get("name").Text(), scheme.get("name").Place()
		}
		r.catalog.Schemes = append(r.catalog.Schemes, s)
	}
}

// version decides which standard a document follows, kindly: what is younger than 3.2 is read as 3.2.
func (r *reading) version(root spot) {
	if v := root.get("openapi"); v.isScalar() {
		r.catalog.Version = v.Text()
		switch major, minor, _ := strings.Cut(v.Text(), "."); {
		case major != "3":
			r.fail(policy.Problem{
				Code: CodeForeign, Place: v.Place(),
				Message:  fmt.Sprintf("version %q of OpenAPI is not known", v.Text()),
				Expected: "3.0, 3.1, 3.2 or Swagger 2.0", Suggestion: "convert the document",
			})
		case !strings.HasPrefix(minor+".", "0.") && !strings.HasPrefix(minor+".", "1.") && !strings.HasPrefix(minor+".", "2."):
			r.warn(policy.Problem{
				Code: CodeForeign, Place: v.Place(),
				Message:  fmt.Sprintf("version %q of OpenAPI is not known; it is read as 3.2", v.Text()),
				Expected: "3.0, 3.1 or 3.2",
			})
		}
		return
	}
	if v := root.get("swagger"); v.isScalar() {
		r.catalog.Version = v.Text()
		r.swagger2 = true
		if v.Text() != "2.0" && v.Text() != "2" {
			r.fail(policy.Problem{
				Code: CodeForeign, Place: v.Place(),
				Message:  fmt.Sprintf("version %q of Swagger is not known", v.Text()),
				Expected: "2.0", Suggestion: "convert the document",
			})
		}
		return
	}
	for m := range root.members() {
		if word := strings.ToLower(m.key); word == "openapi" || word == "swagger" {
			r.fail(policy.Problem{
				Code: CodeForeign, Place: m.place,
				Message:  fmt.Sprintf("no OpenAPI document: field %q is spelled wrongly", m.key),
				Expected: word, Suggestion: "write it in lower case",
			})
			return
		}
	}
	p := policy.Problem{
		Code: CodeForeign, Place: root.Place(),
		Message:  "no OpenAPI document: neither openapi nor swagger says its version",
		Expected: "openapi: 3.1.0", Suggestion: "is this the root document, or a part of one?",
	}
	for m := range root.members() {
		if m.key == "asyncapi" {
			p.Place, p.Message, p.Suggestion = m.place, "no OpenAPI document, but one of AsyncAPI", "name the document that describes the HTTP operations"
		}
	}
	r.fail(p)
}

// duplicateIDs reports every operation whose id an earlier one has, each where it stands. It is a warning, for real documents have
// hundreds of them (Kubernetes); none of the operations is known by that id any more, so no policy can hold for one by chance.
func (r *reading) duplicateIDs() {
	first := make(map[string]*Operation, len(r.catalog.Operations))
	shared := map[string]bool{}
	for _, op := range r.catalog.Operations {
		if op.ID == "" {
			continue
		}
		earlier, twice := first[op.ID]
		if !twice {
			first[op.ID] = op
			continue
		}
		at := op.IDPlace
		if earlier.IDPlace == op.IDPlace {
			// Two paths share one path item by $ref: the text is the same, so the place tells nothing.
			at = op.PathPlace
		}
		shared[op.ID] = shared[op.ID] || op.CoveredBy != earlier
		r.duplicateID(at, fmt.Sprintf("operationId %q is that of %s %s already (%s)", op.ID, earlier.Method, earlier.Path, earlier.IDPlace))
	}
	for _, e := range r.catalog.Elsewhere {
		if op := first[e.ID]; op != nil {
			r.duplicateID(e.Place, fmt.Sprintf("operationId %q of a %s is that of %s %s already (%s)", e.ID, e.Where, op.Method, op.Path, op.IDPlace))
		}
	}
	for _, op := range r.catalog.Operations {
		if shared[op.ID] {
			op.ID, op.SharedID = "", op.ID
		}
	}
}

func (r *reading) duplicateID(at policy.Place, message string) {
	r.warn(policy.Problem{
		Code: CodeDuplicateID, Place: at, Message: message,
		Expected: "an id that no other operation has", Suggestion: "rename one of them",
	})
}

// serverPaths returns the path part of each server once, nil when none is declared. Variables take their defaults.
func serverPaths(servers tree) []string {
	var paths []string
	for server := range servers.items() {
		for _, path := range serverVariants(server) {
			if p := basePath(path); !slices.Contains(paths, p) {
				paths = append(paths, p)
			}
		}
	}
	return paths
}

// maxVariants bounds the paths of one server.
const maxVariants = 16

// serverVariants returns the path of a server for every value that its variables may have, those of the defaults first.
func serverVariants(server tree) []string {
	paths := []string{urlPath(serverURL(server))}
	template := urlPath(server.get("url").Text())
	for variable := range server.get("variables").members() {
		name := "{" + variable.key + "}"
		if !strings.Contains(template, name) {
			continue
		}
		for value := range variable.value.get("enum").items() {
			others := serverURLWith(server, variable.key, value.Text())
			if p := urlPath(others); value.isScalar() && len(paths) < maxVariants && !slices.Contains(paths, p) {
				paths = append(paths, p)
			}
		}
	}
	return paths
}

// serverURL returns the URL of a server with the defaults of its variables.
func serverURL(server tree) string { return serverURLWith(server, "", "") }

// serverURLWith does so with one variable at another value.
func serverURLWith(server tree, name, value string) string {
	url := server.get("url").Text()
	for variable := range server.get("variables").members() {
		switch standard := variable.value.get("default"); {
		case name != "" && variable.key == name:
			url = strings.ReplaceAll(url, "{"+name+"}", value)
		case standard.isScalar():
			url = strings.ReplaceAll(url, "{"+variable.key+"}", standard.Text())
		}
	}
	return url
}

// serverURLs returns the URLs of a document's servers.
func serverURLs(root tree) []string {
	var urls []string
	for server := range root.get("servers").items() {
		urls = append(urls, serverURL(server))
	}
	host := root.get("host").Text()
	if !root.get("swagger").isScalar() || host == "" {
		return urls
	}
	for scheme := range root.get("schemes").items() {
		urls = append(urls, scheme.Text()+"://"+host+root.get("basePath").Text())
	}
	if urls == nil { // the scheme is then that by which the document came, which nobody knows
		urls = []string{"http://" + host + root.get("basePath").Text()}
	}
	return urls
}

// urlPath returns the path of a URL or of a relative reference. net/url refuses what templates leave in a host.
func urlPath(url string) string {
	if i := strings.IndexAny(url, "?#"); i >= 0 {
		url = url[:i]
	}
	scheme, rest, absolute := strings.Cut(url, "://")
	if !absolute || strings.Contains(scheme, "/") {
		rest, absolute = strings.CutPrefix(url, "//")
	}
	if !absolute {
		return url
	}
	i := strings.IndexByte(rest, '/')
	if i < 0 {
		return ""
	}
	return rest[i:]
}

// basePath brings a path to the form that stands before a path template: a slash in front and none behind, "" for the root.
// A relative one ("v1", "./") is taken from the root, where the document is usually served.
func basePath(path string) string {
	path = strings.Trim(strings.TrimPrefix(path, "./"), "/")
	if path == "" || path == "." {
		return ""
	}
	return "/" + path
}
