// Package document reads a YAML file into a tree that remembers where every value stands.
//
// It decides what is a well-formed document: one document, UTF-8, every key once, no tags of its own, bounded in
// bytes, depth, aliases and values. It refuses to know what a key means, which keys exist and what holds when one is
// absent: that is policy/compile's. It takes bytes and a name for messages, and touches no disk and no clock. It is the
// only importer of the YAML library, so policy/openapi reads YAML specs through ParseSpec.
//
// The library bounds aliases only while it decodes into Go values. Here the tree itself is walked, so the bounds are
// ours: Parse and ParseSpec measure the whole tree, aliases followed, before anyone else may walk it, and give no tree
// when a bound is broken. Whoever got a *Node may therefore recurse over it without counting.
package document

// The codes of this package's problems. They are stable and each has a page in docs/checks.
const (
	// CodeSyntax is text that is not YAML.
	CodeSyntax = "OR101"
	// CodeDuplicateKey is a key that stands twice in one mapping.
	CodeDuplicateKey = "OR102"
	// CodeSecondDocument is a second document after "---" or "...".
	CodeSecondDocument = "OR103"
	// CodeTooLarge is a file of too many bytes or too many values.
	CodeTooLarge = "OR104"
	// CodeTooDeep is nesting beyond the depth limit.
	CodeTooDeep = "OR105"
	// CodeAliases is more aliases, or more values behind aliases, than a person would write, or an alias that holds itself.
	CodeAliases = "OR106"
	// CodeEncoding is a file that is not UTF-8 or holds control characters.
	CodeEncoding = "OR107"
	// CodeKey is a key that is not a string, or a merge key "<<" that loops or merges something else than a mapping.
	CodeKey = "OR108"
	// CodeEmpty is a file that holds no value.
	CodeEmpty = "OR109"
	// CodeSilence is an "outrigger:allow" comment without a code or without a reason.
	CodeSilence = "OR110"
	// CodeIdleSilence is an "outrigger:allow" comment whose code nothing on its line has.
	CodeIdleSilence = "OR112"
	// CodeTag is a tag that is not one of YAML's core schema.
	CodeTag = "OR111"
)
