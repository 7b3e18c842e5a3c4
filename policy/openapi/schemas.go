package openapi

import (
	"fmt"
	"net/url"
	"path"

	"github.com/getkin/kin-openapi/openapi3"

	"outrigger/policy"
)

// CheckSchemas loads a document of version 3 as a whole, schemas included, and warns where that fails: bodies cannot
// be validated against it then, and nothing else is lost. It reads the same files as Read and no others, and says
// nothing of what Read says already. It takes up to ten times as long as Read and cannot be interrupted: whoever cannot
// wait runs it aside. The schemas of Swagger 2.0 are not checked.
func (r Reader) CheckSchemas(file string) policy.Problems {
	run := newReading(r, file)
	root := run.open(run.root, nil, policy.Error)
	if root == nil || !isScalar(root.tree.get("openapi")) {
		return nil
	}
	err := run.load(root)
	if err == nil {
		return nil
	}
	d := diagnosis{reading: run, root: root}
	d.find(err)
	return d.problems
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
	return f.data, nil
}
