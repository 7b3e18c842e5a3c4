package openapi

import (
	"fmt"
	"slices"
	"strings"

	"outrigger/policy"
)

// template checks a path key and cuts what is no part of a path. whole is false when something was cut.
func (r *reading) template(key string, at policy.Place) (path string, whole bool) {
	path = key
	if i := cutAt(key); i >= 0 {
		path, whole = key[:i], false
	} else {
		whole = true
	}
	if !strings.HasPrefix(path, "/") {
		r.warn(policy.Problem{Code: CodePath, Place: at,
			Message:  fmt.Sprintf("path %q does not start with a slash; it is read as %q", key, "/"+path),
			Expected: "/" + path, Suggestion: "add the slash"})
		path = "/" + path
	}
	if problem := malformed(path); problem != "" {
		r.fail(policy.Problem{Code: CodePath, Place: at,
			Message:  fmt.Sprintf("path %q %s", key, problem),
			Expected: "parameters as {name}"})
		return path, whole
	}
	names := parameterNames(path)
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			r.warn(policy.Problem{Code: CodePath, Place: at,
				Message:  fmt.Sprintf("path %q has the parameter {%s} twice", key, name),
				Expected: "a name of its own for every parameter", Suggestion: "rename one"})
		}
	}
	if slices.ContainsFunc(rawNames(path), func(n string) bool { return plainName(n) != n }) {
		r.warn(policy.Problem{Code: CodePath, Place: at,
			Message:  fmt.Sprintf("path %q uses operators of RFC 6570, which are not OpenAPI's; each is read as one parameter", key),
			Expected: "parameters as {name}", Suggestion: "say the form by style and explode of the parameter"})
	}
	return path, whole
}

// cutAt returns where a query or a fragment begins outside braces, or -1.
func cutAt(path string) int {
	depth := 0
	for i, c := range []byte(path) {
		switch {
		case c == '{':
			depth++
		case c == '}':
			depth--
		case (c == '?' || c == '#') && depth <= 0:
			return i
		}
	}
	return -1
}

// malformed says what is wrong with the braces of a path, or "".
func malformed(path string) string {
	open := -1
	for i, c := range []byte(path) {
		switch {
		case c == '{' && open >= 0:
			return "has a brace inside braces"
		case c == '{':
			open = i
		case c == '}' && open < 0:
			return "closes a brace that is not open"
		case c == '}' && i == open+1:
			return "has a parameter without a name"
		case c == '}':
			open = -1
		case c == '/' && open >= 0:
			return "has a slash inside braces"
		}
	}
	if open >= 0 {
		return "leaves a brace open"
	}
	return ""
}

// rawNames returns what stands in the braces of a well-formed path.
func rawNames(path string) []string {
	var names []string
	for {
		_, rest, found := strings.Cut(path, "{")
		if !found {
			return names
		}
		name, after, _ := strings.Cut(rest, "}")
		names = append(names, name)
		path = after
	}
}

// plainName takes the operators of RFC 6570 from a name.
func plainName(name string) string { return strings.TrimRight(strings.TrimLeft(name, ".;?&#+/"), "*") }

func parameterNames(path string) []string {
	names := rawNames(path)
	for i, n := range names {
		names[i] = plainName(n)
	}
	return names
}
