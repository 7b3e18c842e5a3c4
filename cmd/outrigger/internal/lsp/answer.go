package lsp

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/sourcegraph/jsonrpc2"

	"outrigger/policy"
	"outrigger/policy/document"
	"outrigger/policy/editing"
	"outrigger/policy/explain"
	"outrigger/policy/openapi"
)

// hover tells the key at a position, and what holds there.
func (s *server) hover(r *jsonrpc2.Request) (any, error) {
	p, err := decode[documentParams](r.Params)
	if err != nil {
		return nil, err
	}
	d := s.buffer(p.Document.URI)
	if d == nil {
		return nil, nil
	}
	root, _ := document.Parse(d.path, []byte(d.text))
	line, column := toRunes(d.text, p.Position)
	spot, found := editing.At(root, line, column)
	if !found {
		return nil, nil
	}
	last := s.resultOf(d)
	text := describe(spot, last)
	if text == "" {
		return nil, nil
	}
	at := span{fromRunes(d.text, spot.Place.Line, spot.Place.Column), fromRunes(d.text, spot.Place.Line, max(spot.Place.EndColumn, spot.Place.Column))}
	return hover{markup{"markdown", text}, &at}, nil
}

// resultOf is the last check in which a document was read; nil where there was none. The caller holds mu.
func (s *server) resultOf(d *buffer) *result {
	if r := s.results[d.path]; r != nil {
		return r
	}
	return s.results[s.options.Policy]
}

func (r *result) catalogs() map[string]*openapi.Catalog {
	if r == nil {
		return nil
	}
	return r.Catalogs
}

// describe is the text of a hover.
func describe(spot editing.Spot, last *result) string {
	var parts []string
	declared := editing.OperationAt(spot, last.catalogs())
	switch {
	case spot.Key != nil:
		parts = append(parts, "**"+spot.Key.Name+"**", editing.Describe(*spot.Key))
	case declared != nil && spot.Path[len(spot.Path)-1] == spot.Operation:
		parts = append(parts, "**operation "+spot.Operation+"**", editing.DescribeOperation(declared))
	}
	if last != nil && last.Set != nil {
		if lines := effective(spot, last.Set, declared); len(lines) > 0 {
			parts = append(parts, "Here:\n\n"+strings.Join(lines, "\n"))
		}
	}
	return strings.Join(parts, "\n\n")
}

// maxValues bounds how many values a hover lists.
const maxValues = 20

// effective lists what holds at a spot: of the setting there, or at an operation of all that is not the default.
func effective(spot editing.Spot, set *policy.Set, declared *openapi.Operation) []string {
	u, op := operationOf(spot, set, declared)
	if op == nil {
		return nil
	}
	setting, whole := spot.Setting(), spot.Path[len(spot.Path)-1] == spot.Operation
	if setting == "" && !whole {
		return nil
	}
	var lines []string
	for _, v := range explain.Effective(u, op) {
		of := v.Key == setting || strings.HasPrefix(v.Key, setting+".")
		if len(lines) >= maxValues || !of && (!whole || v.From == "default") {
			continue
		}
		from := v.From
		if v.Source != "default" {
			from += ", " + filepath.Base(v.Source)
		}
		lines = append(lines, fmt.Sprintf("- `%s: %s` (%s)", v.Key, v.Value, from))
	}
	return lines
}

// operationOf finds the operation at a spot in a set; for the policy of an upstream it is the one of unmatched requests, which has
// that policy alone.
func operationOf(spot editing.Spot, set *policy.Set, declared *openapi.Operation) (*policy.Upstream, *policy.Operation) {
	for _, u := range set.All() {
		if u.Name != spot.Upstream {
			continue
		}
		if spot.Operation == "" {
			return u, u.Unmatched
		}
		id := spot.Operation
		if declared != nil && declared.ID != "" {
			id = declared.ID
		}
		for _, op := range u.Operations {
			if op.ID == id {
				return u, op
			}
		}
	}
	return nil, nil
}

// completion offers what could be written at a position.
func (s *server) completion(r *jsonrpc2.Request) (any, error) {
	p, err := decode[documentParams](r.Params)
	if err != nil {
		return nil, err
	}
	list := completionList{Items: []completionItem{}}
	d := s.buffer(p.Document.URI)
	if d == nil {
		return list, nil
	}
	line, column := toRunes(d.text, p.Position)
	for i, item := range editing.Complete(d.text, line, column, s.resultOf(d).catalogs()) {
		kind := kindValue
		switch {
		case item.Operation:
			kind = kindFunction
		case item.Key:
			kind = kindProperty
		}
		c := completionItem{
			Label: item.Label, Kind: kind, SortText: fmt.Sprintf("%05d", i),
			Edit: textEdit{span{fromRunes(d.text, line, max(1, column-item.Typed)), p.Position}, item.Insert},
		}
		if item.Deprecated {
			c.Tags = []int{1}
		}
		if item.Text != "" {
			c.Documentation = &markup{"markdown", item.Text}
		}
		list.Items = append(list.Items, c)
	}
	return list, nil
}
