package validate

import (
	"net/http"
	"strings"

	"outrigger/policy"
	"outrigger/proxy/exchange"
)

// MaxBody is the longest body that is looked at, in bytes.
const MaxBody = 64 << 10

// maxTold bounds the violations of one message that anybody is told.
const maxTold = 10

// Why a message was not judged; the label reason of outrigger_validation_skipped_total.
const (
	skippedLarge   = "too_large"
	skippedComplex = "too_complex"
	skippedEncoded = "encoded"
	skippedMemory  = "memory" // all buffers are in use
	skippedBroken  = "broken" // the body did not come whole
)

// Schemas judge values by the schemas of an upstream. They must be safe for concurrent use.
type Schemas interface {
	// JSON judges a text by the schema of a name. An error says that it cannot be judged.
	JSON(name string, text []byte) ([]policy.Violation, error)
	// Parameter judges a parameter by the texts of its values, or of its named parts.
	Parameter(p *policy.Parameter, values []string, parts [][2]string) ([]policy.Violation, error)
}

// Memory bounds the bytes of all bodies that are looked at. It must be safe for concurrent use.
type Memory interface {
	// Take counts n bytes in, or says that there are not so many left.
	Take(n int64) bool
	// Give counts bytes out.
	Give(n int64)
}

// Settings of the layers of one operation.
type Settings struct {
	Operation *policy.Operation
	// Schemas are those of its upstream; nil where they cannot be used, and then nothing is looked at.
	Schemas Schemas
	Memory  Memory
}

// idle reports that a layer would have nothing to do.
func (s *Settings) idle(v policy.Validation) bool {
	return !v.On() || s.Schemas == nil || s.Operation.Contract == nil
}

// told records what was found of a message. Key is the policy key that had it looked at.
func told(ex *exchange.Exchange, c exchange.Check, key string) {
	if len(c.Violations) == 0 && c.Skipped == "" {
		return
	}
	ex.Checks = append(ex.Checks, c)
	what := "the " + c.Kind + " was not validated: " + c.Skipped
	if len(c.Violations) > 0 {
		what = "the " + c.Kind + " breaks its contract: " + summary(c.Violations)
	}
	ex.Decide("validate", what, key)
}

// summary is the first violation, and how many more there are.
func summary(all []policy.Violation) string {
	text := all[0].String()
	switch n := len(all) - 1; {
	case n == 1:
		text += " (and another)"
	case n > 1:
		text += " (and others)"
	}
	return text
}

// mediaOf finds what a contract says of a content type; ok is false for one that it does not list. A message without one is taken for
// the JSON that is listed, if any.
func mediaOf(list []policy.Media, contentType string) (m policy.Media, ok bool) {
	name, _, _ := strings.Cut(contentType, ";")
	name = strings.ToLower(strings.TrimSpace(name))
	if name == "" {
		for _, m := range list {
			if isJSON(m.Type) {
				return m, true
			}
		}
		return policy.Media{}, true
	}
	group, _, _ := strings.Cut(name, "/")
	best := 0
	for _, candidate := range list {
		rank := 0
		switch candidate.Type {
		case name:
			return plain(candidate, name), true
		case group + "/*":
			rank = 2
		case "*/*":
			rank = 1
		}
		if rank > best {
			best, m = rank, candidate
		}
	}
	return plain(m, name), best > 0
}

// plain leaves a schema only to JSON: a range may have a schema and stand for other types too.
func plain(m policy.Media, name string) policy.Media {
	if !isJSON(name) {
		m.Schema = ""
	}
	return m
}

func isJSON(name string) bool { return name == "application/json" || strings.HasSuffix(name, "+json") }

// encoded reports whether a body is compressed, so that its JSON cannot be seen.
func encoded(h http.Header) bool {
	for _, value := range h["Content-Encoding"] {
		if value != "" && !strings.EqualFold(value, "identity") {
			return true
		}
	}
	return false
}
