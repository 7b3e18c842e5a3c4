package language

import "slices"

// Key is one key of a mapping.
type Key struct {
	Name  string
	Shape Shape
	// Text says what the key means, in sentences, with `code` in back quotes.
	Text string
	// Default is what holds where the key is not written, as a policy would write it; "" where nothing does, or where words must tell
	// it, which are DefaultText.
	Default, DefaultText string
	// Example is a value as a policy would write it.
	Example string
	// Required says that the mapping is wrong without the key.
	Required bool
	// Later marks a key whose feature is not built yet: only "off" is accepted.
	Later bool
	// Where narrows the places of a key of policies.
	Where Where
	// Inbound is the shape below inbound, where that is another one.
	Inbound *Shape
}

// Where says in which policies a key may stand.
type Where int

// Everywhere is the zero value: under policy, defaults, policies.NAME and at operations.
const (
	Everywhere     Where = iota
	NotAtOperation       // one value for a whole upstream
	AtOperation          // a fact of one operation; also in a named policy, which operations use
	NotNamed             // not in a policy under policies
)

// Find returns the key of a mapping with this name, or nil.
func (s Shape) Find(name string) *Key {
	i := slices.IndexFunc(s.Keys, func(k Key) bool { return k.Name == name })
	if i < 0 {
		return nil
	}
	return &s.Keys[i]
}

// Under returns the shape of a key below s by the names that lead to it. It panics where there is none: the names are the program's.
func (s Shape) Under(names ...string) Shape {
	for _, name := range names {
		key := s.Find(name)
		if key == nil {
			panic("language: no key " + name)
		}
		s = key.Shape
	}
	return s
}

// Position is where in a file a mapping stands, which decides what may be in it.
type Position int

// The positions: outside of policies, in inbound or an upstream, and those of policies.
const (
	Outside Position = iota
	Inbound
	Outbound
	Defaults
	NamedPolicy
	UpstreamPolicy
	InboundPolicy
	UpstreamOperation
	InboundOperation
)

// Allows reports whether a key may stand in a policy at a position.
func (k Key) Allows(at Position) bool {
	operation := at == UpstreamOperation || at == InboundOperation
	switch k.Where {
	case NotAtOperation:
		return !operation
	case AtOperation:
		return operation || at == NamedPolicy
	case NotNamed:
		return at != NamedPolicy
	}
	return true
}

// ShapeAt returns the shape of a key in a policy at a position.
func (k Key) ShapeAt(at Position) Shape {
	if k.Inbound != nil && (at == InboundPolicy || at == InboundOperation) {
		return *k.Inbound
	}
	return k.Shape
}

// Step returns the position of what stands below the key name of a mapping at a position. Below a Named or Operations it is that of
// the items.
func Step(at Position, name string) Position {
	switch at {
	case Outside:
		return map[string]Position{"inbound": Inbound, "upstreams": Outbound, "defaults": Defaults, "policies": NamedPolicy}[name]
	case Inbound:
		return map[string]Position{"policy": InboundPolicy, "operations": InboundOperation}[name]
	case Outbound:
		return map[string]Position{"policy": UpstreamPolicy, "operations": UpstreamOperation}[name]
	}
	return at
}
