package document

import (
	"bytes"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// span is a stretch of the file in bytes, end excluded.
type span struct{ start, end int }

// textSpans knows where quoted and block scalars stand, in which a "#" starts no comment. In plain ones it cannot stand.
type textSpans struct {
	src   *source
	spans []span
}

func (t *textSpans) collect(n *yaml.Node) {
	for _, child := range n.Content {
		t.collect(child)
	}
	if n.Kind != yaml.ScalarNode || n.Style&quotedStyles == 0 {
		return
	}
	rest := skipProperties(t.src.after(n.Line, n.Column))
	if len(rest) == 0 {
		return
	}
	line := t.src.line(n.Line)
	start := int(t.src.starts[n.Line-1]) + len(line) - len(rest)
	switch {
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		if length := quotedLength(t.src.data[start:], rest[0]); length > 0 {
			t.spans = append(t.spans, span{start, start + length})
		}
	case strings.TrimSpace(n.Value) != "":
		t.spans = append(t.spans, t.block(n.Line+1))
	}
}

// block returns the lines of a block scalar whose first is n: its first line with text sets the indentation, and the
// first line with less ends it. Text that an indentation indicator lets stand deeper is still inside.
func (t *textSpans) block(n int) span {
	if n > len(t.src.starts) {
		return span{}
	}
	result := span{start: int(t.src.starts[n-1])}
	indent := -1
	for ; n <= len(t.src.starts); n++ {
		line := t.src.line(n)
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		own := len(line) - len(bytes.TrimLeft(line, " "))
		if indent < 0 {
			indent = own
		}
		if own < indent {
			break
		}
		result.end = int(t.src.starts[n-1]) + len(line)
	}
	return result
}

// comment returns where in a line its comment starts, or -1: a "#" at its start or behind white space, in no text.
func (t *textSpans) comment(n int, line []byte) int {
	start := int(t.src.starts[n-1])
	for i, c := range line {
		if c == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') && !t.inside(start+i) {
			return i
		}
	}
	return -1
}

// inside looks among the spans by halves: they were collected in file order.
func (t *textSpans) inside(offset int) bool {
	after, _ := slices.BinarySearchFunc(t.spans, offset, func(s span, offset int) int {
		if s.start <= offset {
			return -1
		}
		return 1
	})
	return after > 0 && offset < t.spans[after-1].end
}
