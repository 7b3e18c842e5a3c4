package contract

import (
	"encoding/json"
	"fmt"
	"strings"

	"outrigger/policy"
	"outrigger/policy/openapi"
	"outrigger/policy/schema"
)

// flavour is the kind of message that a schema is for: what a reply must have, a request may lack, and the other way round.
type flavour string

const (
	request flavour = "request"
	reply   flavour = "response"
)

// bundler gathers the schemas of one upstream. Each is named once, however many operations and schemas refer to it.
type bundler struct {
	schemas  map[string]json.RawMessage
	bytes    int
	spent    int // bytes, those of operations that did not fit too
	looks    int // for what may be lacking
	patterns schema.Patterns
	places   map[string]policy.Place
	names    map[source]string
	taken    map[string]int // how many names began with this one
	problems policy.Problems
	told     map[told]bool
	loose    map[string]bool // schemas that allow more than the document's do
	marked   bool            // a text has a mark; see leave

	// Of the operation at hand: what it adds, taken back where it does not fit.
	version string
	staged  []source
	queue   []job
}

// source is where a schema comes from: its one name in the document, or its place for one that has none.
type source struct {
	of      string
	flavour flavour
}

// job is a schema that has a name and no text yet.
type job struct {
	name    string
	value   openapi.Value
	flavour flavour
}

type told struct {
	code  string
	place policy.Place
}

func newBundler() *bundler {
	return &bundler{
		schemas: map[string]json.RawMessage{}, places: map[string]policy.Place{}, names: map[source]string{}, told: map[told]bool{},
		loose: map[string]bool{}, taken: map[string]int{},
	}
}

func (b *bundler) warn(p policy.Problem) {
	p.Severity = policy.Warning
	key := told{p.Code, p.Place}
	if !b.told[key] && len(b.problems) < maxProblems {
		b.told[key] = true
		b.problems = append(b.problems, p)
	}
}

// unusable tells of a schema, or a part of one, that is left out.
func (b *bundler) unusable(at policy.Place, why string) {
	b.warn(policy.Problem{
		Code: CodeSchema, Place: at, Message: "schema is not used for validation: " + why,
		Expected: "a schema that a message can be held against", Suggestion: "mend it; until then every value passes here",
	})
}

// operation reads one contract and the schemas that it needs.
func (b *bundler) operation(t openapi.OperationText, w Wish) (contract *policy.Contract, fits bool) {
	b.version, b.staged, b.queue = t.Version, nil, nil
	bytes := b.bytes
	o := operation{bundler: b, text: t, name: w.Name}
	contract = &policy.Contract{}
	if w.Request {
		o.request(contract)
	}
	if w.Response {
		o.replies(contract)
	}
	for len(b.queue) > 0 && b.fits() {
		next := b.queue[0]
		b.queue = b.queue[1:]
		c := converter{bundler: b, flavour: next.flavour}
		text, err := json.Marshal(c.schema(next.value, lax{}))
		if err != nil {
			text = json.RawMessage("true") // a number that JSON cannot say, of which there is none
			b.loose[next.name] = true
		}
		b.schemas[next.name] = text
		b.bytes += len(text)
		b.spent += len(text) + bytesBeside
	}
	if addsNothing := len(b.staged) == 0 && b.bytes == bytes; addsNothing || len(b.queue) == 0 && b.fits() {
		return contract, true
	}
	for _, s := range b.staged {
		name := b.names[s]
		delete(b.schemas, name)
		delete(b.places, name)
		delete(b.loose, name)
		delete(b.names, s)
	}
	b.bytes = bytes
	return nil, false
}

// bytesBeside is about what reading a schema, or a name, takes beside its text.
const bytesBeside = 64

// fits reports whether more can be read.
func (b *bundler) fits() bool {
	return b.bytes <= maxBytes && b.spent <= maxSpent && len(b.names) <= maxSchemas
}

// named gives the name of a schema, and has it read if it is new. An absent one has none: it allows everything.
func (b *bundler) named(v openapi.Value, f flavour, hint string) string {
	if !v.Present() {
		return ""
	}
	place := v.Place()
	key := source{fmt.Sprintf("%s:%d:%d", place.File, place.Line, place.Column), f}
	// A schema that is nothing but a $ref is the schema it names.
	if name, target, ok := v.Target(); ok && !hasSiblings(v) {
		return b.target(name, target, f)
	}
	return b.enter(key, v, hint)
}

// target gives the name of what a $ref leads to.
func (b *bundler) target(of string, v openapi.Value, f flavour) string {
	return b.enter(source{of, f}, v, of[strings.LastIndexAny(of, "/\x00")+1:])
}

func (b *bundler) enter(key source, v openapi.Value, hint string) string {
	if name := b.names[key]; name != "" {
		return name
	}
	name := b.free(string(key.flavour) + "." + plain(hint))
	b.names[key] = name
	b.places[name] = v.Place()
	b.staged = append(b.staged, key)
	b.queue = append(b.queue, job{name, v, key.flavour})
	return name
}

// free makes a name that no other schema has.
func (b *bundler) free(name string) string {
	tried := name
	for {
		if _, taken := b.places[tried]; !taken {
			return tried
		}
		b.taken[name]++
		tried = fmt.Sprintf("%s.%d", name, b.taken[name]+1)
	}
}

// maxName bounds what a document's names become.
const maxName = 80

// plain leaves of a name what needs no escape in a URI reference.
func plain(name string) string {
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' || r == '.' {
			return r
		}
		return '_'
	}, name)
	return name[:min(len(name), maxName)]
}

// hasSiblings reports whether something that matters stands beside a $ref.
func hasSiblings(v openapi.Value) bool {
	for key := range v.Members() {
		if key != "$ref" && key != "description" && key != "summary" && !strings.HasPrefix(key, "x-") || key == "x-nullable" {
			return true
		}
	}
	return false
}
