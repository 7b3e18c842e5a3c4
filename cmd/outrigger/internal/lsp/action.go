package lsp

import (
	"regexp"
	"slices"
	"strings"

	"github.com/sourcegraph/jsonrpc2"

	"outrigger/policy"
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
		found := diagnosticOf(problem, read)
		found.Related = nil // of other files, whose text is not at hand
		if !overlap(found.Range, p.Range) {
			continue
		}
		all = append(all, codeAction{
			Title: title, Kind: "quickfix", Diagnostics: []diagnostic{found}, Preferred: true,
			Edit: workspaceEdit{map[string][]textEdit{d.uri: {editOf(edit, d.text)}}},
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

// editOf puts an edit into the editor's count. A line that nothing is left of goes with it.
func editOf(e policy.Edit, text string) textEdit {
	at := span{fromRunes(text, e.Place.Line, e.Place.Column), fromRunes(text, e.Place.Line, e.Place.EndColumn)}
	line, _, _ := lineOf(text, e.Place.Line-1)
	rest := line[:bytesOf(line, at.Start.Character)] + e.Text + line[bytesOf(line, at.End.Character):]
	if strings.TrimSpace(rest) == "" {
		if _, _, more := lineOf(text, e.Place.Line); more {
			return textEdit{span{position{at.Start.Line, 0}, position{at.Start.Line + 1, 0}}, ""}
		}
		return textEdit{span{position{at.Start.Line, 0}, at.End}, ""}
	}
	return textEdit{at, e.Text}
}

func overlap(a, b span) bool {
	return !before(a.End, b.Start) && !before(b.End, a.Start)
}

func before(a, b position) bool {
	return a.Line < b.Line || a.Line == b.Line && a.Character < b.Character
}
