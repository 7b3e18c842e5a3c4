package compile

import (
	"fmt"
	"slices"

	"outrigger/policy"
	"outrigger/policy/openapi"
)

// checkUpstream looks at what the layers of a source's operations have come to.
func (c *compiler) checkUpstream(s *source) {
	for _, d := range s.ops {
		if s.Direction == policy.Inbound {
			c.checkInboundRetry(d)
		} else {
			c.checkUnsafeRetry(d)
		}
		c.checkStream(d)
		c.checkStatuses(s, d)
		c.checkKeyHeader(d)
		c.checkHints(d)
		c.checkArithmetic(s, d)
	}
	c.checkBudget(s)
	c.checkAmbiguous(s)
}

// written is where a value stands for the reader of a problem about d: for one that a named policy brings, where d uses it.
func (d *declared) written(v value) policy.Place {
	if v.named {
		return d.place()
	}
	return v.origin.Place
}

// checkInboundRetry lets inbound retry only what was never sent: the caller's own sidecar retries the rest.
func (c *compiler) checkInboundRetry(d *declared) {
	if _, ok := d.layer.written("retry.when", levelUpstream); !ok {
		return
	}
	for _, item := range d.settings.when {
		if beyondNotSent(item.Conditions) {
			c.reportOnce(policy.Problem{
				Code: codeInboundRetry, Severity: policy.Error, Place: item.place,
				Message:  fmt.Sprintf("retry.when: %s is retried on inbound", item.text),
				Expected: "connect and refused only: the caller's sidecar retries the rest, and two that retry would multiply", Suggestion: "remove it",
			})
		}
	}
}

// checkUnsafeRetry refuses a retry written at an operation that could do its work twice. Inherited retries are no mistake: such an
// operation is simply not retried beyond what was never sent.
func (c *compiler) checkUnsafeRetry(d *declared) {
	r := d.settings.Retry
	if d.Method == "" || d.Idempotent || d.Policy.Retry.IdempotencyKey.Honoured || r.Retries == 0 || !beyondNotSent(r.When) {
		return
	}
	for _, key := range []string{"retry.when", "retry.retries"} {
		v, ok := d.layer.written(key, levelOperation)
		if !ok {
			continue
		}
		c.reportOnce(policy.Problem{
			Code: codeUnsafeRetry, Severity: policy.Error, Place: d.written(v),
			Message:    fmt.Sprintf("operation %s may not be repeated, and a retry after a reset, a timeout or an answer would do its work twice", d.ID),
			Expected:   "an idempotency key, an operation that may be repeated, or a retry of what was never sent only",
			Suggestion: "add idempotencyKey: inject if the upstream honours one, or idempotent: true if doing it twice is harmless, or when: [connect, refused]",
		})
		return
	}
}

// checkStream refuses a request timeout written for an operation that streams.
func (c *compiler) checkStream(d *declared) {
	v, ok := d.layer.written("timeouts.request", levelOperation)
	if !ok || d.Streaming != policy.StreamAlways || d.settings.Timeouts.Request == 0 {
		return
	}
	why := "streams"
	if d.spec != nil && d.spec.Streams.Kind == policy.StreamAlways {
		why = fmt.Sprintf("streams (%s, %s)", d.spec.Streams.Media, d.spec.Streams.Place)
	}
	c.reportOnce(policy.Problem{
		Code: codeStreamTimeout, Severity: policy.Error, Place: d.written(v),
		Message:  fmt.Sprintf("timeouts.request is written for operation %s, which %s: its reply has no end to wait for", d.ID, why),
		Expected: "timeouts.idle for the silence between two bytes, timeouts.attempt for the head of the reply", Suggestion: "write timeouts: {idle: 1m}, or streaming: false if it does not stream",
	})
}

// anyHop are statuses that any hop may send, so that specs hardly ever declare them.
var anyHop = policy.Statuses(408, 425, 429, 500, 502, 503, 504)

