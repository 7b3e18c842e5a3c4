package compile

import (
	"strings"
	"time"

	"outrigger/policy"
	"outrigger/policy/document"
)

// longest is the upper end of durations that have no bound of their own.
const longest = 24 * time.Hour

// policyFields are the keys of a policy. "use" stands beside them: it is no value (see policies.go).
var policyFields = []field[settings]{
	{name: "use", value: func(*compiler, string, *document.Node) func(*settings) { return nil }},
	{name: "timeouts", nested: timeoutFields, off: []offValue[settings]{
		{"request", func(s *settings) { s.Timeouts.Request = 0 }},
		{"attempt", func(s *settings) { s.Timeouts.Attempt = 0 }},
		{"connect", func(s *settings) { s.Timeouts.Connect = 0 }},
		{"idle", func(s *settings) { s.Timeouts.Idle = 0 }},
		{"body", func(s *settings) { s.Timeouts.Body = 0 }},
	}},
	{name: "retry", nested: retryFields, off: []offValue[settings]{{"retries", func(s *settings) { s.Retry.Retries = 0 }}}},
	{
		name: "breaker", nested: breakerFields,
		on:  func(s *settings) { s.Breaker.Off = false },
		off: []offValue[settings]{{"", func(s *settings) { s.Breaker.Off = true }}},
	},
	{
		name: "concurrency", nested: concurrencyFields,
		on:  func(s *settings) { s.Concurrency.Off = false },
		off: []offValue[settings]{{"", func(s *settings) { s.Concurrency.Off = true }}},
	},
	{name: "balance", nested: balanceFields},
	leaf("streaming", truth, func(s *settings, v bool) { s.streaming = streamOf(v) }),
	leaf("mode", onlyYet("enforce", "shadow"), func(*settings, string) {}),
	leaf("criticality", onlyYet("default", "critical", "sheddable"), func(*settings, string) {}),
	{name: "rate", later: true},
	{name: "hedge", later: true},
	{name: "outlier", later: true},
	{name: "healthCheck", later: true},
	{name: "fallback", later: true},
	{name: "faults", later: true},
	{name: "validate", later: true},
	{name: "deduplicate", later: true},
}

var timeoutFields = []field[settings]{
	leaf("request", orOff(duration(time.Millisecond, longest)), func(s *settings, v time.Duration) { s.Timeouts.Request = v }),
	leaf("attempt", orOff(duration(time.Millisecond, longest)), func(s *settings, v time.Duration) { s.Timeouts.Attempt = v }),
	leaf("connect", orOff(duration(time.Millisecond, 5*time.Minute)), func(s *settings, v time.Duration) { s.Timeouts.Connect = v }),
	leaf("idle", orOff(duration(time.Millisecond, longest)), func(s *settings, v time.Duration) { s.Timeouts.Idle = v }),
	leaf("body", orOff(duration(time.Millisecond, longest)), func(s *settings, v time.Duration) { s.Timeouts.Body = v }),
}

// maxRetries keeps an exchange at 5 attempts at most, whatever a policy says.
const maxRetries = 4

var retryFields = []field[settings]{
	leaf("retries", orOff(integer(0, maxRetries)), func(s *settings, v int) { s.Retry.Retries = v }),
	leaf("when", conditionList(retryable, neverRetried, "is never retried: another try cannot change it"), func(s *settings, v conditions) {
		s.Retry.When, s.when = v.Conditions, v.items
	}),
	{name: "backoff", nested: backoffFields, off: []offValue[settings]{
		{"base", func(s *settings) { s.Retry.Backoff.Base = 0 }},
		{"max", func(s *settings) { s.Retry.Backoff.Max = 0 }},
	}},
	{
		name: "budget", nested: budgetFields,
		on:  func(s *settings) { s.budget.Off = false },
		off: []offValue[settings]{{"", func(s *settings) { s.budget.Off = true }}},
	},
	leaf("respectRetryAfter", orOff(duration(time.Second, time.Hour)), func(s *settings, v time.Duration) { s.Retry.RespectRetryAfter = v }),
	leaf("idempotent", truth, func(s *settings, v bool) { s.idempotent = &v }),
	{
		name: "idempotencyKey", nested: idempotencyKeyFields, short: shortIdempotencyKey,
		on:  func(s *settings) { s.keyed, s.keyless = true, false },
		off: []offValue[settings]{{"", func(s *settings) { s.keyless, s.Retry.IdempotencyKey.Mode = true, policy.KeyForward }}},
	},
	leaf("maxBody", orOff(size(0, 16<<20)), func(s *settings, v int64) { s.Retry.MaxBody = v }),
}

