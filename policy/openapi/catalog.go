package openapi

import (
	"fmt"

	"outrigger/policy"
)

// Catalog is what one OpenAPI document declares. It is immutable once read, safe for concurrent use, and holds nothing of
// the document's text.
type Catalog struct {
	// File is the document as it was named to Read.
	File string
	// Version is as written: "3.0.3", "2.0". Title is that of info, as written.
	Version, Title string
	// Servers are the URLs of the document's servers in its order, variables replaced by their defaults, as far as they have one;
	// of Swagger 2.0 they are made of schemes, host and basePath. They may be relative.
	Servers []string
	// BasePaths are the paths of the servers without a slash at the end, "" for the root; at least one, each once.
	BasePaths []string
	// Operations are in the order of the document.
	Operations []*Operation
	// Schemes are the security schemes without which at least one operation cannot be called, in the order of the document.
	Schemes []Scheme
	// Elsewhere are the operation ids of webhooks and callbacks, which no client calls here.
	Elsewhere []Elsewhere
}

// Scheme is one way by which a document has clients prove who they are.
type Scheme struct {
	// Name is its key in the document, Type as written: apiKey, http, mutualTLS, oauth2, openIdConnect; basic in 2.0.
	Name, Type string
	// In is header, query or cookie and Header the parameter's name, both of an apiKey only.
	In, Header string
	// Place is where its type is written or, for an apiKey, the parameter's name.
	Place policy.Place
}

// Elsewhere is an operation id that stands where no client of this service calls it.
type Elsewhere struct {
	ID    string
	Where string // "webhook" or "callback"
	Place policy.Place
}

// Operation is one method of one path. Its values are defaults and facts for policies, not policies.
type Operation struct {
	// ID is the operationId, "" where the document gives none, or gives it to operations that requests tell apart: SharedID is it
	// then, and names none of them.
	ID, SharedID string
	// Method is in upper case, also QUERY and those of additionalOperations.
	Method string
	// Path is the template as written, without "?" and "#" and what follows, and without a base path.
	Path string
	// BasePaths are of the servers that the operation or its path item declares for itself; nil when it has the catalog's.
	BasePaths []string
	// Place is that of the method's key, IDPlace that of the operationId's value, PathPlace that of the path's key, which is
	// elsewhere when the path item stands behind a $ref.
	Place, IDPlace, PathPlace policy.Place
	// Statuses are the responses it declares, RetryAfter those of them that document a Retry-After header.
	Statuses, RetryAfter Statuses
	Streams              Streams
	// Headers are the header parameters, canonical, in the order declared, those of the path item last.
	Headers []Header
	// PathParameters are the names in the path template, in its order.
	PathParameters []string
	// IdempotencyKey is the canonical name of the header parameter that carries an idempotency key, or "".
	IdempotencyKey string
	// Upload is the media type of a request body that is a file, Download of a successful reply that is one, LongPoll the query
	// parameter that says how long to wait for an answer; absent where the spec shows nothing of the kind.
	Upload, Download, LongPoll Sign
	// UploadMost is the most bytes of that file by its schema's maxLength, 0 where the spec does not say.
	UploadMost int64
	Deprecated bool
	Hints      Hints
	// CoveredBy is the earlier operation of the same method whose path is the same once "?" or "#" is cut: every request
	// is that one's. nil for nearly every operation.
	CoveredBy *Operation
}

// Sign is a text of the spec from which a fact was taken. It is absent when Text is "".
type Sign struct {
	Text  string
	Place policy.Place
}

// Statuses are the keys of a responses object.
type Statuses struct {
	// Literal are the codes written as such, Ranges all codes of ranges such as 5XX.
	Literal, Ranges policy.StatusSet
	// Default says that the document has a response for any code not written.
	Default bool
}

// Declares reports whether code is declared literally, by a range or by default.
func (s Statuses) Declares(code int) bool {
	return s.Literal.Has(code) || s.Ranges.Has(code) || s.Default
}

// Streams says whether successful replies stream, and what says so.
type Streams struct {
	Kind policy.Stream
	// Media is the first streaming media type as written, or "101" for an upgrade; Place is where it stands.
	Media string
	Place policy.Place
}

