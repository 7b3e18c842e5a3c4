package compile

import (
	"fmt"
	"path/filepath"

	"outrigger/policy/openapi"
)

// catalog is a spec that was read, once for all upstreams that name it.
type catalog struct {
	*openapi.Catalog
	// broken says that the spec has errors: it has been reported, and what it declares is not to be judged by.
	broken bool
}

func (c *compiler) catalog(file specFile) *catalog {
	path := filepath.ToSlash(file.path)
	if known := c.catalogs[path]; known != nil {
		return known
	}
	read := &catalog{Catalog: &openapi.Catalog{File: path}, broken: true}
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
		return c.readFile(name)
	}}
	found, problems := reader.Read(path)
	c.problems = append(c.problems, problems...)
	if found != nil {
		read.Catalog, read.broken = found, problems.HasErrors()
	}
	if c.options.CheckSchemas && !read.broken {
		c.problems = append(c.problems, reader.CheckSchemas(path)...)
	}
	return read
}
