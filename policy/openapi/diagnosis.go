package openapi

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"outrigger/policy"
	"outrigger/policy/document"
)

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
		text := err.Error()
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
	d.problems = append(d.problems, policy.Problem{Code: CodeSchemas, Severity: policy.Warning, Place: at,
		Message: "schemas cannot be loaded: " + message, Expected: expected, Suggestion: "mend it to have bodies validated; all else works without"})
}

// brokenRefs finds the $refs which lead nowhere or where they may not, in the files that were read and those they name.
func (d *diagnosis) brokenRefs() {
	searched := map[string]bool{}
	for len(searched) < len(d.files) && len(d.problems) < maxSchemaProblems {
		for _, name := range slices.Sorted(maps.Keys(d.files)) {
			if f := d.files[name]; !searched[name] && f.tree != nil {
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
