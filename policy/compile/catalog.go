package compile

import (
	"cmp"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"outrigger/policy"
	"outrigger/policy/contract"
	"outrigger/policy/openapi"
)

// catalog is a spec that was read, once for all upstreams that name it.
type catalog struct {
	*openapi.Catalog
	// broken says that the spec has errors: it has been reported, and what it declares is not to be judged by.
	broken bool
	// pending says that the application has not served its spec yet: nothing is declared so far, and broken is set too.
	pending bool
	// checked says that everything was looked for in the spec, its schemas too.
	checked bool
	// reader reads the document again, for what the catalog leaves out.
	reader openapi.Reader
	// files are the document and those its $refs lead to.
	files map[string]bool
	// paths finds an operation by method and shape of its template, made when a key first asks.
	paths map[string]*openapi.Operation
	// These are made when a key first asks: operations by id and the first one of each shape of a path, all ids, and all operations
	// as METHOD /path.
	byID, byShape map[string]*openapi.Operation
	ids, keys     []string
}

// index makes what keys are found by.
func (c *catalog) index() {
	if c.byID != nil {
		return
	}
	c.byID = make(map[string]*openapi.Operation, len(c.Operations))
	c.byShape = make(map[string]*openapi.Operation, len(c.Operations))
	for _, op := range c.Operations {
		if shape := policy.TemplateShape(policy.CanonicalTemplate(op.Path)); c.byShape[shape] == nil {
			c.byShape[shape] = op
		}
		c.keys = append(c.keys, op.Method+" "+op.Path)
		if _, known := c.byID[op.ID]; !known && op.ID != "" {
			c.byID[op.ID] = op
			c.ids = append(c.ids, op.ID)
		}
	}
}

// find returns the operation with an id, or nil. Of several it is the first.
func (c *catalog) find(id string) *openapi.Operation {
	c.index()
	return c.byID[id]
}

// choices says which operations there are: by their names while those are few, else how many.
func (c *catalog) choices() string {
	const few = 6
	switch n := len(c.Operations); {
	case n == 0:
		return fmt.Sprintf("an operation of %s, which has none", c.File)
	case n > few:
		return fmt.Sprintf("one of the %d operations of %s", n, c.File)
	}
	var names []string
	for _, op := range c.Operations {
		names = append(names, cmp.Or(op.ID, op.Method+" "+op.Path))
	}
	return fmt.Sprintf("%s of %s", either(names), c.File)
}

// methodFirst and methodLast take the method from a key in another spelling, and hostFirst what stands before the path of a URL.
var (
	methodFirst = regexp.MustCompile(`(?i)^(get|head|post|put|patch|delete|options|trace|query)\b[ :]*(.*)$`)
	methodLast  = regexp.MustCompile(`(?i)^(.*?)[ :]+(get|head|post|put|patch|delete|options|trace|query)$`)
	hostFirst   = regexp.MustCompile(`^https?://[^/]*`)
)

// templateMeant returns the METHOD /path of an operation that a key in another spelling means, with the method behind it, without a
// slash, as a whole URL; "" for none. Without a method it is the first operation of the path.
func (c *catalog) templateMeant(key string) string {
	method, path := "", key
	if m := methodFirst.FindStringSubmatch(key); m != nil {
		method, path = m[1], m[2]
	} else if m := methodLast.FindStringSubmatch(key); m != nil {
		method, path = m[2], m[1]
	} else if !strings.HasPrefix(key, "/") {
		return ""
	}
	path = "/" + strings.TrimLeft(hostFirst.ReplaceAllString(path, ""), "/")
	c.index()
	op := c.byShape[policy.TemplateShape(policy.CanonicalTemplate(path))]
	if method != "" {
		op = c.findByPath(strings.ToUpper(method), path)
	}
	if op == nil {
		return ""
	}
	return op.Method + " " + op.Path
}

// findByPath finds by method and template, as the spec writes it or as requests show it; parameters may have other names.
func (c *catalog) findByPath(method, template string) *openapi.Operation {
	if c.paths == nil {
		c.paths = map[string]*openapi.Operation{}
		add := func(op *openapi.Operation, template string) {
			key := op.Method + " " + policy.TemplateShape(template)
			if _, known := c.paths[key]; !known && op.CoveredBy == nil {
				c.paths[key] = op
			}
		}
		for _, op := range c.Operations {
			add(op, policy.CanonicalTemplate(op.Path))
		}
		for _, op := range c.Operations {
			for _, t := range templates(c.Catalog, op) {
				add(op, t)
			}
		}
	}
	return c.paths[method+" "+policy.TemplateShape(policy.CanonicalTemplate(template))]
}

func (c *compiler) catalog(file specFile) *catalog {
	path := filepath.ToSlash(file.path)
	c.specs = append(c.specs, specFile{path, file.place})
	if known := c.catalogs[path]; known != nil {
		return known
	}
	read := &catalog{Catalog: &openapi.Catalog{File: path}, broken: true, files: map[string]bool{path: true}}
	c.catalogs[path] = read
	data, err := c.readFile(path)
	if err != nil {
		c.fail(codeMissingFile, file.place, fmt.Sprintf("spec %s cannot be read: %v", path, err),
			"a readable OpenAPI file; its path is relative to the policy file")
		return read
	}
	reader := openapi.Reader{ReadFile: func(name string) ([]byte, error) {
		if name == path {
			return data, nil
		}
		read.files[name] = true
		return c.readFile(name)
	}}
	read.reader = reader
	found, problems := reader.Read(path)
	c.problems = append(c.problems, problems...)
	if found != nil {
		read.Catalog, read.broken = found, problems.HasErrors()
	}
	if c.options.CheckSchemas && !read.broken {
		c.problems = append(c.problems, reader.CheckSchemas(path, problems)...)
		read.checked = true
	}
	return read
}

// contracts reads what the spec says of the messages of those operations whose policy has them validated.
func (c *compiler) contracts(s *source) {
	if s.catalog == nil || s.catalog.broken {
		return
	}
	wishes := map[contract.Key]contract.Wish{}
	for _, d := range s.ops {
		if w, wanted := d.wish(); wanted {
			wishes[contract.Key{Path: d.spec.Path, Place: d.spec.Place}] = w
		}
	}
	if len(wishes) == 0 {
		return
	}
	bundle := contract.Read(s.catalog.reader, s.catalog.File, func(k contract.Key) contract.Wish { return wishes[k] })
	for _, p := range bundle.Problems {
		// What the check of the whole document has found here too is told once, with what it means for validation.
		c.problems = slices.DeleteFunc(c.problems, func(other policy.Problem) bool {
			return other.Code == openapi.CodeSchemas && other.Place == p.Place
		})
		c.reportOnce(p)
	}
	if len(bundle.Schemas) > 0 {
		s.Schemas = bundle.Schemas
	}
	of := map[string]*policy.Contract{}
	for _, d := range s.ops {
		if d.spec != nil {
			of[d.ID] = bundle.Contracts[contract.Key{Path: d.spec.Path, Place: d.spec.Place}]
		}
	}
	for _, op := range s.Operations { // those of further base paths too
		op.Contract = of[op.ID]
	}
}

// wish says which messages of an operation are validated. A reply that streams never is.
func (d *declared) wish() (w contract.Wish, wanted bool) {
	if d.spec == nil {
		return w, false
	}
	v := d.Policy.Validate
	w = contract.Wish{Name: d.ID, Request: v.Request.On(), Response: v.Response.On() && d.Streaming != policy.StreamAlways}
	return w, w.Request || w.Response
}
