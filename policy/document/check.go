package document

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v4"

	"outrigger/policy"
)

// size is what a value amounts to when its aliases are followed.
type size struct {
	values int // itself included; capped, so that nine levels of nine aliases cannot overflow it
	added  int // of them, those that stand behind an alias
	height int
}

// sizeCap is beyond every limit and far from overflow when a few are added.
const sizeCap = 1 << 40

// checker walks the tree as it is written, never through an alias, so its work is linear in the file. The size of
// what stands behind an anchor is remembered and added where an alias names it.
type checker struct {
	src      *source
	lim      limits
	problems policy.Problems
	sizes    map[*yaml.Node]size
	open     map[*yaml.Node]bool // anchored values whose walk has not ended: an alias to one is a loop
	aliases  int
	unsafe   bool                  // the tree must not be walked
	seen     map[string]*yaml.Node // keys of the mapping at hand
}

func (c *checker) check(root *yaml.Node) {
	total := c.walk(root, false)
	at := c.src.place(root.Line, root.Column, "")
	switch {
	case c.aliases > c.lim.aliases:
		c.refuse(policy.Problem{
			Code: CodeAliases, Place: at, Message: fmt.Sprintf("file has %d aliases", c.aliases),
			Expected: fmt.Sprintf("at most %d", c.lim.aliases), Suggestion: "write the values out, or use named policies",
		})
	case total.added > c.lim.added:
		c.refuse(policy.Problem{
			Code: CodeAliases, Place: at, Message: "aliases of aliases multiply to more values than a file may hold",
			Expected: fmt.Sprintf("at most %d values behind aliases", c.lim.added), Suggestion: "write the values out, or use named policies",
		})
	case total.height > c.lim.depth:
		c.refuse(policy.Problem{
			Code: CodeTooDeep, Place: at, Message: "nested too deep",
			Expected: fmt.Sprintf("at most %d levels", c.lim.depth),
		})
	}
}

// walk measures n. merged says that n is what a merge key merges, which names a loop through it.
func (c *checker) walk(n *yaml.Node, merged bool) size {
	if n.Kind == yaml.AliasNode {
		return c.alias(n, merged)
	}
	if c.lim.strict && n.Style&yaml.TaggedStyle != 0 && !coreTags[n.ShortTag()] {
		c.report(policy.Problem{
			Code: CodeTag, Place: c.src.place(n.Line, n.Column, n.Tag), Message: fmt.Sprintf("unknown tag %q", n.Tag),
			Expected: "a value without a tag", Suggestion: "remove the tag",
		})
	}
	if n.Kind == yaml.ScalarNode {
		own := size{values: 1, height: 1}
		c.remember(n, own)
		return own
	}
	if n.Anchor != "" {
		c.open[n] = true
	}
	own := size{values: 1}
	if n.Kind == yaml.MappingNode {
		c.keys(n)
	}
	for i, child := range n.Content {
		mergeValue := n.Kind == yaml.MappingNode && i%2 == 1 && isMerge(target(n.Content[i-1]))
		own.add(c.walk(child, mergeValue || merged && n.Kind == yaml.SequenceNode))
	}
	own.height++
	c.remember(n, own)
	return own
}

func (s *size) add(child size) {
	s.values = min(s.values+child.values, sizeCap)
	s.added = min(s.added+child.added, sizeCap)
	s.height = max(s.height, child.height)
}

func (c *checker) remember(n *yaml.Node, own size) {
	if n.Anchor != "" {
		delete(c.open, n)
		c.sizes[n] = own
	}
}

func (c *checker) alias(n *yaml.Node, merged bool) size {
	c.aliases++
	if c.open[n.Alias] {
		p := policy.Problem{
			Code: CodeAliases, Place: c.src.place(n.Line, n.Column, "*"+n.Value),
			Message: fmt.Sprintf("alias %q stands inside the value it names", "*"+n.Value), Expected: "a value that ends", Suggestion: "remove the alias",
		}
		if merged {
			p.Code, p.Message = CodeKey, fmt.Sprintf("merge key loops: %q is being merged into itself", "*"+n.Value)
		}
		c.refuse(p)
		return size{values: 1, height: 1}
	}
	behind := c.sizes[n.Alias]
	behind.added = behind.values
	return behind
}

var coreTags = map[string]bool{"!!str": true, "!!int": true, "!!bool": true, "!!float": true, "!!null": true, "!!map": true, "!!seq": true, "!!merge": true}

// refuse reports a problem that leaves no tree.
func (c *checker) refuse(p policy.Problem) {
	c.unsafe = true
	c.report(p)
}

