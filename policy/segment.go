package policy

import (
	"slices"
	"strings"
)

// segmentPattern is one segment of a path template as its literal pieces with a parameter between each two:
// "report.{format}" is ["report.", ""], "{base}...{head}" is ["", "...", ""], "{id}" is ["", ""], "users" is ["users"].
type segmentPattern []string

func parseSegment(segment string) segmentPattern {
	var p segmentPattern
	for {
		before, rest, open := strings.Cut(segment, "{")
		_, after, closed := strings.Cut(rest, "}")
		if !open || !closed {
			return append(p, segment)
		}
		p = append(p, before)
		segment = after
	}
}

func (p segmentPattern) literal() bool                   { return len(p) == 1 }
func (p segmentPattern) whole() bool                     { return len(p) == 2 && p[0] == "" && p[1] == "" }
func (p segmentPattern) equal(other segmentPattern) bool { return slices.Equal(p, other) }

// weight is the amount of literal text: the heavier pattern is the more concrete one.
func (p segmentPattern) weight() int {
	w := 0
	for _, piece := range p {
		w += len(piece)
	}
	return w
}

// matches reports whether every parameter finds at least one character between the literal pieces, taking each piece
// at its first possible place.
func (p segmentPattern) matches(segment string) bool {
	return p.values(segment, func(string) {})
}

// values gives what each parameter finds to take, as far as the segment matches, and reports whether it does.
func (p segmentPattern) values(segment string, take func(string)) bool {
	rest, ok := strings.CutPrefix(segment, p[0])
	if !ok {
		return false
	}
	for _, piece := range p[1 : len(p)-1] {
		if rest == "" {
			return false
		}
		i := strings.Index(rest[1:], piece)
		if i < 0 {
			return false
		}
		take(rest[:1+i])
		rest = rest[1+i+len(piece):]
	}
	last := p[len(p)-1]
	if len(rest) <= len(last) || !strings.HasSuffix(rest, last) {
		return false
	}
	take(rest[:len(rest)-len(last)])
	return true
}

// PathValues gives the parameters of a canonical path that matched the operation's template: each name and its raw value, still
// percent-encoded, in order.
func (o *Operation) PathValues(path string, take func(name, raw string)) {
	template, rest := o.Template, path
	for template != "" && rest != "" {
		var pattern, segment string
		pattern, template, _ = strings.Cut(strings.TrimPrefix(template, "/"), "/")
		segment, rest, _ = strings.Cut(strings.TrimPrefix(rest, "/"), "/")
		names := parameterNames(pattern)
		if len(names) == 0 {
			continue
		}
		i := 0
		parseSegment(pattern).values(segment, func(raw string) {
			take(names[i], raw)
			i++
		})
	}
}

// parameterNames are the names in the braces of one segment of a template.
func parameterNames(segment string) []string {
	var names []string
	for {
		_, rest, open := strings.Cut(segment, "{")
		name, after, closed := strings.Cut(rest, "}")
		if !open || !closed {
			return names
		}
		names = append(names, name)
		segment = after
	}
}
