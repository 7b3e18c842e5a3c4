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

// New compiles schemas by name. Those that do not compile are in broken, with the reason, and those that refer to them; the book
// allows everything in their place.
func New(texts map[string]json.RawMessage) (book *Book, broken map[string]error) {
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.UseLoader(nowhere{})
	compiler.UseRegexpEngine(compilePattern)
	compiler.AssertFormat()
	for _, f := range formats() {
		compiler.RegisterFormat(f)
	}
	book, broken = &Book{schemas: map[string]*jsonschema.Schema{}}, map[string]error{}
	names := slices.Sorted(maps.Keys(texts))
	for _, name := range names {
		value, err := decode(texts[name])
		if err == nil {
			err = compiler.AddResource(base+name, value)
		}
		if err != nil {
			broken[name] = err
		}
	}
	for _, name := range names {
		if broken[name] != nil {
			continue
		}
		compiled, err := compiler.Compile(base + name)
		if err != nil {
			broken[name] = reasonOf(err)
			continue
		}
		book.schemas[name] = compiled
	}
	seen := map[*jsonschema.Schema]bool{}
	known := shapes{}
	book.shapes = map[string]*shape{}
	for name, s := range book.schemas { // before anything is attached: a glance counts its own steps
		book.shapes[name] = known.of(s)
	}
	for _, s := range book.schemas {
		book.meter.attach(s, seen)
	}
	return book, broken
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