var backoffFields = []field[settings]{
	leaf("base", orOff(duration(time.Millisecond, time.Minute)), func(s *settings, v time.Duration) { s.Retry.Backoff.Base = v }),
	leaf("max", orOff(duration(time.Millisecond, 10*time.Minute)), func(s *settings, v time.Duration) { s.Retry.Backoff.Max = v }),
}

var budgetFields = []field[settings]{
	leaf("ratio", share(0), func(s *settings, v float64) { s.budget.Ratio = v }),
	leaf("floor", integer(0, 100_000), func(s *settings, v int) { s.budget.Floor = v }),
	leaf("window", duration(time.Second, 10*time.Minute), func(s *settings, v time.Duration) { s.budget.Window = v }),
}

var keyModes = word(string(policy.KeyForward), string(policy.KeyInject), string(policy.KeyRequire))

var idempotencyKeyFields = []field[settings]{
	leaf("mode", keyModes, func(s *settings, v string) { s.Retry.IdempotencyKey.Mode = policy.KeyMode(v) }),
	leaf("header", headerName, func(s *settings, v string) { s.Retry.IdempotencyKey.Header = v }),
}

func shortIdempotencyKey(c *compiler, key string, n *document.Node) (string, func(*settings)) {
	mode, ok := keyModes(c, key, n)
	if !ok {
		return "", nil
	}
	return "mode", func(s *settings) { s.Retry.IdempotencyKey.Mode = policy.KeyMode(mode) }
}

var breakerFields = []field[settings]{
	leaf("failureRate", share(0.01), func(s *settings, v float64) { s.Breaker.FailureRate = v }),
	leaf("window", duration(time.Second, 10*time.Minute), func(s *settings, v time.Duration) { s.Breaker.Window = v }),
	leaf("minimumRequests", integer(1, 1_000_000), func(s *settings, v int) { s.Breaker.MinimumRequests = v }),
	leaf("consecutiveFailures", orOff(integer(1, 1_000_000)), func(s *settings, v int) { s.Breaker.ConsecutiveFailures = v }),
	leaf("failures", conditionList(failing, neverFailures, "speaks against the client, not against the upstream"), func(s *settings, v conditions) {
		s.Breaker.Failures, s.failures = v.Conditions, v.items
	}),
	leaf("openFor", duration(time.Millisecond, time.Hour), func(s *settings, v time.Duration) { s.Breaker.OpenFor = v }),
	leaf("openForMax", duration(time.Millisecond, longest), func(s *settings, v time.Duration) { s.Breaker.OpenForMax = v }),
	leaf("probes", integer(1, 1000), func(s *settings, v int) { s.Breaker.Probes = v }),
	leaf("scope", scopes, func(s *settings, v string) { s.Breaker.Scope = policy.Scope(v) }),
	{name: "slowerThan", later: true},
	{name: "slowRate", later: true},
}

var concurrencyFields = []field[settings]{
	leaf("max", integer(1, 1_000_000), func(s *settings, v int) { s.Concurrency.Max = v }),
	leaf("queue", orOff(integer(0, 1_000_000)), func(s *settings, v int) { s.Concurrency.Queue = v }),
	leaf("queueTimeout", duration(time.Millisecond, time.Minute), func(s *settings, v time.Duration) { s.Concurrency.QueueTimeout = v }),
	leaf("adaptive", onlyOff, func(*settings, bool) {}),
}

var balanceFields = []field[settings]{
	leaf("choice", balanceChoice, func(*settings, string) {}),
}

func balanceChoice(c *compiler, key string, n *document.Node) (string, bool) {
	if strings.HasPrefix(n.Text(), "hash:") {
		c.notYet(n.Place(), key+": "+n.Text())
		return "", false
	}
	return onlyYet("leastBusy", "roundRobin")(c, key, n)
}

func streamOf(always bool) *policy.Stream {
	kind := policy.StreamNo
	if always {
		kind = policy.StreamAlways
	}
	return &kind
}

// onlyYet reads a word of which only the first has a meaning yet.
func onlyYet(yet string, later ...string) kind[string] {
	return func(c *compiler, key string, n *document.Node) (string, bool) {
		text, ok := word(append([]string{yet}, later...)...)(c, key, n)
		if ok && text != yet {
			c.notYet(n.Place(), key+": "+text)
		}
		return text, ok
	}
}

func onlyOff(c *compiler, key string, n *document.Node) (bool, bool) {
	if !isOff(n) {
		c.notYet(n.Place(), key)
		return false, false
	}
	return true, true
}

func scopes(c *compiler, key string, n *document.Node) (string, bool) {
	text, ok := word(string(policy.ScopeOperation), string(policy.ScopeUpstream), "endpoint")(c, key, n)
	if ok && text == "endpoint" {
		c.notYet(n.Place(), key+": endpoint")
	}
	return text, ok
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
