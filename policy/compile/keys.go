package compile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"outrigger/policy"
	"outrigger/policy/document"
	"outrigger/policy/language"
)

// The tables of this package bind the keys that the language has to what they set.

// policyFields are the keys of a policy. "use" stands beside them: it is no value (see policies.go).
var policyFields = bound(language.Policy,
	field[settings]{name: "use", value: func(*compiler, string, *document.Node) func(*settings) { return nil }},
	field[settings]{name: "timeouts", nested: timeoutFields, off: []offValue[settings]{
		{"request", func(s *settings) { s.Timeouts.Request = 0 }},
		{"attempt", func(s *settings) { s.Timeouts.Attempt = 0 }},
		{"connect", func(s *settings) { s.Timeouts.Connect = 0 }},
		{"idle", func(s *settings) { s.Timeouts.Idle = 0 }},
		{"body", func(s *settings) { s.Timeouts.Body = 0 }},
	}},
	field[settings]{name: "retry", nested: retryFields, off: []offValue[settings]{{"retries", func(s *settings) { s.Retry.Retries = 0 }}}},
	field[settings]{
		name: "breaker", nested: breakerFields,
		on:  func(s *settings) { s.Breaker.Off = false },
		off: []offValue[settings]{{"", func(s *settings) { s.Breaker.Off = true }}},
	},
	field[settings]{
		name: "concurrency", nested: concurrencyFields,
		on:  func(s *settings) { s.Concurrency.Off = false },
		off: []offValue[settings]{{"", func(s *settings) { s.Concurrency.Off = true }}},
	},
	field[settings]{name: "validate", nested: validateFields, off: []offValue[settings]{
		{"request", func(s *settings) { s.Validate.Request = policy.ValidationOff }},
		{"response", func(s *settings) { s.Validate.Response = policy.ValidationOff }},
	}},
	field[settings]{name: "balance", nested: balanceFields},
	leaf("streaming", fixed(truth), func(s *settings, v bool) { s.streaming = streamOf(v) }),
	leaf("mode", word, func(*settings, string) {}),
	leaf("criticality", word, func(*settings, string) {}),
)

var timeoutFields = bound(language.Policy.Under("timeouts"),
	leaf("request", duration, func(s *settings, v time.Duration) { s.Timeouts.Request = v }),
	leaf("attempt", duration, func(s *settings, v time.Duration) { s.Timeouts.Attempt = v }),
	leaf("connect", duration, func(s *settings, v time.Duration) { s.Timeouts.Connect = v }),
	leaf("idle", duration, func(s *settings, v time.Duration) { s.Timeouts.Idle = v }),
	leaf("body", duration, func(s *settings, v time.Duration) { s.Timeouts.Body = v }),
)

var retryFields = bound(language.Policy.Under("retry"),
	leaf("retries", integer, func(s *settings, v int) { s.Retry.Retries = v }),
	leaf("when", conditionList(retryable, "is never retried: another try cannot change it"), func(s *settings, v conditions) {
		s.Retry.When, s.when = v.Conditions, v.items
	}),
	field[settings]{name: "backoff", nested: backoffFields, off: []offValue[settings]{
		{"base", func(s *settings) { s.Retry.Backoff.Base = 0 }},
		{"max", func(s *settings) { s.Retry.Backoff.Max = 0 }},
	}},
	field[settings]{
		name: "budget", nested: budgetFields,
		on:  func(s *settings) { s.budget.Off = false },
		off: []offValue[settings]{{"", func(s *settings) { s.budget.Off = true }}},
	},
	leaf("respectRetryAfter", duration, func(s *settings, v time.Duration) { s.Retry.RespectRetryAfter = v }),
	leaf("idempotent", fixed(truth), func(s *settings, v bool) { s.idempotent = &v }),
	field[settings]{
		name: "idempotencyKey", nested: idempotencyKeyFields, short: shortIdempotencyKey,
		on:  func(s *settings) { s.keyed, s.keyless = true, false },
		off: []offValue[settings]{{"", func(s *settings) { s.keyless, s.Retry.IdempotencyKey.Mode = true, policy.KeyForward }}},
	},
	leaf("maxBody", size, func(s *settings, v int64) { s.Retry.MaxBody = v }),
)

var backoffFields = bound(language.Policy.Under("retry", "backoff"),
	leaf("base", duration, func(s *settings, v time.Duration) { s.Retry.Backoff.Base = v }),
	leaf("max", duration, func(s *settings, v time.Duration) { s.Retry.Backoff.Max = v }),
)

var budgetFields = bound(language.Policy.Under("retry", "budget"),
	leaf("ratio", share, func(s *settings, v float64) { s.budget.Ratio = v }),
	leaf("floor", integer, func(s *settings, v int) { s.budget.Floor = v }),
	leaf("window", duration, func(s *settings, v time.Duration) { s.budget.Window = v }),
)

var idempotencyKeyFields = bound(language.Policy.Under("retry", "idempotencyKey"),
	leaf("mode", word, func(s *settings, v string) { s.Retry.IdempotencyKey.Mode = policy.KeyMode(v) }),
	leaf("header", fixed(headerName), func(s *settings, v string) { s.Retry.IdempotencyKey.Header = v }),
)

