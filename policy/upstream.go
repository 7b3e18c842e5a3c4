package policy

import (
	"encoding/json"
	"strings"
	"time"
)

// Upstream is a named service we call, or the application beside us.
type Upstream struct {
	Name      string     `json:"name"`
	Direction Direction  `json:"direction"`
	Place     Place      `json:"place,omitzero"`
	Listen    Address    `json:"listen,omitzero"` // a port of its own, optional
	Hosts     []string   `json:"hosts,omitempty"` // lower case, with the port where the policy gives one
	Endpoints []Endpoint `json:"endpoints"`
	// Operations are the declared ones in file order; Unmatched stands for every other request.
	Operations []*Operation `json:"operations,omitempty"`
	Unmatched  *Operation   `json:"unmatched"`
	// RefuseUnmatched answers requests that match no operation with 404 no_route instead of forwarding them.
	RefuseUnmatched bool `json:"refuseUnmatched,omitempty"`
	// Declared is true where a spec stands behind the upstream, so that an unmatched request is an undeclared one.
	Declared bool   `json:"declared,omitempty"`
	Budget   Budget `json:"budget"`
	// Schemas are JSON Schemas (draft 2020-12) by name, which the contracts of the operations refer to and which refer to one another:
	// {"$ref": "NAME"}. They are what the spec says, bundled, so that a set needs no spec.
	Schemas  map[string]json.RawMessage `json:"schemas,omitempty"`
	Formerly []string                   `json:"formerly,omitempty"` // earlier names whose state this upstream takes over

	matcher *matcher
}

// Endpoint is one address of an upstream.
type Endpoint struct {
	Scheme string `json:"scheme"` // http or https
	Host   string `json:"host"`   // host:port, always with the port
	Place  Place  `json:"place,omitzero"`
}

// Operation is one method and path template of an upstream, with the policy that holds for it.
type Operation struct {
	// ID is the operationId, or METHOD /template where the spec has none.
	ID     string `json:"id"`
	Method string `json:"method,omitempty"`
	// Template is the path as requests show it: the spec's base path and the path template.
	Template string `json:"template,omitempty"`
	// Place is where the spec, or for lack of one the policy, declares the operation.
	Place Place `json:"place,omitzero"`
	// Idempotent says that the request may be repeated though an attempt may have been processed, by method, spec or policy.
	Idempotent bool   `json:"idempotent"`
	Streaming  Stream `json:"streaming,omitempty"`
	// Deprecated says that the spec asks callers to stop using the operation.
	Deprecated bool `json:"deprecated,omitempty"`
	// Answers are the statuses that the spec declares for it, and those that any hop may send. Zero where the spec does not say,
	// or declares a default for all others.
	Answers StatusSet `json:"answers,omitzero"`
	Policy  Policy    `json:"policy"`
	// Contract is what the spec demands of the messages of the operation; nil where nothing is validated.
	Contract *Contract `json:"contract,omitempty"`
	Formerly []string  `json:"formerly,omitempty"`
}

// Stream tells whether a reply ends by itself soon.
type Stream string

// A reply that streams for as long as it likes (timeouts.request then ends at its head), that may, or that does not.
const (
	StreamNo     Stream = ""
	StreamMay    Stream = "may"
	StreamAlways Stream = "always"
)

// streamTypes are the media types whose bodies come in pieces for as long as their sender likes.
var streamTypes = map[string]bool{
	"text/event-stream": true, "application/x-ndjson": true, "application/ndjson": true, "application/jsonl": true,
	"application/x-jsonl": true, "application/jsonlines": true, "application/x-jsonlines": true, "application/json-lines": true,
	"application/json-seq": true, "application/stream+json": true, "application/x-json-stream": true,
	"multipart/x-mixed-replace": true,
}

// StreamType reports whether bodies of a media type, with its parameters or without, last for as long as their sender likes: by its
// name, or by the parameter that Kubernetes marks its watches with. The same answer holds for what specs declare and what arrives.
// It does not allocate for a type in small letters.
func StreamType(media string) bool {
	name, parameters, _ := strings.Cut(media, ";")
	name = strings.ToLower(strings.TrimSpace(name))
	if streamTypes[name] || strings.HasSuffix(name, "+json-seq") ||
		strings.HasPrefix(name, "application/vnd.docker.") && strings.HasSuffix(name, "-stream") {
		return true
	}
	for parameters != "" {
		var one string
		one, parameters, _ = strings.Cut(parameters, ";")
		key, value, _ := strings.Cut(one, "=")
		if strings.EqualFold(strings.TrimSpace(key), "stream") && strings.EqualFold(strings.TrimSpace(value), "watch") {
			return true
		}
	}
	return false
}

// Budget bounds the extra attempts to one upstream: in any sliding Window at most Ratio of the requests of that window plus Floor.
// The idea is Finagle's; see docs/policy.md.
type Budget struct {
	Ratio  float64       `json:"ratio"` // 0.2 is 20 %
	Floor  int           `json:"floor"` // extra attempts per window that are always allowed
	Window time.Duration `json:"window"`
	Off    bool          `json:"off,omitempty"` // no bound at all
}

// MayRepeat reports whether a request of method may be repeated though an attempt of it may have been processed. The unmatched
// operation has no method of its own, so there the request's decides.
func (o *Operation) MayRepeat(method string) bool {
	return o.Idempotent || o.Method == "" && IdempotentMethod(method)
}

// IdempotentMethod reports whether doing the request twice is as good as once (RFC 9110 section 9.2.2, RFC 10008 for QUERY).
func IdempotentMethod(method string) bool {
	switch method {
	case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "QUERY":
		return true
	}
	return false
}