func (c *checker) report(p policy.Problem) {
	if len(c.problems) < c.lim.problems {
		p.Severity = policy.Error
		c.problems = append(c.problems, p)
	}
}

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
			c.report(policy.Problem{
				Code: CodeDuplicateKey, Place: c.src.scalarPlace(mapping.Content[i]),
				Message:    fmt.Sprintf("duplicate key %q", key.Value),
				Expected:   "every key once",
				Suggestion: fmt.Sprintf("remove this one or the first, in line %d", first.Line),
			})
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
		c.report(policy.Problem{
			Code: CodeKey, Place: c.src.place(written.Line, written.Column, ""),
			Message: "key is a list or a mapping", Expected: "text as a key", Suggestion: "put it in quotes if it begins with a bracket or a brace; if {{ }} is for another tool, have that render the file first",
		})
		return false
	case c.lim.strict && key.ShortTag() != "!!str" && !isMerge(key):
		c.report(policy.Problem{
			Code: CodeKey, Place: c.src.scalarPlace(written),
			Message: fmt.Sprintf("key %s is not text but %s", key.Value, tagWords[key.ShortTag()]), Expected: "text as a key",
			Suggestion: fmt.Sprintf("write it in quotes: %q", key.Value),
		})
	}
	return true
}

var tagWords = map[string]string{"!!int": "a whole number", "!!float": "a number", "!!bool": "true or false", "!!null": "nothing", "!!timestamp": "a date"}

// merge reports a merge key whose value is no mapping and no list of mappings.
func (c *checker) merge(value *yaml.Node) {
	for _, merged := range mergedBy(value) {
		if merged.Kind != yaml.MappingNode {
			c.report(policy.Problem{
				Code: CodeKey, Place: c.src.place(value.Line, value.Column, ""),
				Message: "merge key \"<<\" merges something else than a mapping", Expected: "an alias of a mapping, or a list of them",
				Suggestion: "write \"<<: *name\", where \"&name\" stands before a mapping",
			})
			return
		}
	}
}

// limits bounds one kind of file. A break of any of them gives no tree.
type limits struct {
	bytes int
	// marks bounds what becomes a token, counted before parsing: it is what holds memory while the library builds its tree,
	// at about 250 bytes a mark in block style and up to 1,100 in flow style. flowMarks holds for a file that is one flow collection.
	marks, flowMarks int
	// depth bounds nesting, aliases followed; the document itself is depth 1.
	depth int
	// aliases bounds the aliases written, added the values they stand for, all alias levels multiplied out.
	aliases, added int
	// problems bounds the problems reported; a file with more is mended in rounds.
	problems int
	// strict also refuses keys that are not strings and tags of the file's own.
	strict bool
}

// MaxBytes is the size of the largest policy file. It is for whoever reads one: no more than one byte beyond it is needed.
const MaxBytes = 4 << 20

// policyLimits keep a policy below 64 MiB of memory. 40,000 marks are 2,500 operations with every setting written out.
var policyLimits = limits{bytes: MaxBytes, marks: 40_000, flowMarks: 40_000, depth: 64, aliases: 1_000, added: 100_000, problems: 200, strict: true}

// streamLimits are for the files of other tools: as much as a policy, with keys of any type.
var streamLimits = limits{bytes: 4 << 20, marks: 40_000, flowMarks: 40_000, depth: 64, aliases: 1_000, added: 100_000, problems: 200}

// specLimits are wider: real specs have 54,000 to 72,000 marks in a megabyte and refer by alias now and then.
var specLimits = limits{bytes: 32 << 20, marks: 2_000_000, flowMarks: 400_000, depth: 1_000, aliases: 10_000, added: 200_000, problems: 20_000}

// tooLarge says why a file is refused before it is parsed, or nil.
func (l limits) tooLarge(file string, data []byte) *policy.Problem {
	at := policy.Place{File: file, Line: 1, Column: 1}
	if len(data) > l.bytes {
		return &policy.Problem{
			Code: CodeTooLarge, Severity: policy.Error, Place: at,
			Message:  "file is too large",
			Expected: fmt.Sprintf("at most %d MiB", l.bytes>>20), Suggestion: "split it into several files",
		}
	}
	most := l.marks
	if text := bytes.TrimLeft(data, " \t\r\n"); len(text) > 0 && (text[0] == '{' || text[0] == '[') {
		most = l.flowMarks
	}
	if n := countMarks(data); n > most {
		return &policy.Problem{
			Code: CodeTooLarge, Severity: policy.Error, Place: at,
			Message:  fmt.Sprintf("file holds too much: %d lines, brackets, commas and the like", n),
			Expected: fmt.Sprintf("at most %d", most), Suggestion: "split it into several files",
		}
	}
	return nil
}

// countMarks counts what the library makes a token of, before it does: every value but the first follows a mark, and no
// more than five tokens come of two marks. A flow collection is scanned to its end before its first value is given out
// and a token takes as much memory as a value, so tokens are what to bound. Two quotes make one text. Colons, dashes
// and question marks count only where YAML can take them for a mark, so prose is mostly free.
func countMarks(data []byte) int {
	n, quotes := 0, 0
	for i, c := range data {
		switch c {
		case ',', '[', '{', ']', '}', '*', '&', '!', '\n', '\r':
			n++
		case '"', '\'':
			quotes++
		case ':', '-', '?':
			if i+1 == len(data) || !wordByte(data[i+1]) || i > 0 && closing(data[i-1]) {
				n++
			}
		}
	}
	return n + quotes/2
}

// closing reports whether a colon right behind c ends a key, as in {"a":1}.
func closing(c byte) bool { return c == '"' || c == '\'' || c == ']' || c == '}' }

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '/' || c == '-' || c == '_'
}
