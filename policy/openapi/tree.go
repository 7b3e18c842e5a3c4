package openapi

import (
	"iter"

	"outrigger/policy"
	"outrigger/policy/document"
)

// tree is one value of a document, from YAML or JSON alike. An absent value answers as null does.
type tree interface {
	Kind() document.Kind
	Place() policy.Place
	// Text is a scalar's text, Tag its type in YAML's words.
	Text() string
	Tag() string
	// get returns the value of a key, absent when there is none.
	get(key string) tree
	// members yields a mapping's entries in file order, items a sequence's values.
	members() iter.Seq[member]
	items() iter.Seq[tree]
}

// member is one entry of a mapping.
type member struct {
	key   string
	place policy.Place // of the key
	value tree
}

// absent is what stands where nothing stands.
var absent tree = yamlTree{}

func isMapping(t tree) bool  { return t.Kind() == document.Mapping }
func isSequence(t tree) bool { return t.Kind() == document.Sequence }
func isScalar(t tree) bool   { return t.Kind() == document.Scalar }

// yamlTree is a node of policy/document, which already answers for an absent one.
type yamlTree struct{ *document.Node }

func (y yamlTree) get(key string) tree { return yamlTree{y.Node.Get(key)} }

func (y yamlTree) members() iter.Seq[member] {
	return func(yield func(member) bool) {
		for _, e := range y.Entries() {
			if !yield(member{key: e.Key, place: e.KeyPlace, value: yamlTree{e.Value}}) {
				return
			}
		}
	}
}

func (y yamlTree) items() iter.Seq[tree] {
	return func(yield func(tree) bool) {
		for _, n := range y.Items() {
			if !yield(yamlTree{n}) {
				return
			}
		}
	}
}
