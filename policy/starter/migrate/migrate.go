package migrate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"outrigger/policy"
	"outrigger/policy/document"
	"outrigger/policy/starter/draft"
)

// Left is something that was not carried over, or not as it was.
type Left struct {
	Place policy.Place
	// Text says what, and what becomes of it, in printable characters and at most 160 of them.
	Text string
}

// Result is what From made.
type Result struct {
	// Text is the policy, nil when a problem is an error.
	Text []byte
	// Left is in the order of the file.
	Left []Left
	// Problems are those of the file, or of the policy, that prevented it.
	Problems policy.Problems
}

// systems are those whose files can be read. Each reader answers whether it found anything of its own.
var systems = map[string]func(*converter, []*document.Node) bool{
	"envoy": (*converter).envoy, "istio": (*converter).istio, "dapr": (*converter).dapr, "linkerd": (*converter).linkerd,
}

// Systems returns the names that From knows, sorted.
func Systems() []string { return slices.Sorted(maps.Keys(systems)) }

// Source is a file of another system.
type Source struct {
	// System is one of Systems.
	System string
	// File names the file in messages, Data is its content: YAML or JSON, one document or several.
	File string
	Data []byte
	// Service is the name of the service beside the sidecar, "" for one to be changed.
	Service string
}

// From makes a policy of a file of another system; the error says that there is nothing to make it of. The same file gives the same policy. Safe for concurrent use.
func From(s Source) (Result, error) {
	read := systems[s.System]
	if read == nil {
		return Result{}, fmt.Errorf("system %q is not known: write %s", s.System, strings.Join(Systems(), ", "))
	}
	roots, problems := document.ParseStream(s.File, s.Data)
	if problems.HasErrors() {
		return Result{Problems: problems}, nil
	}
	c := &converter{byName: map[string]*upstream{}}
	if !read(c, roots) {
		return Result{}, fmt.Errorf("%s has nothing of %s that a policy could be made of: expected %s", s.File, systemNames[s.System], expected[s.System])
	}
	return c.finish(s)
}

var expected = map[string]string{
	"envoy":   "routes (virtual_hosts) or clusters",
	"istio":   "a VirtualService or a DestinationRule",
	"dapr":    "a Resiliency with targets.apps",
	"linkerd": "an HTTPRoute, a ServiceProfile, or a Service with annotations of Linkerd",
}

// converter is one call of From.
type converter struct {
	upstreams []*upstream
	byName    map[string]*upstream
	left      []Left
}

// upstream returns the one of a name, which other systems may spell in more ways than we do.
func (c *converter) upstream(name string) *upstream {
	if u := c.byName[name]; u != nil {
		return u
	}
	u := &upstream{name: name}
	c.byName[name] = u
	c.upstreams = append(c.upstreams, u)
	return u
}

func (c *converter) leave(n *document.Node, format string, args ...any) {
	c.leaveAt(n.Place(), format, args...)
}

func (c *converter) leaveAt(at policy.Place, format string, args ...any) {
	c.left = append(c.left, Left{at, draft.Comment(fmt.Sprintf(format, args...))})
}

// rest leaves every key of a mapping that nobody handled.
func (c *converter) rest(n *document.Node, what string, handled ...string) {
	for _, e := range n.Entries() {
		if !slices.Contains(handled, snake(e.Key)) {
			c.leaveAt(e.KeyPlace, "%s.%s has nothing here that is the same", what, e.Key)
		}
	}
}

// get finds a key in snake case or camel case, for files come in both.
func get(n *document.Node, path ...string) *document.Node {
	for _, key := range path {
		var found *document.Node
		for _, e := range n.Entries() {
			if snake(e.Key) == key {
				found = e.Value
				break
			}
		}
		n = found
	}
	return n
}

// snake spells a key in snake case.
func snake(key string) string {
	if strings.ToLower(key) == key {
		return key
	}
	var b strings.Builder
	for i, r := range key {
		if r >= 'A' && r <= 'Z' {
			if i > 0 {
				b.WriteByte('_')
			}
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}
