package draft

// File is a policy file on its way to be text. A File is filled by one goroutine; Render only reads it.
type File struct {
	// Head are lines of comment at the top.
	Head []string
	// Service is the name of the service, ServiceNote a comment beside it.
	Service, ServiceNote string
	// Inbound is nil without one. Its Name is not shown.
	Inbound *Part
	// Outbound are the fields of the outbound port, none where there is no such port.
	Outbound  []Field
	Upstreams []*Part
	// Policies are the named ones.
	Policies []Named
	// Foot are lines of comment at the end.
	Foot []string
}

// Part is inbound or an upstream.
type Part struct {
	Name string
	// Note is a comment beside the name, Above are lines of comment above its operations.
	Note   string
	Fields []Field
	Policy Policy
	Above  []string
	// Operations are in the order of the file.
	Operations []*Operation
}

// Field is a key of ours with a value that is YAML already, and a comment beside it; either may be missing.
type Field struct{ Key, Value, Note string }

// Policy is a list of keys of the policy language with their values as YAML, such as "{request: 2s}".
type Policy []Field

// Named is a policy under policies.
type Named struct {
	Name, Note string
	Policy     Policy
}

// Operation is a key under operations. Key is text of any kind: Render quotes it.
type Operation struct {
	Key    string
	Policy Policy
	Note   string
	// Allow is the code of a problem that is silenced here, Note then being the reason.
	Allow string
}

// Map writes a mapping on one line, of the fields that have a value; it is "" when none has.
func Map(fields ...Field) string {
	text := ""
	for _, f := range fields {
		if f.Value == "" {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += f.Key + ": " + f.Value
	}
	if text == "" {
		return ""
	}
	return "{" + text + "}"
}
