package editing

import (
	"strings"

	"outrigger/policy"
	"outrigger/policy/document"
	"outrigger/policy/language"
)

// Spot is what stands at a place of a policy file.
type Spot struct {
	// Path are the keys from the top of the file to the innermost one at the place, as written.
	Path []string
	// Key is the language's for the innermost, nil where it is a name that the author gave, such as an operation, or is not known.
	Key *language.Key
	// Upstream and Operation are the names of those in whose part of the file the place is, policy.Application for inbound; "" outside.
	Upstream, Operation string
	// Place is that of the innermost key.
	Place policy.Place
}

// Setting is the dotted key below the policy that the place is in, "retry.retries"; "" outside of policies.
func (s Spot) Setting() string {
	for i, name := range s.Path {
		switch {
		case name == "policy" && i > 0 && s.Upstream != "" && s.Operation == "":
			return strings.Join(s.Path[i+1:], ".")
		case name == "operations" && s.Operation != "":
			return strings.Join(s.Path[min(i+2, len(s.Path)):], ".")
		}
	}
	return ""
}

// At returns what stands at a line and column of a file, both counted from 1, the column in runes; false where no key does.
func At(root *document.Node, line, column int) (Spot, bool) {
	spot, found := Spot{}, false
	for n := root; n.Kind() == document.Mapping; {
		e, ok := entryAt(n, line, column)
		if !ok {
			break
		}
		found = true
		spot.Path = append(spot.Path, e.Key)
		spot.Place = e.KeyPlace
		if covers(e.KeyPlace, line, column) {
			break
		}
		n = e.Value
	}
	spot.name()
	return spot, found
}

// entryAt returns the entry of a mapping that begins last before a place.
func entryAt(n *document.Node, line, column int) (document.Entry, bool) {
	var last document.Entry
	found := false
	for _, e := range n.Entries() {
		p := e.KeyPlace
		if p.Line > line || p.Line == line && p.Column > column {
			continue
		}
		if !found || p.Line > last.KeyPlace.Line || p.Line == last.KeyPlace.Line && p.Column > last.KeyPlace.Column {
			last, found = e, true
		}
	}
	return last, found
}

func covers(p policy.Place, line, column int) bool {
	return p.Line == line && p.Column <= column && (column <= p.EndColumn || p.EndColumn == 0)
}

// name finds what the path means in the language.
func (s *Spot) name() {
	shape := language.File
	for i := 0; i < len(s.Path); i++ {
		key := shape.Find(s.Path[i])
		s.Key = key
		if key == nil {
			return
		}
		shape = key.Shape
		if key.Name == "inbound" && i == 0 {
			s.Upstream = policy.Application
		}
		if shape.Kind != language.Named && shape.Kind != language.Operations {
			continue
		}
		if i++; i == len(s.Path) {
			return
		}
		s.Key = nil // a name of the author's
		switch {
		case shape.Kind == language.Operations:
			s.Operation = s.Path[i]
		case key.Name == "upstreams":
			s.Upstream = s.Path[i]
		}
		shape = *shape.Item
	}
}
