package compile

import (
	"errors"
	"fmt"
	"strings"

	"outrigger/policy"
	"outrigger/policy/document"
	"outrigger/policy/openapi"
)

// fromApplication begins the value of inbound.openapi where the application itself serves its spec.
const fromApplication = "application:"

// Served is a spec that the application serves.
type Served struct {
	// Application is whom to ask, and nobody else.
	Application policy.Endpoint
	// Path of the spec there, with its query.
	Path string

	known []byte // what it served
}

// inboundSpec reads a file, or a path that the application serves.
func inboundSpec(c *compiler, key string, n *document.Node) (specFile, bool) {
	path, served := strings.CutPrefix(n.Text(), fromApplication)
	if !served {
		return spec(c, key, n)
	}
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, " #\\") {
		c.fail(codeSpelling, n.Place(), fmt.Sprintf("%s: %q is not a path of the application", key, path), "a path such as application:/openapi.json",
			"write the path only; who the application is, inbound.application says")
		return specFile{}, false
	}
	return specFile{n.Text(), n.Place()}, true
}

// catalogOf reads the spec of a source, wherever it stands.
func (c *compiler) catalogOf(s *source) *catalog {
	path, served := strings.CutPrefix(s.written.spec.path, fromApplication)
	if !served {
		return c.catalog(s.written.spec)
	}
	if len(s.Endpoints) == 0 {
		return &catalog{Catalog: &openapi.Catalog{}, broken: true} // which is told already
	}
	c.served = &Served{Application: s.Endpoints[0], Path: path}
	if ask := c.options.Application; ask != nil {
		if data, ok := ask(c.served.Application, path); ok {
			c.served.known = data
			return c.catalog(s.written.spec)
		}
	}
	c.report(policy.Problem{
		Code: codePending, Severity: policy.Info, Place: s.written.spec.place,
		Message:    "the application serves this spec, so its operations are known once it runs",
		Suggestion: "name a file where they shall be checked before",
	})
	return &catalog{Catalog: &openapi.Catalog{File: s.written.spec.path}, broken: true, pending: true}
}

// readServed stands for reading a file under the name of the served spec. Nothing beside that one document is fetched.
func (c *compiler) readServed(name string) ([]byte, error) {
	if c.served != nil && name == fromApplication+c.served.Path {
		return c.served.known, nil
	}
	return nil, errors.New("of an application only the one document that the policy names is read")
}
