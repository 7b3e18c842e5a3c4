package openapi

import (
	"bytes"
	"fmt"
	"path"
	"strings"

	"outrigger/policy"
	"outrigger/policy/document"
)

// specFile is one file of a document, read once.
type specFile struct {
	name string
	data []byte
	tree tree // nil when it could not be read, which has been reported
}

// open returns a file, reading it the first time. ref is the $ref that asks for it, nil for the document itself.
// It returns nil after reporting why, a file that cannot be read with the given severity.
func (r *reading) open(name string, ref tree, severity policy.Severity) *specFile {
	if f, known := r.files[name]; known {
		if f.tree == nil && ref != nil {
			r.report(policy.Problem{Code: CodeMissing, Severity: severity, Place: ref.Place(),
				Message: fmt.Sprintf("$ref leads to a file that cannot be used: %s", name), Expected: "a readable file"})
		}
		return usable(f)
	}
	f := &specFile{name: name}
	r.files[name] = f
	data, err := r.reader.ReadFile(name)
	f.data = data
	switch {
	case err != nil && ref == nil:
		r.fail(policy.Problem{Code: CodeUnreadable, Place: policy.Place{File: name},
			Message:  fmt.Sprintf("spec cannot be read: %v", err),
			Expected: "a readable file"})
	case err != nil:
		r.report(policy.Problem{Code: CodeMissing, Severity: severity, Place: ref.Place(),
			Message:  fmt.Sprintf("$ref leads to a file that cannot be read: %v", err),
			Expected: "a file in the document's folder", Suggestion: "check the path; it is relative to the file it stands in"})
	default:
		r.bytes += len(data)
		if p := tooLarge(name, len(data), r.bytes, len(r.files)); p != nil {
			r.report(*p)
			return nil
		}
		r.parse(f, data)
	}
	return usable(f)
}

func usable(f *specFile) *specFile {
	if f.tree == nil {
		return nil
	}
	return f
}

func tooLarge(name string, size, total, files int) *policy.Problem {
	p := policy.Problem{Code: CodeTooLarge, Severity: policy.Error, Place: policy.Place{File: name, Line: 1, Column: 1},
		Suggestion: "leave out what the sidecar does not need, such as examples"}
	switch {
	case size > MaxFileBytes:
		p.Message = fmt.Sprintf("spec is too large: %d MiB", size>>20)
		p.Expected = fmt.Sprintf("at most %d MiB in a file", MaxFileBytes>>20)
	case total > maxTotalBytes:
		p.Message = fmt.Sprintf("spec is too large: its files have more than %d MiB together", maxTotalBytes>>20)
		p.Expected = fmt.Sprintf("at most %d MiB in all files", maxTotalBytes>>20)
	case files > maxFiles:
		p.Message = fmt.Sprintf("spec has more than %d files", maxFiles)
		p.Expected = fmt.Sprintf("at most %d files", maxFiles)
	default:
		return nil
	}
	return &p
}

// parse reads a file as JSON when it starts as JSON does, else as YAML. JSON is never read as YAML: YAML has no surrogate
// pairs in its escapes. A file that is named as YAML may still be a YAML flow mapping.
func (r *reading) parse(f *specFile, data []byte) {
	if !looksLikeJSON(data) {
		r.parseYAML(f, data)
		return
	}
	j, problems := parseJSON(f.name, data)
	if j == nil && (strings.HasSuffix(f.name, ".yaml") || strings.HasSuffix(f.name, ".yml")) {
		r.parseYAML(f, data)
		return
	}
	if j != nil {
		f.tree = jsonTree{j, 0}
	}
	r.adopt(f, problems)
}

func looksLikeJSON(data []byte) bool {
	text := bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), " \t\r\n")
	return len(text) > 0 && (text[0] == '{' || text[0] == '[')
}

func (r *reading) parseYAML(f *specFile, data []byte) {
	root, problems := document.ParseSpec(f.name, data)
	if root != nil {
		f.tree = yamlTree{root}
	}
	for i, p := range problems {
		problems[i].Code = specCodes[p.Code]
	}
	r.adopt(f, problems)
}

// specCodes are what the problems of a YAML file are called in a spec.
var specCodes = map[string]string{
	document.CodeSyntax: CodeUnreadable, document.CodeDuplicateKey: CodeDuplicateKey, document.CodeSecondDocument: CodeSecondDocument,
	document.CodeTooLarge: CodeTooLarge, document.CodeTooDeep: CodeTooLarge, document.CodeAliases: CodeTooLarge,
	document.CodeEncoding: CodeUnreadable, document.CodeKey: CodeUnreadable, document.CodeEmpty: CodeUnreadable,
}

// adopt reports a file's problems; those in parts that the catalog does not come from are warnings.
func (r *reading) adopt(f *specFile, problems policy.Problems) {
	var parts sections
	if f.tree != nil && len(problems) > 0 {
		parts = sectionsOf(f.tree)
	}
	for _, p := range problems {
		if f.tree != nil && p.Code != CodeSecondDocument && !parts.matter(p.Place) {
			p.Severity = policy.Warning
		}
		r.report(p)
	}
}

// within resolves the file part of a $ref against the file it stands in. It refuses what leaves the document's folder.
func (r *reading) within(base *specFile, file string) (name string, ok bool) {
	if file == "" {
		return base.name, true
	}
	if strings.HasPrefix(file, "/") {
		return "", false
	}
	name = path.Join(path.Dir(base.name), file)
	return name, r.inFolder(name)
}

// inFolder reports whether a clean name is of a file in the document's folder or below.
func (r *reading) inFolder(name string) bool {
	folder := path.Dir(r.root)
	if folder == "." {
		return name != ".." && !strings.HasPrefix(name, "../") && !strings.HasPrefix(name, "/")
	}
	return strings.HasPrefix(name, strings.TrimSuffix(folder, "/")+"/")
}
