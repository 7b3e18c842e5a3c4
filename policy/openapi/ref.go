package openapi

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"outrigger/policy"
	"outrigger/policy/document"
)

// spot is a value and the file it stands in, from which its relative $refs start.
type spot struct {
	tree
	file *specFile
}

func (s spot) at(key string) spot { return spot{s.get(key), s.file} }

// follow goes from a $ref to what it names, over as many $refs as there are. A value without one is returned as it is.
// Where a $ref leads nowhere, that is reported with the given severity and ok is false. what names the role in messages.
func (r *reading) follow(s spot, what string, severity policy.Severity) (target spot, ok bool) {
	var passed []string
	for {
		ref := s.get("$ref")
		if !isScalar(ref) {
			return s, true
		}
		name, problem := r.refName(s.file, ref)
		if problem == nil && slices.Contains(passed, name) {
			problem = &policy.Problem{Code: CodeCycle, Severity: severity, Message: fmt.Sprintf("$ref of %s leads back to itself: %s", what, ref.Text()),
				Expected: "a $ref that ends at a value", Suggestion: "write the value out at one of them"}
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

// nameSeparator stands in no file name.
const nameSeparator = "\x00"

// refName gives the one name of a $ref's target: file, separator, JSON pointer.
func (r *reading) refName(base *specFile, ref tree) (string, *policy.Problem) {
	text := ref.Text()
	file, pointer, _ := strings.Cut(text, "#")
	if hasScheme(file) || strings.HasPrefix(file, "//") {
		return "", &policy.Problem{Code: CodeOutside, Severity: policy.Error, Message: fmt.Sprintf("$ref to a URL: %s", text),
			Expected: "a file in the document's folder, or \"#/...\"", Suggestion: "save what it names beside the document and refer to that"}
	}
	file, okFile := unescape(file)
	pointer, okPointer := unescape(pointer)
	if !okFile || !okPointer {
		return "", &policy.Problem{Code: CodeMissing, Severity: policy.Error, Message: fmt.Sprintf("$ref is escaped wrongly: %s", text),
			Expected: "% followed by two hexadecimal digits", Suggestion: "write a percent sign as %25"}
	}
	name, inside := r.within(base, file)
	if !inside {
		return "", &policy.Problem{Code: CodeOutside, Severity: policy.Error, Message: fmt.Sprintf("$ref leaves the document's folder: %s", text),
			Expected: "a file in the folder of " + r.root + " or below", Suggestion: "move the file there"}
	}
	return name + nameSeparator + pointer, nil
}

// target finds what a name of refName stands for, once. A problem without a message has been reported already.
func (r *reading) target(name string, ref tree, what string, severity policy.Severity) (spot, *policy.Problem) {
	if known, ok := r.targets[name]; ok && known.tree != nil {
		return known, nil
	}
	fileName, pointer, _ := strings.Cut(name, nameSeparator)
	f := r.open(fileName, ref, severity)
	if f == nil {
		return spot{}, &policy.Problem{}
	}
	found, missing := pointTo(f.tree, pointer)
	if found == nil {
		return spot{}, &policy.Problem{Code: CodeMissing, Severity: severity, Message: fmt.Sprintf("$ref of %s leads nowhere: %s (%s has no %q)", what, ref.Text(), fileName, missing),
			Expected: "a value that exists", Suggestion: "check the name, upper and lower case too"}
	}
	s := spot{found, f}
	r.targets[name] = s
	return s, nil
}

// pointTo follows a JSON pointer (RFC 6901). It returns nil and the part that is missing when it leads nowhere.
func pointTo(root tree, pointer string) (found tree, missing string) {
	if pointer == "" || pointer == "/" {
		return root, ""
	}
	steps, isPointer := strings.CutPrefix(pointer, "/")
	if !isPointer {
		return nil, pointer
	}
	found = root
	for step := range strings.SplitSeq(steps, "/") {
		step = strings.ReplaceAll(strings.ReplaceAll(step, "~1", "/"), "~0", "~")
		if found = child(found, step); found == nil {
			return nil, step
		}
	}
	return found, ""
}

func child(t tree, step string) tree {
	if isSequence(t) {
		index, err := strconv.Atoi(step)
		if err != nil {
			return nil
		}
		for item := range t.items() {
			if index == 0 {
				return item
			}
			index--
		}
		return nil
	}
	next := t.get(step)
	if next.Kind() == document.Null {
		return nil
	}
	return next
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
