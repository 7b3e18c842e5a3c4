package document

import (
	"bytes"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"outrigger/policy"
)

// scalarPlace returns where a scalar is written, its anchor and tag left out, with the end where it is on the same line.
func (s *source) scalarPlace(n *yaml.Node) policy.Place {
	if n.Kind == yaml.AliasNode {
		return s.place(n.Line, n.Column, "*"+n.Value)
	}
	p := policy.Place{File: s.file, Line: n.Line, Column: n.Column}
	rest := s.after(n.Line, n.Column)
	text := skipProperties(rest)
	p.Column += utf8.RuneCount(rest[:len(rest)-len(text)])
	if length := writtenLength(n, text); length > 0 {
		p.EndColumn = p.Column + utf8.RuneCount(text[:length])
	}
	return p
}

// skipProperties returns the text behind anchors and tags.
func skipProperties(text []byte) []byte {
	for len(text) > 0 && (text[0] == '&' || text[0] == '!') {
		i := bytes.IndexAny(text, " \t")
		if i < 0 {
			return text
		}
		text = bytes.TrimLeft(text[i:], " \t")
	}
	return text
}

// writtenLength returns how many bytes of the line a scalar takes, or 0 when it does not end on it.
func writtenLength(n *yaml.Node, text []byte) int {
	switch {
	case len(text) == 0:
		return 0
	case n.Style&yaml.DoubleQuotedStyle != 0:
		return quotedLength(text, '"')
	case n.Style&yaml.SingleQuotedStyle != 0:
		return quotedLength(text, '\'')
	case n.Style&quotedStyles != 0:
		return 0
	case len(text) >= len(n.Value) && string(text[:len(n.Value)]) == n.Value:
		return len(n.Value)
	}
	return 0
}

// quotedLength returns the length of the quoted text at the start of text, quotes included, or 0 when it does not close.
func quotedLength(text []byte, quote byte) int {
	if text[0] != quote {
		return 0
	}
	for i := 1; i < len(text); i++ {
		switch {
		case quote == '"' && text[i] == '\\':
			i++
		case text[i] == quote && quote == '\'' && i+1 < len(text) && text[i+1] == quote:
			i++
		case text[i] == quote:
			return i + 1
		}
	}
	return 0
}
