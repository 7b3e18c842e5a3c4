package openapi

import (
	"sort"
	"unicode/utf8"

	"outrigger/policy"
)

// lines turns byte offsets into lines and columns. Columns are runes, and a whole document may stand on one line, so runes
// are counted ahead in blocks: a place costs one block at most.
type lines struct {
	file   string
	data   []byte
	starts []int32
	runes  []int32 // runes before each block
}

const runeBlock = 512

func newLines(file string, data []byte) *lines {
	l := &lines{file: file, data: data, starts: []int32{0}, runes: make([]int32, 0, len(data)/runeBlock+1)}
	runes := int32(0)
	for i, c := range data {
		if i%runeBlock == 0 {
			l.runes = append(l.runes, runes)
		}
		if utf8.RuneStart(c) {
			runes++
		}
		if c == '\n' || c == '\r' && (i+1 == len(data) || data[i+1] != '\n') {
			l.starts = append(l.starts, int32(i+1))
		}
	}
	return l
}

// runesBefore counts the characters that start before offset.
func (l *lines) runesBefore(offset int) int {
	block := min(offset/runeBlock, len(l.runes)-1)
	if block < 0 {
		return 0
	}
	n := int(l.runes[block])
	for _, c := range l.data[block*runeBlock : offset] {
		if utf8.RuneStart(c) {
			n++
		}
	}
	return n
}

// place returns that of the bytes from start to end; its end column is left out when they are on several lines.
func (l *lines) place(start, end int) policy.Place {
	line := sort.Search(len(l.starts), func(i int) bool { return int(l.starts[i]) > start })
	before := l.runesBefore(int(l.starts[line-1]))
	p := policy.Place{File: l.file, Line: line, Column: 1 + l.runesBefore(start) - before}
	if end > start && (line == len(l.starts) || end <= int(l.starts[line])) {
		p.EndColumn = 1 + l.runesBefore(end) - before
	}
	return p
}
