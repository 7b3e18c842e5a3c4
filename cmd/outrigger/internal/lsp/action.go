package lsp

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sourcegraph/jsonrpc2"

	"outrigger/policy"
	"outrigger/policy/mend"
	"outrigger/policy/spelling"
)

// actions offers the edits that mend problems in a range. Where the text has changed since it was checked there are none: the
// places are those of another text.
func (s *server) actions(r *jsonrpc2.Request) (any, error) {
	p, err := decode[actionParams](r.Params)
	if err != nil {
		return nil, err
	}
	all := []codeAction{}
	d := s.buffer(p.Document.URI)
	if d == nil || len(p.Context.Only) > 0 && !slices.Contains(p.Context.Only, "quickfix") {
		return all, nil
	}
	last := s.resultOf(d)
	if last == nil || last.versions[d.path] != d.version {
		return all, nil
	}
	read := func(string) ([]byte, error) { return []byte(d.text), nil }
	for _, problem := range last.Problems {
		edit, title, ok := mending(problem)
		if !ok || problem.Place.File != d.path || edit.Place.File != d.path {
			continue
		}
		change, ok := editOf(edit, d.text)
		if !ok {
			continue
		}
		found := diagnosticOf(problem, read)
		found.Related = nil // of other files, whose text is not at hand
		if !overlap(found.Range, p.Range) {
			continue
		}
		all = append(all, codeAction{
			Title: title, Kind: "quickfix", Diagnostics: []diagnostic{found}, Preferred: true,
			Edit: workspaceEdit{map[string][]textEdit{d.uri: {change}}},
		})
	}
	return all, nil
}

var (
	meant   = regexp.MustCompile(`^did you mean "([^"\\]+)"\?$`)
	instead = regexp.MustCompile(`^write (?:"([A-Za-z]+)"(?:[;,].*)?|([^ "]+))$`)
)

// mending is the edit that a problem has, or else the one that its suggestion comes to.
func mending(p policy.Problem) (edit policy.Edit, title string, ok bool) {
	if !p.Fix.IsZero() {
		if strings.TrimSpace(p.Fix.Text) == "" {
			return p.Fix, "Remove it", true
		}
		return p.Fix, "Write " + spelling.Printable(p.Fix.Text), true
	}
	if p.Place.EndColumn == 0 {
		return policy.Edit{}, "", false
	}
	m := meant.FindStringSubmatch(p.Suggestion)
	if m == nil {
		m = instead.FindStringSubmatch(p.Suggestion)
	}
	text := strings.Join(m[min(1, len(m)):], "")
	if text == "" {
		return policy.Edit{}, "", false
	}
	return policy.Edit{Place: p.Place, Text: text}, "Write " + spelling.Printable(text), true
}

// editOf is what an edit changes in a text, made as "check --fix" makes it; false where it would leave no policy behind.
func editOf(e policy.Edit, text string) (textEdit, bool) {
	problem := policy.Problem{Severity: policy.Error, Fix: e}
	after, edits := mend.Apply(e.Place.File, []byte(text), policy.Problems{problem})
	if edits == 0 {
		return textEdit{}, false
	}
	from, to, with := difference(text, string(after))
	return textEdit{span{positionAt(text, from), positionAt(text, to)}, with}, true
}

// difference is the part of a text that another one has in its place. It begins and ends between characters.
func difference(text, other string) (from, to int, with string) {
	shorter := min(len(text), len(other))
	for from < shorter && text[from] == other[from] {
		from++
	}
	for from > 0 && from < len(text) && !utf8.RuneStart(text[from]) {
		from--
	}
	same := 0
	for same < shorter-from && text[len(text)-1-same] == other[len(other)-1-same] {
		same++
	}
	for same > 0 && !utf8.RuneStart(text[len(text)-same]) {
		same--
	}
	return from, len(text) - same, other[from : len(other)-same]
}

func overlap(a, b span) bool {
	return !before(a.End, b.Start) && !before(b.End, a.Start)
}

func before(a, b position) bool {
	return a.Line < b.Line || a.Line == b.Line && a.Character < b.Character
}
