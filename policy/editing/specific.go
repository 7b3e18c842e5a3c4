package editing

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"outrigger/policy"
	"outrigger/policy/language"
	"outrigger/policy/openapi"
)

// specific puts what a catalog declares into the schema of the part of the file that names it.
func (w *writer) specific(root *schema, name string, catalog *openapi.Catalog) {
	shape, at, operationAt := language.File.Under("inbound"), language.Inbound, language.InboundOperation
	if name != policy.Application {
		shape, at, operationAt = *language.File.Under("upstreams").Item, language.Outbound, language.UpstreamOperation
	}
	part := w.mapping(shape, at)
	part.Properties["operations"].AllOf = []*schema{w.operations(catalog, operationAt)}
	part.Properties["operations"].PropertyName, part.Properties["operations"].Additional = nil, nil
	var declared []int
	for _, op := range catalog.Operations {
		declared = append(declared, failures(op)...)
	}
	if statuses := w.statuses(declared); statuses != nil {
		whole := part.Properties["policy"]
		whole.AllOf = append(whole.AllOf, statuses)
	}
	if name == policy.Application {
		described := root.Properties["inbound"]
		part.Description, part.Examples = described.Description, described.Examples
		root.Properties["inbound"] = part
		return
	}
	upstreams := root.Properties["upstreams"]
	if upstreams.Properties == nil {
		upstreams.Properties = map[string]*schema{}
	}
	part.Description = strings.TrimSpace(catalog.Title + "\n\n" + fmt.Sprintf("%d operations in %s", len(catalog.Operations), catalog.File))
	upstreams.Properties[name] = part
}

// operations has the operations of a catalog as its only keys: by id where there is one, and all of them by method and path.
func (w *writer) operations(catalog *openapi.Catalog, at language.Position) *schema {
	s := &schema{Type: "object", Properties: map[string]*schema{}, Additional: false}
	var paths []string
	for _, op := range catalog.Operations {
		if op.CoveredBy != nil {
			continue
		}
		byPath := op.Method + " " + op.Path
		key := op.ID
		if key == "" {
			key = byPath
		}
		if s.Properties[key] == nil {
			s.Properties[key] = w.operation(op, at)
		}
		paths = append(paths, pathPatterns(catalog, op)...)
	}
	if len(paths) > 0 {
		slices.Sort(paths)
		s.PatternProperties = map[string]*schema{`^(` + strings.Join(slices.Compact(paths), "|") + `)$`: w.policy(at)}
	}
	return s
}

// operation is the policy at one operation of a catalog.
func (w *writer) operation(op *openapi.Operation, at language.Position) *schema {
	s := &schema{AllOf: []*schema{w.policy(at)}, Description: DescribeOperation(op), Deprecated: op.Deprecated}
	if at == language.InboundOperation { // what was answered is never retried there
		return s
	}
	if statuses := w.statuses(failures(op)); statuses != nil {
		s.AllOf = append(s.AllOf, statuses)
	}
	return s
}

// DescribeOperation tells an operation of a catalog in Markdown.
func DescribeOperation(op *openapi.Operation) string {
	text := "`" + op.Method + " " + op.Path + "`"
	if op.Deprecated {
		text += ", deprecated in the spec"
	}
	if op.Streams.Media != "" {
		text += ", streams " + op.Streams.Media
	}
	return text + fmt.Sprintf("\n\nDeclared at %s", op.Place)
}

// failures are the statuses that an operation declares as such and that retry.when may name.
func failures(op *openapi.Operation) []int {
	never := language.Policy.Under("retry", "when").Item.Never
	var codes []int
	for code := 400; code < 600; code++ {
		if op.Statuses.Literal.Has(code) && !slices.Contains(never, code) {
			codes = append(codes, code)
		}
	}
	return codes
}

// statuses offers statuses in the lists of conditions, and allows all others as before. It is nil without statuses.
func (w *writer) statuses(codes []int) *schema {
	slices.Sort(codes)
	codes = slices.Compact(codes)
	if len(codes) == 0 {
		return nil
	}
	name := "statuses"
	declared := make([]any, len(codes))
	for i, code := range codes {
		name += fmt.Sprintf("-%d", code)
		declared[i] = code
	}
	return w.define(name, func() *schema {
		list := &schema{Items: &schema{AnyOf: []*schema{{Enum: declared}, {}}}}
		return &schema{Properties: map[string]*schema{
			"retry":   {Properties: map[string]*schema{"when": list}},
			"breaker": {Properties: map[string]*schema{"failures": list}},
		}}
	})
}

var (
	parameter   = regexp.MustCompile(`\{[^}]*\}`)
	plainMethod = regexp.MustCompile(`^[A-Z][A-Z0-9-]*$`)
)

// pathPatterns are the spellings of an operation by its path: with other names of parameters, with and without a base path, and with
// characters written as they are or in the form in which requests have them.
func pathPatterns(catalog *openapi.Catalog, op *openapi.Operation) []string {
	if !plainMethod.MatchString(op.Method) {
		return nil
	}
	bases := op.BasePaths
	if bases == nil {
		bases = catalog.BasePaths
	}
	var all []string
	for _, base := range append([]string{""}, bases...) {
		literals := parameter.Split(base+op.Path, -1)
		for i, text := range literals {
			literals[i] = literalPattern(text)
		}
		all = append(all, op.Method+` +`+strings.Join(literals, `\{[^}]*\}`))
	}
	return all
}

var escapedByte = regexp.MustCompile(`^%[0-9A-Fa-f]{2}`)

// literalPattern matches a literal part of a path, in which what needs an escape may be written with or without it.
func literalPattern(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case escapedByte.MatchString(text):
			size = 3
			b.WriteString(`(%[0-9A-Fa-f]{2}|[^{}?# /])`)
		case r <= ' ' || r >= 0x7f || strings.ContainsRune("\"<>\\^`|%", r):
			fmt.Fprintf(&b, `((%%[0-9A-Fa-f]{2}){%d}|[^{}?# /])`, size)
		default:
			b.WriteString(regexp.QuoteMeta(text[:size]))
		}
		text = text[size:]
	}
	return b.String()
}
