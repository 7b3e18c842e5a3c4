package openapi

import (
	"bytes"
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"outrigger/policy"
	"outrigger/policy/document"
)

// specFile is one file of a document, read once.
type specFile struct {
	name string
	data []byte
	tree tree // absent when it could not be read, which has been reported
	// weighed says that the file is counted among what the library is given.
	weighed bool
}

// open returns a file, reading it the first time. ref is the $ref that asks for it, absent for the document itself.
// It returns nil after reporting why, a file that cannot be read with the given severity.
func (r *reading) open(name string, ref tree, severity policy.Severity) *specFile {
	if f, known := r.files[name]; known {
		if f.tree == absent && ref != absent {
			r.report(policy.Problem{
				Code: CodeMissing, Severity: severity, Place: ref.Place(),
				Message: fmt.Sprintf("$ref leads to a file that cannot be used: %s", name), Expected: "a readable file",
			})
		}
		return usable(f)
	}
	f := &specFile{name: name}
	r.files[name] = f
	data, err := r.reader.ReadFile(name)
	if err == nil && len(data) <= MaxFileBytes {
		data = inUTF8(data)
	}
	f.data = data
	switch {
	case err != nil && ref == absent:
		r.fail(policy.Problem{
			Code: CodeUnreadable, Place: policy.Place{File: name},
			Message:  fmt.Sprintf("spec cannot be read: %v", err),
			Expected: "a readable file",
		})
	case err != nil:
		r.report(policy.Problem{
			Code: CodeMissing, Severity: severity, Place: ref.Place(),
			Message:  fmt.Sprintf("$ref leads to a file that cannot be read: %v", err),
			Expected: "a file in the document's folder", Suggestion: "check the path; it is relative to the file it stands in",
		})
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
	if f.tree == absent {
		return nil
	}
	return f
}

func tooLarge(name string, size, total, files int) *policy.Problem {
	p := policy.Problem{
		Code: CodeTooLarge, Severity: policy.Error, Place: policy.Place{File: name, Line: 1, Column: 1},
		Suggestion: "leave out what the sidecar does not need, such as examples",
	}
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
		f.tree = tree{json: jsonTree{j, 0}}
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
		f.tree = tree{yaml: root}
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
	if f.tree != absent && len(problems) > 0 {
		parts = sectionsOf(f.tree)
	}
	for _, p := range problems {
		if f.tree != absent && p.Code != CodeSecondDocument && !parts.matter(p.Place) {
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

// sections are the parts of a document by where their keys stand, to tell whether a defect at a place can change the
// catalog. Only problems ask, so they are built when there is one.
type sections []section

type section struct {
	line, column int
	matters      bool
}

// idle are the fields of a document, and of its components, that hold no operations and nothing that operations refer to.
var idle = map[string]bool{
	"info": true, "tags": true, "externalDocs": true, "security": true, "definitions": true, "securityDefinitions": true,
	"schemas": true, "examples": true, "securitySchemes": true, "links": true, "requestBodies": true, "jsonSchemaDialect": true,
}

func sectionsOf(root tree) sections {
	var all sections
	add := func(m member) {
		all = append(all, section{m.place.Line, m.place.Column, !idle[m.key] && !strings.HasPrefix(m.key, "x-")})
	}
	for m := range root.members() {
		add(m)
		if m.key == "components" {
			for part := range m.value.members() {
				add(part)
			}
		}
	}
	return all
}

// matter reports whether the last key at or before a place begins a part that the catalog comes from.
func (s sections) matter(p policy.Place) bool {
	matters := true
	for _, part := range s {
		if cmp.Or(cmp.Compare(part.line, p.Line), cmp.Compare(part.column, p.Column)) >= 0 {
			break
		}
		matters = part.matters
	}
	return matters
}

// spot is a value and the file it stands in, from which its relative $refs start.
type spot struct {
	tree
	file *specFile
}

func (s spot) at(key string) spot { return spot{s.get(key), s.file} }

// longestChain is how many $refs one after the other are followed; real documents have a handful at most.
const longestChain = 32

// follow goes from a $ref to what it names, over as many $refs as there are. A value without one is returned as it is.
// Where a $ref leads nowhere, that is reported with the given severity and ok is false. what names the role in messages.
func (r *reading) follow(s spot, what string, severity policy.Severity) (target spot, ok bool) {
	var passed []string
	for {
		ref := s.get("$ref")
		if !ref.isScalar() {
			return s, true
		}
		name, problem := r.refName(s.file, ref)
		if problem == nil && slices.Contains(passed, name) {
			problem = &policy.Problem{
				Code: CodeCycle, Severity: severity, Message: fmt.Sprintf("$ref of %s leads back to itself: %s", what, ref.Text()),
				Expected: "a $ref that ends at a value", Suggestion: "write the value out at one of them",
			}
		}
		if problem == nil && len(passed) == longestChain {
			problem = &policy.Problem{
				Code: CodeCycle, Severity: severity, Message: fmt.Sprintf("$ref of %s goes on over more than %d others", what, longestChain),
				Expected: "a $ref that ends at a value soon", Suggestion: "refer to the value itself",
			}
		}
		if problem == nil {
			s, problem = r.target(name, ref, what, severity)
		}
		if problem != nil {
			if problem.Message != "" {
				problem.Place = ref.Place()
				r.report(*problem)
			}
			return spot{absent, s.file}, false
		}
		passed = append(passed, name)
	}
}

// longestPeek is how many $refs one after the other are followed where only a hint is to be found.
const longestPeek = 8

// peek is follow for hints: it reads no file that is not open, and says nothing where a $ref leads nowhere.
func (r *reading) peek(s spot) spot {
	for range longestPeek {
		ref := s.get("$ref")
		if !ref.isScalar() {
			return s
		}
		name, problem := r.refName(s.file, ref)
		fileName, pointer, _ := strings.Cut(name, nameSeparator)
		f := r.files[fileName]
		if problem != nil || f == nil || f.tree == absent {
			break
		}
		found, _ := pointTo(f.tree, pointer)
		s = spot{found, f}
	}
	return spot{absent, s.file}
}

// nameSeparator stands in no file name.
const nameSeparator = "\x00"

// refName gives the one name of a $ref's target: file, separator, JSON pointer.
func (r *reading) refName(base *specFile, ref tree) (string, *policy.Problem) {
	text := ref.Text()
	file, pointer, _ := strings.Cut(text, "#")
	file = r.ownURL(base, file)
	if hasScheme(file) || strings.HasPrefix(file, "//") {
		return "", &policy.Problem{
			Code: CodeOutside, Severity: policy.Error, Message: fmt.Sprintf("$ref to a URL: %s", text),
			Expected: "a file in the document's folder, or \"#/...\"", Suggestion: "save what it names beside the document and refer to that",
		}
	}
	file, okFile := unescape(file)
	pointer, okPointer := unescape(pointer)
	if !okFile || !okPointer {
		return "", &policy.Problem{
			Code: CodeMissing, Severity: policy.Error, Message: fmt.Sprintf("$ref is escaped wrongly: %s", text),
			Expected: "% followed by two hexadecimal digits", Suggestion: "write a percent sign as %25",
		}
	}
	name, inside := r.within(base, file)
	if !inside {
		return "", &policy.Problem{
			Code: CodeOutside, Severity: policy.Error, Message: fmt.Sprintf("$ref leaves the document's folder: %s", text),
			Expected: "a file in the folder of " + r.root + " or below", Suggestion: "move the file there",
		}
	}
	return name + nameSeparator + pointer, nil
}

// ownURL makes a relative reference of a URL under that which a file of 3.2 says it is known by ($self): such a URL names the file
// itself or one beside it, wherever they are kept.
func (r *reading) ownURL(base *specFile, url string) string {
	self := base.tree.get("$self").Text()
	if base.tree == absent || self == "" || !hasScheme(url) {
		return url
	}
	self, _, _ = strings.Cut(self, "#")
	folder := self[:strings.LastIndexByte(self, '/')+1]
	switch rest, under := strings.CutPrefix(url, folder); {
	case url == self:
		return ""
	case under && strings.Contains(folder, "://") && len(folder) > strings.Index(folder, "://")+len("://"):
		return rest
	}
	return url
}

// target finds what a name of refName stands for, once. A problem without a message has been reported already.
func (r *reading) target(name string, ref tree, what string, severity policy.Severity) (spot, *policy.Problem) {
	if known, ok := r.targets[name]; ok {
		return known, nil
	}
	fileName, pointer, _ := strings.Cut(name, nameSeparator)
	f := r.open(fileName, ref, severity)
	if f == nil {
		return spot{}, &policy.Problem{}
	}
	found, missing := pointTo(f.tree, pointer)
	if found == absent {
		return spot{}, &policy.Problem{
			Code: CodeMissing, Severity: severity, Message: fmt.Sprintf("$ref of %s leads nowhere: %s (%s has no %q)", what, ref.Text(), fileName, missing),
			Expected: "a value that exists", Suggestion: "check the name, upper and lower case too",
		}
	}
	s := spot{found, f}
	r.targets[name] = s
	return s, nil
}

// hasScheme reports whether a reference is absolute (RFC 3986 section 3.1).
func hasScheme(ref string) bool {
	for i, c := range []byte(ref) {
		switch {
		case c == ':':
			return i > 0
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
		case i > 0 && (c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.'):
		default:
			return false
		}
	}
	return false
}

// unescape decodes percent escapes (RFC 3986 section 2.1).
func unescape(s string) (string, bool) {
	if !strings.Contains(s, "%") {
		return s, true
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", false
		}
		code, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
		if err != nil {
			return "", false
		}
		b.WriteByte(byte(code))
		i += 2
	}
	return b.String(), true
}