// checkStatuses warns of a status that the operation never answers by its spec.
func (c *compiler) checkStatuses(s *source, d *declared) {
	if s.catalog == nil || s.catalog.broken {
		return
	}
	for _, list := range []struct {
		key   string
		items []condition
	}{{"retry.when", d.settings.when}, {"breaker.failures", d.settings.failures}} {
		key := list.key
		v, ok := d.layer.values[key]
		if !ok || v.named {
			continue
		}
		for _, item := range list.items {
			switch {
			case item.status == 0 || anyHop.Has(item.status):
			case v.level == levelOperation && !d.declares(item.status):
				c.undeclared(key, item, "operation "+d.ID)
			case v.level == levelUpstream && !slices.ContainsFunc(s.ops, func(o *declared) bool { return o.declares(item.status) }):
				c.undeclared(key, item, "any operation of "+s.title())
			}
		}
	}
}

// declares reports whether the spec has a response for code; an operation whose spec names none at all says nothing of any.
func (d *declared) declares(code int) bool {
	if d.spec == nil {
		return false
	}
	st := d.spec.Statuses
	return st.Literal.IsZero() && st.Ranges.IsZero() && !st.Default || st.Declares(code)
}

func (c *compiler) undeclared(key string, item condition, who string) {
	p := policy.Problem{
		Code: codeUndeclaredStatus, Severity: policy.Warning, Place: item.place,
		Message:  fmt.Sprintf("%s: status %d is not declared by %s", key, item.status, who),
		Expected: "a status that the spec declares, or one that any hop may send: " + codes(anyHop), Suggestion: "remove it, or declare the response in the spec",
	}
	if item.status == 409 && key == "retry.when" {
		p.Severity, p.Expected = policy.Error, "409 only where the spec says that the operation answers it"
	}
	c.reportOnce(p)
}

func codes(s policy.StatusSet) string {
	var all []string
	for _, code := range s.Codes() {
		all = append(all, fmt.Sprint(code))
	}
	return list(all)
}

// checkKeyHeader warns of an idempotency key that the spec does not know: the upstream would not look at it.
func (c *compiler) checkKeyHeader(d *declared) {
	v, ok := d.layer.written("retry.idempotencyKey", levelOperation)
	if !ok || d.spec == nil || !d.Policy.Retry.IdempotencyKey.Honoured {
		return
	}
	header := d.Policy.Retry.IdempotencyKey.Header
	for _, h := range d.spec.Headers {
		if canonicalHeader(h.Name) == header {
			return
		}
	}
	at := d.written(v)
	if named, ok := d.layer.written("retry.idempotencyKey.header", levelOperation); ok {
		at = d.written(named)
	}
	c.reportOnce(policy.Problem{
		Code: codeUndeclaredKey, Severity: policy.Warning, Place: at,
		Message:  fmt.Sprintf("header %s is not a parameter of operation %s in the spec: will the upstream look at it?", header, d.ID),
		Expected: "a header parameter that the spec documents", Suggestion: "declare it in the spec, or remove the key",
	})
}

// checkHints tells where a policy overrides what the service's owner wrote.
func (c *compiler) checkHints(d *declared) {
	if d.spec == nil {
		return
	}
	h := d.spec.Hints
	for _, hinted := range []struct {
		key  string
		hint *openapi.Hint
	}{{"timeouts.request", h.Timeout}, {"retry.idempotent", h.Idempotent}, {"streaming", h.Streaming}, {"retry.idempotencyKey.header", h.IdempotencyKey}} {
		_, known := d.hinted.values[hinted.key]
		v := d.layer.values[hinted.key]
		if hinted.hint == nil || !known || v.level <= levelSpec {
			continue
		}
		c.reportOnce(policy.Problem{
			Code: codeHintOverridden, Severity: policy.Info, Place: d.written(v),
			Message: fmt.Sprintf("%s overrides what the spec says for operation %s at %s", hinted.key, d.ID, hinted.hint.Place),
		})
	}
}
