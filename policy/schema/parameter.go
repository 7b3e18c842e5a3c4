package schema

import (
	"net/url"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"outrigger/policy"
)

// Parameter judges a parameter by its texts: each value that the message has under its name and, for an object whose parts stand under
// names of their own, each part with its name. Those of a path or a query are still percent-encoded, so that a delimiter which is
// data is told from one that is not. A parameter that is absent has neither.
func (b *Book) Parameter(p *policy.Parameter, values []string, parts [][2]string) ([]policy.Violation, error) {
	wrong := func(reason string) ([]policy.Violation, error) {
		return []policy.Violation{{In: p.In, Name: p.Name, Reason: reason}}, nil
	}
	switch {
	case len(values) == 0 && len(parts) == 0 && p.Required:
		return wrong("is missing")
	case len(values) == 0 && len(parts) == 0, p.AllowEmpty && len(values) == 1 && values[0] == "":
		return nil, nil
	case b.schemas[p.Schema] == nil:
		return nil, nil
	}
	r := reading{book: b, parameter: p, values: values, parts: parts, left: maxLooks}
	if (p.Style == policy.StyleLabel || p.Style == policy.StyleMatrix) && len(values) > 0 {
		simple, ok := prefixed(p, values[0])
		if !ok {
			return wrong("is not written in the style " + string(p.Style))
		}
		r.values = []string{simple}
	}
	if p.Style == policy.StyleJSON {
		found, err := b.JSON(p.Schema, []byte(r.decode(values[0])))
		return r.named(found), err
	}
	found, err := r.judge(b.schemas[p.Schema])
	if r.broken {
		return wrong("holds a broken escape")
	}
	return r.named(found), err
}

// reading is the reading of one parameter's texts.
type reading struct {
	book      *Book
	parameter *policy.Parameter
	values    []string
	parts     [][2]string
	broken    bool // an escape
	unclear   bool // OpenAPI does not say how to read it
	left      looks
}

func (r *reading) named(found []policy.Violation) []policy.Violation {
	for i := range found {
		found[i].In, found[i].Name = r.parameter.In, r.parameter.Name
	}
	return found
}

// judge reads the texts as what the schema may have and judges that. Where it may have several types, the first reading that it allows
// counts, and without one the last.
func (r *reading) judge(s *jsonschema.Schema) (found []policy.Violation, err error) {
	types := r.left.typesOf(s, 0)
	var readings []any
	if types.has(array) {
		readings = append(readings, r.array(s))
	}
	if types.has(object) {
		readings = append(readings, r.object(s))
	}
	switch {
	case r.unclear:
		return nil, nil
	case len(r.values) == 1 && (types.has(scalars) || len(readings) == 0):
		readings = append(readings, r.scalars(s, r.values[0])...)
	case len(r.values) > 1 && len(readings) == 0:
		return []policy.Violation{{Reason: "is given more than once"}}, nil
	}
	if r.left < 0 {
		return nil, ErrTooComplex
	}
	for _, value := range readings {
		if found, err = r.book.judge(r.parameter.Schema, value); found == nil && err == nil {
			return nil, nil
		}
	}
	return found, err
}

// prefixed writes a text of the styles label and matrix in the style simple (RFC 6570 sections 3.2.5 and 3.2.7).
func prefixed(p *policy.Parameter, text string) (simple string, ok bool) {
	if p.Style == policy.StyleLabel {
		text, ok = strings.CutPrefix(text, ".")
		if p.Explode {
			text = strings.ReplaceAll(text, ".", ",")
		}
		return text, ok
	}
	text, ok = strings.CutPrefix(text, ";")
	items := strings.Split(text, ";")
	for i, item := range items {
		if own, found := strings.CutPrefix(item, p.Name+"="); found {
			items[i] = own
		} else if !p.Explode {
			return "", false
		}
	}
	return strings.Join(items, ","), ok
}

// decode takes the percent-encoding from a text of a path or a query.
func (r *reading) decode(text string) string {
	var err error
	switch r.parameter.In {
	case policy.InPath:
		text, err = url.PathUnescape(text)
	case policy.InQuery:
		text, err = url.QueryUnescape(text)
	}
	r.broken = r.broken || err != nil
	return text
}

// scalars are what a text may mean by a schema, the most particular first: a number, a truth, null, itself.
func (r *reading) scalars(s *jsonschema.Schema, raw string) []any {
	text, types := r.decode(raw), r.left.typesOf(s, 0)
	var all []any
	if types.has(number) {
		if n, ok := numberIn(text); ok {
			all = append(all, n)
		}
	}
	if types.has(boolean) && (text == "true" || text == "false") {
		all = append(all, text == "true")
	}
	if types.has(null) && (text == "" || text == "null") {
		all = append(all, nil)
	}
	if types.has(str) || len(all) == 0 {
		all = append(all, text)
	}
	return all
}

// scalar is the one reading that a schema allows, or the last.
func (r *reading) scalar(s *jsonschema.Schema, raw string) any {
	all := r.scalars(s, raw)
	if s != nil {
		for _, value := range all[:len(all)-1] {
			if found, err := r.book.hold(s, value); found == nil && err == nil {
				return value
			}
		}
	}
	return all[len(all)-1]
}

func (r *reading) array(s *jsonschema.Schema) any {
	items := r.left.itemsOf(s)
	list := []any{}
	for _, raw := range r.split() {
		list = append(list, r.scalar(items, raw))
	}
	return list
}

// split gives the texts of the items of an array.
func (r *reading) split() []string {
	if r.parameter.Explode && r.parameter.Style == policy.StyleForm || len(r.values) == 0 {
		return r.values
	}
	text := strings.Join(r.values, ",")
	switch r.parameter.Style {
	case policy.StyleSpace:
		text = delimiters.space.Replace(text)
	case policy.StylePipe:
		text = delimiters.pipe.Replace(text)
	case policy.StyleTab:
		text = delimiters.tab.Replace(text)
	}
	if text == "" {
		return nil
	}
	items := strings.Split(text, ",")
	if r.parameter.In == policy.InHeader {
		for i := range items {
			items[i] = strings.Trim(items[i], " \t")
		}
	}
	return items
}

// delimiters make one delimiter of the spellings that a query has for them, and keep a comma that is data.
var delimiters = struct{ space, pipe, tab *strings.Replacer }{
	space: strings.NewReplacer(",", "%2C", "%20", ",", "+", ",", " ", ","),
	pipe:  strings.NewReplacer(",", "%2C", "%7C", ",", "%7c", ",", "|", ","),
	tab:   strings.NewReplacer(",", "%2C", "%09", ",", "\t", ","),
}

func (r *reading) object(s *jsonschema.Schema) any {
	parts := r.parts
	if len(parts) == 0 {
		items := r.split()
		for i := 0; i < len(items); i++ {
			name, value, assigned := strings.Cut(items[i], "=")
			if !r.parameter.Explode {
				name, value, assigned = items[i], "", i+1 < len(items)
				if assigned {
					i++
					value = items[i]
				}
			}
			if assigned {
				parts = append(parts, [2]string{r.decode(name), value})
			}
		}
	}
	value := map[string]any{}
	for _, part := range parts {
		property := r.left.propertyOf(s, part[0])
		if !r.left.typesOf(property, 0).has(scalars &^ null) {
			r.unclear = true // a list or an object inside one, which every framework writes in its own way
		}
		value[part[0]] = r.scalar(property, part[1])
	}
	return value
}
