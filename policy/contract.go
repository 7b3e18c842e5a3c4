package policy

// Contract is what a spec demands of the messages of one operation. It holds only what its policy has validated, and refers to
// schemas by their name in Upstream.Schemas; an empty name allows everything.
type Contract struct {
	Parameters []Parameter `json:"parameters,omitempty"`
	// Body is of the request; nil where the spec says nothing of it.
	Body    *Body   `json:"body,omitempty"`
	Replies []Reply `json:"replies,omitempty"`
}

// Location is where a value of a message stands.
type Location string

// The places of parameters (OpenAPI 3.2 section 4.12), and the body.
const (
	InPath   Location = "path"
	InQuery  Location = "query"
	InHeader Location = "header"
	InCookie Location = "cookie"
	InBody   Location = "body"
)

// Style says how a parameter is written (OpenAPI 3.2 section 4.12.2).
type Style string

// The styles that are read. StyleTab is Swagger 2.0's tsv; StyleJSON is a parameter described by content.
const (
	StyleSimple Style = "simple"
	StyleForm   Style = "form"
	StyleSpace  Style = "spaceDelimited"
	StylePipe   Style = "pipeDelimited"
	StyleTab    Style = "tabDelimited"
	StyleDeep   Style = "deepObject"
	StyleLabel  Style = "label"  // of a path: ".5", ".a,b", ".a.b" exploded
	StyleMatrix Style = "matrix" // of a path: ";id=5", ";id=a,b", ";id=a;id=b" exploded
	StyleJSON   Style = "json"
)

// Parameter is one parameter of an operation.
type Parameter struct {
	Name     string   `json:"name"`
	In       Location `json:"in"`
	Required bool     `json:"required,omitempty"`
	Style    Style    `json:"style"`
	Explode  bool     `json:"explode,omitempty"`
	// AllowEmpty lets a query parameter have no value, whatever its schema says.
	AllowEmpty bool `json:"allowEmpty,omitempty"`
	// Properties are the names under which the parts of an exploded form object stand in the query.
	Properties []string `json:"properties,omitempty"`
	Schema     string   `json:"schema,omitempty"`
}

// Body is what a request may carry.
type Body struct {
	Required bool    `json:"required,omitempty"`
	Media    []Media `json:"media,omitempty"`
}

// Media is one media type of a body.
type Media struct {
	// Type is in lower case and without parameters; it may be a range such as "application/*".
	Type   string `json:"type"`
	Schema string `json:"schema,omitempty"`
}

// Reply is what the statuses from First to Last may carry; 0 to 0 is every status that no other reply has.
type Reply struct {
	First int     `json:"first,omitempty"`
	Last  int     `json:"last,omitempty"`
	Media []Media `json:"media,omitempty"`
}

// Reply returns what the spec says of a status: its own entry, else its range, else the default; nil without any of them.
func (c *Contract) Reply(status int) *Reply {
	var found *Reply
	for i := range c.Replies {
		switch r := &c.Replies[i]; {
		case r.First == status && r.Last == status:
			return r
		case r.First <= status && status <= r.Last, r.First == 0 && found == nil:
			found = r
		}
	}
	return found
}

// Violation is one way in which a message breaks its contract. It never holds a value of the message.
type Violation struct {
	In Location `json:"in"`
	// Name is the parameter's; empty for a body.
	Name string `json:"name,omitempty"`
	// Pointer leads into the body or the parameter (RFC 6901); empty for the whole.
	Pointer string `json:"pointer,omitempty"`
	Reason  string `json:"reason"`
}

// String returns "query limit: must be at most 100" or "body /lines/0: lacks quantity".
func (v Violation) String() string {
	where := string(v.In)
	if v.Name != "" {
		where += " " + v.Name
	}
	if v.Pointer != "" {
		where += " " + v.Pointer
	}
	return where + ": " + v.Reason
}