// Header is a header parameter.
type Header struct {
	Name     string
	Required bool
	Place    policy.Place
}

// Hints are the members of x-outrigger, as written; nil where absent.
type Hints struct {
	Idempotent, IdempotencyKey, Criticality, Timeout, Streaming *Hint
}

// Hint is one member's scalar value.
type Hint struct {
	Text  string
	Tag   string // "!!str", "!!bool", "!!int" or "!!float"
	Place policy.Place
}

// hints reads x-outrigger. What the values mean is policy/compile's; here only names and shapes are checked.
func (r *reading) hints(s spot, op *Operation) {
	s, ok := r.follow(s, "x-outrigger", policy.Warning)
	if !ok {
		return
	}
	if !s.isMapping() {
		r.warn(policy.Problem{
			Code: CodeHint, Place: s.Place(),
			Message:  "x-outrigger is " + s.Kind().String(),
			Expected: "a mapping of idempotent, idempotencyKey, criticality, timeout, streaming",
		})
		return
	}
	known := map[string]**Hint{
		"idempotent": &op.Hints.Idempotent, "idempotencyKey": &op.Hints.IdempotencyKey, "criticality": &op.Hints.Criticality,
		"timeout": &op.Hints.Timeout, "streaming": &op.Hints.Streaming,
	}
	for m := range r.membersOf(s) {
		hint, isKnown := known[m.key]
		switch {
		case !isKnown:
			r.warn(policy.Problem{
				Code: CodeHint, Place: m.place,
				Message:  fmt.Sprintf("hint %q is not known and does nothing", m.key),
				Expected: "idempotent, idempotencyKey, criticality, timeout or streaming",
			})
		case !m.value.isScalar():
			r.warn(policy.Problem{
				Code: CodeHint, Place: m.place,
				Message:  fmt.Sprintf("hint %s is %s and does nothing", m.key, m.value.Kind()),
				Expected: "a single value",
			})
		default:
			*hint = &Hint{Text: m.value.Text(), Tag: m.value.Tag(), Place: m.value.Place()}
		}
	}
}

// Sharing returns the operations that have the same operationId, at least two, or none.
func (c *Catalog) Sharing(id string) []*Operation {
	var all []*Operation
	for _, op := range c.Operations {
		if op.SharedID == id && id != "" {
			all = append(all, op)
		}
	}
	return all
}

// Find returns the operation with this operationId, or nil.
func (c *Catalog) Find(id string) *Operation {
	for _, op := range c.Operations {
		if op.ID == id && id != "" {
			return op
		}
	}
	return nil
}

// The codes of this package's problems. They are stable and each has a page in docs/checks.
// OR220 and above belong to the checks of policies against specs.
const (
	// CodeUnreadable is a spec that cannot be read, or is no JSON or YAML.
	CodeUnreadable = "OR201"
	// CodeForeign is a file that is no OpenAPI document, or of a version that is not known.
	CodeForeign = "OR202"
	// CodeDuplicateID is an operationId that several operations have.
	CodeDuplicateID = "OR203"
	// CodeDuplicateKey is a key that stands twice in one JSON object or YAML mapping.
	CodeDuplicateKey = "OR204"
	// CodeOutside is a $ref to a URL or out of the document's folder.
	CodeOutside = "OR205"
	// CodeMissing is a $ref that leads nowhere.
	CodeMissing = "OR206"
	// CodeCycle is a $ref that leads back to itself.
	CodeCycle = "OR207"
	// CodePath is a path template that is malformed.
	CodePath = "OR208"
	// CodeStatus is a response key that is no status.
	CodeStatus = "OR209"
	// CodeField is a field that is not read because of its spelling, shape or version.
	CodeField = "OR210"
	// CodeSecondDocument is a second YAML document in the file.
	CodeSecondDocument = "OR211"
	// CodeTooLarge is more bytes, files or operations than are read.
	CodeTooLarge = "OR212"
	// CodeSchemas is a document whose schemas cannot be loaded as a whole.
	CodeSchemas = "OR213"
	// CodeHint is a member of x-outrigger that is not known.
	CodeHint = "OR214"
	// CodeCovered is an operation that no request can be told to mean, because another has its method and path.
	CodeCovered = "OR215"
)
