package document

import "go.yaml.in/yaml/v4"

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
