package contract

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"outrigger/policy"
	"outrigger/policy/openapi"
	"outrigger/policy/schema"
)

// The codes of this package's problems.
const (
	// CodePattern is a pattern that cannot be used, so that values are not held against it.
	CodePattern = "OR242"
	// CodeSchema is a schema, or a part of one, that cannot be used.
	CodeSchema = "OR243"
)

// Bounds of what one upstream carries.
const (
	maxBytes    = 8 << 20
	maxSpent    = 4 * maxBytes // with what did not fit
	maxSchemas  = 20_000
	maxProblems = 100
)

// Key tells the operations of a document apart: see openapi.Operation.
type Key struct {
	Path  string
	Place policy.Place
}

// Wish says which messages of an operation are to be validated, and by what name problems speak of it.
type Wish struct {
	Name              string
	Request, Response bool
}

// Bundle is what the contracts of one upstream need.
type Bundle struct {
	Contracts map[Key]*policy.Contract
	// Schemas are for policy.Upstream.Schemas; every one of them compiles.
	Schemas  map[string]json.RawMessage
	Problems policy.Problems // all of them warnings
}

// Read reads the contracts of the operations of a document for which wish asks. An operation whose schemas do not fit within the bounds
// has none, which is a problem. It is a function of what the reader reads, and safe for concurrent use if that is.
func Read(reader openapi.Reader, file string, wish func(Key) Wish) Bundle {
	b := newBundler()
	contracts := map[Key]*policy.Contract{}
	reader.Walk(file, func(t openapi.OperationText) {
		key := Key{t.Path, t.Place}
		w := wish(key)
		if contracts[key] != nil || !w.Request && !w.Response {
			return
		}
		contract, fits := b.operation(t, w)
		if !fits {
			b.warn(policy.Problem{
				Code: CodeSchema, Place: t.Place,
				Message:  fmt.Sprintf("messages of operation %s are not validated: the schemas of the upstream are too large", w.Name),
				Expected: fmt.Sprintf("at most %d MiB and %d schemas for all operations that are validated", maxBytes>>20, maxSchemas), Suggestion: "write validate at fewer operations",
			})
			return
		}
		contracts[key] = contract
	})
	b.prove()
	b.relax()
	b.problems.Sort()
	return Bundle{Contracts: contracts, Schemas: b.schemas, Problems: b.problems}
}

// prove compiles all schemas, as the sidecar will, and puts the schema that allows everything in the place of those that do not. Those
// that refer to them are sound then.
func (b *bundler) prove() {
	_, broken := schema.New(b.schemas)
	for _, name := range slices.Sorted(maps.Keys(broken)) {
		if !errors.Is(broken[name], schema.ErrRefers) {
			b.schemas[name] = json.RawMessage("true")
			b.loose[name] = true
			b.unusable(b.places[name], broken[name].Error())
		}
	}
}
