package document

import (
	"fmt"

	"go.yaml.in/yaml/v4"

	"outrigger/policy"
)

// fewKeys is up to how many keys comparing every pair is cheaper than a map.
const fewKeys = 12

// keys reports the keys of one mapping that stand twice, that are no strings, and merge keys that merge no mapping.
func (c *checker) keys(mapping *yaml.Node) {
	if pairs := len(mapping.Content) / 2; pairs > fewKeys {
		c.seen = make(map[string]*yaml.Node, pairs)
	}
	for i := 0; i < len(mapping.Content); i += 2 {
		key := target(mapping.Content[i])
		if !c.usable(mapping.Content[i], key) {
			continue
		}
		if isMerge(key) {
			c.merge(mapping.Content[i+1])
		}
		if first := c.firstOf(mapping, i, key); first != nil {
			c.report(policy.Problem{Code: CodeDuplicateKey, Place: c.src.scalarPlace(mapping.Content[i]),
				Message:    fmt.Sprintf("duplicate key %q", key.Value),
				Expected:   "every key once",
				Suggestion: fmt.Sprintf("remove this one or the first, in line %d", first.Line)})
		}
	}
}

// firstOf returns the earlier key of the same text, if any.
func (c *checker) firstOf(mapping *yaml.Node, i int, key *yaml.Node) *yaml.Node {
	if len(mapping.Content)/2 > fewKeys {
		if first := c.seen[key.Value]; first != nil {
			return first
		}
		c.seen[key.Value] = mapping.Content[i]
		return nil
	}
	for j := 0; j < i; j += 2 {
		if k := target(mapping.Content[j]); k.Kind == yaml.ScalarNode && k.Value == key.Value {
			return mapping.Content[j]
		}
	}
	return nil
}

// usable reports whether a key is a scalar, and where that is asked for a string.
func (c *checker) usable(written, key *yaml.Node) bool {
	switch {
	case key.Kind != yaml.ScalarNode:
		c.report(policy.Problem{Code: CodeKey, Place: c.src.place(written.Line, written.Column, ""),
			Message: "key is a list or a mapping", Expected: "text as a key", Suggestion: "put it in quotes if it begins with a bracket or a brace"})
		return false
	case c.lim.strict && key.ShortTag() != "!!str" && !isMerge(key):
		c.report(policy.Problem{Code: CodeKey, Place: c.src.scalarPlace(written),
			Message: fmt.Sprintf("key %s is not text but %s", key.Value, tagWords[key.ShortTag()]), Expected: "text as a key",
			Suggestion: fmt.Sprintf("write it in quotes: %q", key.Value)})
	}
	return true
}

var tagWords = map[string]string{"!!int": "a whole number", "!!float": "a number", "!!bool": "true or false", "!!null": "nothing", "!!timestamp": "a date"}

// merge reports a merge key whose value is no mapping and no list of mappings.
func (c *checker) merge(value *yaml.Node) {
	for _, merged := range mergedBy(value) {
		if merged.Kind != yaml.MappingNode {
			c.report(policy.Problem{Code: CodeKey, Place: c.src.place(value.Line, value.Column, ""),
				Message: "merge key \"<<\" merges something else than a mapping", Expected: "an alias of a mapping, or a list of them",
				Suggestion: "write \"<<: *name\", where \"&name\" stands before a mapping"})
			return
		}
	}
}
