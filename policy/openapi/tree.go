package openapi

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"iter"
	"sort"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"outrigger/policy"
	"outrigger/policy/document"
)

// tree is one value of a document, from YAML or from JSON. The zero tree is absent and answers as null does.
type tree struct {
	yaml *document.Node
	json jsonTree
}

// absent is what stands where nothing stands.
var absent tree

// member is one entry of a mapping.
type member struct {
	key   string
	place policy.Place // of the key
	value tree
}

func (t tree) isMapping() bool  { return t.Kind() == document.Mapping }
func (t tree) isSequence() bool { return t.Kind() == document.Sequence }
func (t tree) isScalar() bool   { return t.Kind() == document.Scalar }

func (t tree) isJSON() bool { return t.json.file != nil }

func (t tree) Kind() document.Kind {
	if t.isJSON() {
		return t.json.kind()
	}
	return t.yaml.Kind()
}

func (t tree) Place() policy.Place {
	if t.isJSON() {
		return t.json.place()
	}
	return t.yaml.Place()
}

// Text returns a scalar's text, "" for everything else.
func (t tree) Text() string {
	if t.isJSON() {
		return t.json.text()
	}
	return t.yaml.Text()
}

// Tag returns the type of a value in YAML's words.
func (t tree) Tag() string {
	if t.isJSON() {
		return t.json.tag()
	}
	return t.yaml.Tag()
}

// get returns the value of a key, absent when there is none.
func (t tree) get(key string) tree {
	if t.isJSON() {
		return t.json.get(key)
	}
	return tree{yaml: t.yaml.Get(key)}
}

// members yields the entries of a mapping in file order.
func (t tree) members() iter.Seq[member] {
	if t.isJSON() {
		return t.json.members()
	}
	return func(yield func(member) bool) {
		for _, e := range t.yaml.Entries() {
			if !yield(member{key: e.Key, place: e.KeyPlace, value: tree{yaml: e.Value}}) {
				return
			}
		}
	}
}

// items yields the values of a sequence.
func (t tree) items() iter.Seq[tree] {
	if t.isJSON() {
		return t.json.items()
	}
	return func(yield func(tree) bool) {
		for _, n := range t.yaml.Items() {
			if !yield(tree{yaml: n}) {
				return
			}
		}
	}
}

// pointTo follows a JSON pointer (RFC 6901). It returns absent and the part that is missing when it leads nowhere.
func pointTo(root tree, pointer string) (found tree, missing string) {
	if pointer == "" || pointer == "/" {
		return root, ""
	}
	steps, isPointer := strings.CutPrefix(pointer, "/")
	if !isPointer {
		return absent, pointer
	}
	found = root
	for step := range strings.SplitSeq(steps, "/") {
		step = strings.ReplaceAll(strings.ReplaceAll(step, "~1", "/"), "~0", "~")
		if found = child(found, step); found == absent {
			return absent, step
		}
	}
	return found, ""
}

func child(t tree, step string) tree {
	if t.isSequence() {
		index, err := strconv.Atoi(step)
		if err != nil {
			return absent
		}
		for item := range t.items() {
			if index == 0 {
				return item
			}
			index--
		}
		return absent
	}
	next := t.get(step)
	if next.Kind() == document.Null {
		return absent
	}
	return next
}

// inUTF8 takes a byte order mark of UTF-16 at its word, as YAML has it (1.2, section 5.2) and as shells of Windows write. Everything
// else is returned as it is.
func inUTF8(data []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		return data
	}
	if len(data)%2 != 0 {
		return data
	}
	units := make([]uint16, 0, len(data)/2-1)
	for i := 2; i < len(data); i += 2 {
		units = append(units, order.Uint16(data[i:]))
	}
	return []byte(string(utf16.Decode(units)))
}

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

// maxSteps bounds the members and items that are looked at for all operations together. What many operations share is read for each
// of them, so that a small document could ask for any amount of work; the largest real ones need some hundred thousand.
const maxSteps = 5_000_000

// membersOf yields what members does, as long as the steps of the reading last.
func (r *reading) membersOf(s spot) iter.Seq[member] {
	return func(yield func(member) bool) {
		for m := range s.members() {
			if !r.step(s) || !yield(m) {
				return
			}
		}
	}
}

// itemsOf yields what items does, as long as the steps of the reading last.
func (r *reading) itemsOf(s spot) iter.Seq[tree] {
	return func(yield func(tree) bool) {
		for item := range s.items() {
			if !r.step(s) || !yield(item) {
				return
			}
		}
	}
}

// step takes one step; it is false, and nothing more is read, when there is none left.
func (r *reading) step(at spot) bool {
	if r.steps++; r.steps <= maxSteps {
		return true
	}
	if !r.full {
		r.full = true
		r.fail(policy.Problem{
			Code: CodeTooLarge, Place: at.Place(),
			Message:  fmt.Sprintf("operations share so much that reading them takes more than %d steps", maxSteps),
			Expected: "a document whose operations have some hundred values each", Suggestion: "split the document by service",
		})
	}
	return false
}

// Value is a value of a document, for those who read what the catalog leaves out: the schemas of messages.
type Value struct {
	spot
	reading *reading
}

// Get returns the value of a key; one that is absent has the kind Null.
func (v Value) Get(key string) Value { return Value{v.at(key), v.reading} }

// Present reports whether the document has the value, be it null.
func (v Value) Present() bool { return v.tree != absent }

// Members yields the keys of a mapping and their values in file order.
func (v Value) Members() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for m := range v.members() {
			if !yield(m.key, Value{spot{m.value, v.file}, v.reading}) {
				return
			}
		}
	}
}

// Items yields the values of a sequence.
func (v Value) Items() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		for item := range v.items() {
			if !yield(Value{spot{item, v.file}, v.reading}) {
				return
			}
		}
	}
}

// Target goes one step along the $ref of a value: name is the one name of what it leads to, the same for every $ref there. It is false
// for a value without a $ref and for a $ref that leads nowhere or where it may not.
func (v Value) Target() (name string, target Value, ok bool) {
	ref := v.get("$ref")
	if !ref.isScalar() {
		return "", v, false
	}
	name, problem := v.reading.refName(v.file, ref)
	if problem != nil {
		return "", v, false
	}
	found, problem := v.reading.target(name, ref, "schema", policy.Warning)
	if problem != nil {
		return "", v, false
	}
	return name, Value{found, v.reading}, true
}

// Follow goes along all $refs of a value to what they end at.
func (v Value) Follow(what string) (Value, bool) {
	found, ok := v.reading.follow(v.spot, what, policy.Warning)
	return Value{found, v.reading}, ok
}
