package compile

import (
	"slices"
	"time"

	"outrigger/policy"
	"outrigger/policy/language"
	"outrigger/policy/openapi"
	"outrigger/policy/spelling"
)

// specLayer is what a spec says of one operation: its x-outrigger hints, its idempotency key header, what it streams.
func (c *compiler) specLayer(op *openapi.Operation) *layer {
	l := newLayer()
	if op == nil {
		return l
	}
	set := func(key string, at policy.Place, apply func(*settings)) {
		l.values[key] = value{origin: policy.Origin{Place: at, From: levelNames[levelSpec]}, level: levelSpec, apply: apply}
	}
	if kind := op.Streams.Kind; kind != policy.StreamNo {
		set("streaming", op.Streams.Place, func(s *settings) { s.streaming = &kind })
	}
	if header := op.IdempotencyKey; header != "" {
		set("retry.idempotencyKey", keyPlace(op), func(s *settings) { s.keyed = true })
		set("retry.idempotencyKey.header", keyPlace(op), func(s *settings) { s.Retry.IdempotencyKey.Header = header })
	}
	c.hints(op.Hints, set)
	return l
}

func keyPlace(op *openapi.Operation) policy.Place {
	for _, h := range op.Headers {
		if h.Name == op.IdempotencyKey {
			return h.Place
		}
	}
	return op.Place
}

// hints sets what x-outrigger says. Criticality has no meaning yet, and a service's owner may write it all the same, in its words.
func (c *compiler) hints(h openapi.Hints, set func(key string, at policy.Place, apply func(*settings))) {
	if hint, shape := h.Criticality, language.Policy.Under("criticality"); hint != nil {
		if words := slices.Concat(shape.Words, shape.WordsLater); !slices.Contains(words, hint.Text) {
			c.badHint("criticality", hint, either(words))
		}
	}
	if v, ok := c.truthHint("idempotent", h.Idempotent); ok {
		set("retry.idempotent", h.Idempotent.Place, func(s *settings) { s.idempotent = &v })
	}
	if v, ok := c.truthHint("streaming", h.Streaming); ok {
		set("streaming", h.Streaming.Place, func(s *settings) { s.streaming = streamOf(v) })
	}
	if hint := h.Timeout; hint != nil {
		d, spelt := spelling.Duration(hint.Text)
		if !spelt || d < time.Millisecond || d > time.Duration(language.Policy.Under("timeouts", "request").High) {
			c.badHint("timeout", hint, durationExpected)
		} else {
			set("timeouts.request", hint.Place, func(s *settings) { s.Timeouts.Request = d })
		}
	}
	if hint := h.IdempotencyKey; hint != nil {
		if !headerForm.MatchString(hint.Text) || hint.Tag != "!!str" {
			c.badHint("idempotencyKey", hint, "the name of a header field")
			return
		}
		set("retry.idempotencyKey", hint.Place, func(s *settings) { s.keyed = true })
		set("retry.idempotencyKey.header", hint.Place, func(s *settings) { s.Retry.IdempotencyKey.Header = canonicalHeader(hint.Text) })
	}
}

func (c *compiler) truthHint(name string, hint *openapi.Hint) (value, ok bool) {
	if hint == nil {
		return false, false
	}
	if hint.Tag != "!!bool" {
		c.badHint(name, hint, "true or false")
		return false, false
	}
	return hint.Text == "true", true
}

// badHint is a warning: a hint is a courtesy of the service's owner, and whoever writes the policy may not be able to mend it.
func (c *compiler) badHint(name string, hint *openapi.Hint, expected string) {
	c.report(policy.Problem{
		Code: codeBadHint, Severity: policy.Warning, Place: hint.Place,
		Message: "x-outrigger." + name + ": " + hint.Text + " is not " + expected, Expected: expected, Suggestion: "the hint is left out of account until then",
	})
}
