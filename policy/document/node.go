package document

import (
	"slices"

	"go.yaml.in/yaml/v4"

	"outrigger/policy"
)

// Kind is the shape of a value.
type Kind uint8

// The kinds. Null is both "key:" with nothing behind it and a written null.
const (
	Null Kind = iota
	Scalar
	Mapping
	Sequence
)

// String returns the word messages use.
func (k Kind) String() string {
	return [...]string{"nothing", "a value", "a mapping", "a list"}[k]
}

// Node is one value of a document with its place. Aliases are followed and merge keys merged in what it shows; the place
// of an aliased value is where the value is written, not where it is used. A Node is immutable, safe for concurrent use,
// and holds the file's text and tree alive: keep what was read from it, not the Node. Methods of a nil *Node
// answer as for an absent value.
type Node struct {
	raw *yaml.Node
	src *source
}

// Entry is one key of a mapping with its value.
type Entry struct {
	Key      string
	KeyPlace policy.Place
	Value    *Node
}

func (s *source) node(raw *yaml.Node) *Node {
	return &Node{raw: target(raw), src: s}
}

// target follows an alias. An anchor cannot stand on an alias, so one step is enough.
func target(raw *yaml.Node) *yaml.Node {
	if raw.Kind == yaml.AliasNode {
		return raw.Alias
	}
	return raw
}

// Kind returns the shape of the value; an absent one is Null.
func (n *Node) Kind() Kind {
	if n == nil {
		return Null
	}
	switch {
	case n.raw.Kind == yaml.MappingNode:
		return Mapping
	case n.raw.Kind == yaml.SequenceNode:
		return Sequence
	case n.raw.ShortTag() == "!!null":
		return Null
	}
	return Scalar
}

// Place returns where the value starts, and for a scalar on one line where it ends, its quotes included.
func (n *Node) Place() policy.Place {
	if n == nil {
		return policy.Place{}
	}
	if n.raw.Kind != yaml.ScalarNode {
		return n.src.place(n.raw.Line, n.raw.Column, "")
	}
	return n.src.scalarPlace(n.raw)
}

// Text returns a scalar's text, unquoted and unescaped, a plain one as it is written ("0x10", "off", ".nan"); "" for
// everything else.
func (n *Node) Text() string {
	if n == nil || n.raw.Kind != yaml.ScalarNode {
		return ""
	}
	return n.raw.Value
}

// Quoted reports whether a scalar is written in quotes or as a block, and so is text whatever it looks like.
func (n *Node) Quoted() bool {
	return n != nil && n.raw.Kind == yaml.ScalarNode && n.raw.Style&quotedStyles != 0
}

const quotedStyles = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

// Tag returns what YAML 1.2 takes the value for: "!!str", "!!int", "!!bool", "!!float", "!!null", "!!map" or "!!seq".
// Dates are "!!str". The words on, off, yes and no are "!!str" too, though YAML 1.1 took them for booleans.
func (n *Node) Tag() string {
	if n == nil {
		return "!!null"
	}
	switch tag := n.raw.ShortTag(); tag {
	case "!!timestamp", "!!merge", "!!binary":
		return "!!str"
	default:
		return tag
	}
}

// Len returns the number of entries of a mapping before merging, or of items of a sequence.
func (n *Node) Len() int {
	switch n.Kind() {
	case Mapping:
		return len(n.raw.Content) / 2
	case Sequence:
		return len(n.raw.Content)
	}
	return 0
}

// Items returns the items of a sequence in file order; nil for everything else.
func (n *Node) Items() []*Node {
	if n.Kind() != Sequence {
		return nil
	}
	items := make([]*Node, len(n.raw.Content))
	for i, raw := range n.raw.Content {
		items[i] = n.src.node(raw)
	}
	return items
}

// Cut returns the place of item i of a sequence together with what parts it from its neighbours: without that text the sequence
// lacks the item, and nothing else changes. False where it is the only item, or lines and aliases leave the place in doubt.
func (n *Node) Cut(i int) (place policy.Place, ok bool) {
	items := n.Items()
	if i < 0 || i >= len(items) || len(items) < 2 || slices.ContainsFunc(n.raw.Content, func(raw *yaml.Node) bool { return raw.Kind == yaml.AliasNode }) {
		return policy.Place{}, false
	}
	at := items[i].Place()
	place = at
	flow := n.raw.Style&yaml.FlowStyle != 0
	for j := max(0, i-1); j <= min(i+1, len(items)-1); j++ {
		neighbour := items[j].Place()
		if neighbour.EndColumn == 0 || j != i && flow != (neighbour.Line == at.Line) {
			return policy.Place{}, false
		}
	}
	switch {
	case !flow:
		place.Column = n.raw.Column // of the dashes
	case i > 0:
		place.Column = items[i-1].Place().EndColumn
	default:
		place.EndColumn = items[1].Place().Column
	}
	return place, true
}

// Entries returns the entries of a mapping in file order, then those of its merge keys that it does not have itself,
// the earlier of several merged mappings winning (https://yaml.org/type/merge.html). A duplicate key, which was
// reported as a problem, stands once, with its first value. nil for everything but a mapping.
func (n *Node) Entries() []Entry {
	if n.Kind() != Mapping {
		return nil
	}
	entries := make([]Entry, 0, len(n.raw.Content)/2)
	seen := make(map[string]bool, len(n.raw.Content)/2)
	eachPair(n.raw, func(key, value *yaml.Node) bool {
		if seen[key.Value] {
			return true
		}
		seen[key.Value] = true
		entries = append(entries, Entry{Key: key.Value, KeyPlace: n.src.scalarPlace(key), Value: n.src.node(value)})
		return true
	})
	return entries
}

// Get returns the value of a key, merged mappings included; nil when it is absent or n is no mapping.
func (n *Node) Get(key string) *Node {
	if n.Kind() != Mapping {
		return nil
	}
	var found *Node
	eachPair(n.raw, func(k, value *yaml.Node) bool {
		if k.Value != key {
			return true
		}
		found = n.src.node(value)
		return false
	})
	return found
}

// eachPair gives every key and value of a mapping to yield, its own before the merged ones, until yield answers false.
// It reports whether yield never did. Keys that are not scalars have been reported and are left out.
// The recursion ends: the tree was measured before the first Node was given out.
func eachPair(mapping *yaml.Node, yield func(key, value *yaml.Node) bool) bool {
	merges := false
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key := target(mapping.Content[i])
		if isMerge(key) {
			merges = true
			continue
		}
		if key.Kind == yaml.ScalarNode && !yield(key, mapping.Content[i+1]) {
			return false
		}
	}
	if !merges {
		return true
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if !isMerge(target(mapping.Content[i])) {
			continue
		}
		for _, merged := range mergedBy(mapping.Content[i+1]) {
			if merged.Kind == yaml.MappingNode && !eachPair(merged, yield) {
				return false
			}
		}
	}
	return true
}

func isMerge(key *yaml.Node) bool { return key.Kind == yaml.ScalarNode && key.Tag == "!!merge" }

// mergedBy returns the mappings that the value of a merge key names: one, or a list of them.
func mergedBy(value *yaml.Node) []*yaml.Node {
	value = target(value)
	if value.Kind != yaml.SequenceNode {
		return []*yaml.Node{value}
	}
	list := make([]*yaml.Node, len(value.Content))
	for i, raw := range value.Content {
		list[i] = target(raw)
	}
	return list
}
