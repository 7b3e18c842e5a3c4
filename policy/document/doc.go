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