func shortIdempotencyKey(c *compiler, key string, n *document.Node) (string, func(*settings)) {
	mode, ok := word(language.Policy.Under("retry", "idempotencyKey", "mode"))(c, key, n)
	if !ok {
		return "", nil
	}
	return "mode", func(s *settings) { s.Retry.IdempotencyKey.Mode = policy.KeyMode(mode) }
}

var breakerFields = bound(language.Policy.Under("breaker"),
	leaf("failureRate", share, func(s *settings, v float64) { s.Breaker.FailureRate = v }),
	leaf("window", duration, func(s *settings, v time.Duration) { s.Breaker.Window = v }),
	leaf("minimumRequests", integer, func(s *settings, v int) { s.Breaker.MinimumRequests = v }),
	leaf("consecutiveFailures", integer, func(s *settings, v int) { s.Breaker.ConsecutiveFailures = v }),
	leaf("failures", conditionList(failing, "speaks against the client, not against the upstream"), func(s *settings, v conditions) {
		s.Breaker.Failures, s.failures = v.Conditions, v.items
	}),
	leaf("openFor", duration, func(s *settings, v time.Duration) { s.Breaker.OpenFor = v }),
	leaf("openForMax", duration, func(s *settings, v time.Duration) { s.Breaker.OpenForMax = v }),
	leaf("probes", integer, func(s *settings, v int) { s.Breaker.Probes = v }),
	leaf("scope", word, func(s *settings, v string) { s.Breaker.Scope = policy.Scope(v) }),
)

var concurrencyFields = bound(language.Policy.Under("concurrency"),
	leaf("max", integer, func(s *settings, v int) { s.Concurrency.Max = v }),
	leaf("queue", integer, func(s *settings, v int) { s.Concurrency.Queue = v }),
	leaf("queueTimeout", duration, func(s *settings, v time.Duration) { s.Concurrency.QueueTimeout = v }),
	leaf("adaptive", word, func(*settings, string) {}),
)

var validateFields = bound(language.Policy.Under("validate"),
	leaf("request", validationOf("enforce"), func(s *settings, v policy.Validation) {
		s.Validate.Request = cmp.Or(v, policy.ValidationOff)
	}),
	leaf("response", validationOf("count"), func(s *settings, v policy.Validation) {
		s.Validate.Response = cmp.Or(v, policy.ValidationOff)
	}),
)

// validationOf reads what becomes of a message; strictest is the word for the most that can be done with one of this kind, which
// people write for the other kind too.
func validationOf(strictest string) func(language.Shape) kind[policy.Validation] {
	other := map[string]string{"enforce": "count", "count": "enforce"}[strictest]
	why := map[string]string{
		"enforce": "a request is refused before the upstream sees it", "count": "the upstream has done its work when its reply is seen, so the reply passes and may count as a failure",
	}[strictest]
	return func(s language.Shape) kind[policy.Validation] {
		plain := word(s)
		return func(c *compiler, key string, n *document.Node) (policy.Validation, bool) {
			if n.Kind() == document.Scalar && n.Text() == other {
				c.fail(codeRange, n.Place(), fmt.Sprintf("%s: %q is not a value it can have: %s", key, other, why), either(append(slices.Clone(s.Words), "off")), "write "+strictest)
				return "", false
			}
			text, ok := plain(c, key, n)
			return policy.Validation(text), ok
		}
	}
}

var balanceFields = bound(language.Policy.Under("balance"),
	leaf("choice", balanceChoice, func(*settings, string) {}),
)

func balanceChoice(s language.Shape) kind[string] {
	return func(c *compiler, key string, n *document.Node) (string, bool) {
		if strings.HasPrefix(n.Text(), "hash:") {
			c.notYetValue(n.Place(), key+": "+n.Text(), either(s.Words))
			return "", false
		}
		return word(s)(c, key, n)
	}
}

func streamOf(always bool) *policy.Stream {
	kind := policy.StreamNo
	if always {
		kind = policy.StreamAlways
	}
	return &kind
}

// policyKeyNamed returns the dotted key of a policy whose last word is name, for a key that stands in the wrong place.
func policyKeyNamed(name string) string {
	for _, key := range dottedKeys("", policyFields) {
		if key == name || strings.HasSuffix(key, "."+name) {
			return key
		}
	}
	return ""
}

// fileKeyNamed returns where in a file, outside of policies, a key stands that is called name.
func fileKeyNamed(name string) []string {
	var places []string
	if language.File.Find(name) != nil {
		places = append(places, "the file itself, at its left margin")
	}
	for _, key := range language.File.Keys {
		where, shape := key.Name, key.Shape
		if key.Name == "upstreams" {
			where, shape = "an upstream", *key.Shape.Item
		}
		if shape.Kind == language.Mapping && key.Name != "defaults" && shape.Find(name) != nil {
			places = append(places, where)
		}
	}
	return places
}

func dottedKeys[S any](prefix string, fields []field[S]) []string {
	var keys []string
	for _, f := range fields {
		keys = append(keys, join(prefix, f.name))
	}
	for _, f := range fields {
		keys = append(keys, dottedKeys(join(prefix, f.name), f.nested)...)
	}
	return keys
}
