package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"outrigger/policy"
)

// base is where the schemas of a book stand for one another; nothing is ever fetched.
const base = "outrigger:///"

// Book is the compiled schemas of one upstream. It is safe for concurrent use.
type Book struct {
	schemas map[string]*jsonschema.Schema
	shapes  map[string]*shape

	// The library judges with no bound of its own, so it counts steps in meter, one judgement at a time.
	mu    sync.Mutex
	meter meter
}

// New compiles schemas by name. Those that cannot be used are in broken, with the reason, and those that refer to them, with
// ErrRefers; the book allows everything in their place. A $ref is the name of a schema of the book.
func New(texts map[string]json.RawMessage) (book *Book, broken map[string]error) {
	c := newCompilation(texts)
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if err := c.compile(name); err != nil {
			c.broken[name] = err
		}
	}
	c.breakUsers()
	c.link()
	book = &Book{schemas: c.schemas, shapes: map[string]*shape{}}
	known := shapes{made: map[*jsonschema.Schema]*shape{}}
	for name, s := range book.schemas { // before anything is attached: a glance counts its own steps
		book.shapes[name] = known.of(s)
	}
	known.read()
	book.meter.attach(book.schemas)
	return book, c.broken
}

// ErrRefers is a schema that could be used but for one that it refers to.
var ErrRefers = errors.New("it refers to a schema that cannot be used")

// compilation makes the schemas of a book. The library compiles what a schema refers to along with it, and looks through all that it
// has in hand for every part of them, so that schemas which refer to one another take the square of their number. It is given
// them one by one, each $ref as a remark, and they are linked afterwards.
type compilation struct {
	compiler *jsonschema.Compiler
	texts    map[string]json.RawMessage
	schemas  map[string]*jsonschema.Schema
	broken   map[string]error
	users    map[string][]string // by name: the schemas that refer to it
	steps    int
}

func newCompilation(texts map[string]json.RawMessage) *compilation {
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.UseLoader(nowhere{})
	compiler.UseRegexpEngine(new(Patterns).compile)
	compiler.AssertFormat()
	for _, f := range formats() {
		compiler.RegisterFormat(f)
	}
	return &compilation{
		compiler: compiler, texts: texts, schemas: map[string]*jsonschema.Schema{}, broken: map[string]error{}, users: map[string][]string{},
	}
}

// compile makes one schema, whose references lead nowhere yet.
func (c *compilation) compile(name string) error {
	value, err := decode(c.texts[name])
	if err != nil {
		return err
	}
	parts := parting{}
	if err := parts.schema(value, 0, 0); err != nil {
		return err
	}
	slices.Sort(parts.refs)
	for _, ref := range slices.Compact(parts.refs) {
		if _, known := c.texts[ref]; !known {
			return fmt.Errorf("schema %q is not in the book", clip(ref, maxQuote))
		}
		c.users[ref] = append(c.users[ref], name)
	}
	if c.steps+parts.steps() > maxBook {
		return errBookTooLarge
	}
	c.steps += parts.steps()
	if err := c.compiler.AddResource(base+name, value); err != nil {
		return err
	}
	compiled, err := c.compiler.Compile(base + name)
	if err != nil {
		return reasonOf(err)
	}
	c.schemas[name] = compiled
	return nil
}

// breakUsers takes out what refers to a broken schema: more is allowed in its place, and that can turn around what is said of it.
func (c *compilation) breakUsers() {
	for queue := slices.Collect(maps.Keys(c.broken)); len(queue) > 0; queue = queue[1:] {
		for _, user := range c.users[queue[0]] {
			if c.broken[user] == nil {
				c.broken[user] = ErrRefers
				delete(c.schemas, user)
				queue = append(queue, user)
			}
		}
	}
}

// link lets every reference lead to its schema.
func (c *compilation) link() {
	for _, root := range c.schemas {
		for open := []*jsonschema.Schema{root}; len(open) > 0; {
			s := open[len(open)-1]
			open = append(open[:len(open)-1], children(s)...)
			s.Ref, s.Comment = c.schemas[s.Comment], ""
		}
	}
}

// reasonOf leaves out the names that stand only inside a book.
func reasonOf(err error) error {
	var invalid *jsonschema.SchemaValidationError
	if errors.As(err, &invalid) {
		return errors.New("it is no JSON Schema")
	}
	return err
}

// nowhere refuses to fetch what a schema may refer to beyond its book.
type nowhere struct{}

// Load always fails.
func (nowhere) Load(url string) (any, error) {
	return nil, fmt.Errorf("schema %s is not in the book", url)
}

// JSON judges a JSON text by the schema of a name. Violations are in a body unless they are moved. The error is ErrTooComplex, or
// ErrCycle for a schema that leads back to itself without an end: then nothing is known.
func (b *Book) JSON(name string, text []byte) ([]policy.Violation, error) {
	if err := bounded(text); err != nil {
		return nil, err
	}
	if h := b.shapes[name]; h == nil || json.Valid(text) && glanceAt(h, text) {
		return nil, nil
	}
	value, err := decode(text)
	if err != nil {
		return []policy.Violation{{In: policy.InBody, Reason: notJSON(err)}}, nil
	}
	return b.judge(name, value)
}

// judge gives the violations of a value, none by a schema that is not in the book.
func (b *Book) judge(name string, value any) ([]policy.Violation, error) {
	if s := b.schemas[name]; s != nil {
		return b.hold(s, value)
	}
	return nil, nil
}

// hold holds a value against one schema of the book.
func (b *Book) hold(s *jsonschema.Schema, value any) (found []policy.Violation, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.meter.steps = 0
	defer func() {
		if fault := recover(); fault != nil {
			// The library has no other way to be stopped; whatever else it may stumble over is no reason to lose a request.
			found, err = nil, ErrTooComplex
		}
	}()
	failed := s.Validate(value)
	if failed == nil {
		return nil, nil
	}
	return violations(failed)
}
