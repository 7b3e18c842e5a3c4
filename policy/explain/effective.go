package explain

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"outrigger/policy"
)

// Value is one effective setting, spelt as a policy file would.
type Value struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	// Source is file:line of a policy or a spec, or "default".
	Source string `json:"source"`
	// From is the level that decided: default, spec, defaults, upstream, operation, or policy for a named one.
	From string `json:"from"`
	Note string `json:"note,omitempty"`
}

// Effective lists every setting of an operation of u, in the order of the policy language. It is safe for concurrent use.
func Effective(u *policy.Upstream, op *policy.Operation) []Value {
	l := lister{op: op}
	t, r := op.Policy.Timeouts, op.Policy.Retry
	l.duration("timeouts.request", t.Request)
	if op.Streaming == policy.StreamAlways {
		l.note("to the head of the reply: the operation streams")
	}
	l.duration("timeouts.attempt", t.Attempt)
	switch {
	case t.Attempt == 0 && t.Request > 0:
		l.note("timeouts.request alone bounds an attempt")
	case t.Request > 0 && t.Attempt > t.Request:
		l.note("cut to timeouts.request " + policy.Spell(t.Request))
	}
	l.duration("timeouts.connect", t.Connect)
	l.duration("timeouts.idle", t.Idle)
	l.duration("timeouts.body", t.Body)

	l.add("retry.retries", strconv.Itoa(r.Retries))
	l.note(fmt.Sprintf("at most %s in all", attempts(r.Retries+1)))
	l.add("retry.when", spellConditions(r.When))
	l.duration("retry.backoff.base", r.Backoff.Base)
	l.duration("retry.backoff.max", r.Backoff.Max)
	l.budget(u)
	l.duration("retry.respectRetryAfter", r.RespectRetryAfter)
	l.idempotent()
	l.add("retry.idempotencyKey.mode", string(r.IdempotencyKey.Mode))
	if !r.IdempotencyKey.Honoured {
		l.note("no key makes the operation repeatable: neither spec nor policy says that it honours one")
	}
	l.add("retry.idempotencyKey.header", r.IdempotencyKey.Header)
	l.add("retry.maxBody", policy.SpellSize(r.MaxBody))
	l.breaker(op.Policy.Breaker)
	l.concurrency(op.Policy.Concurrency)
	l.add("streaming", streaming(op.Streaming))
	l.validate(op)
	return l.values
}

type lister struct {
	op     *policy.Operation
	values []Value
}

// add appends a value with the origin of its key, or of the nearest mapping above it that is switched as a whole.
func (l *lister) add(key, value string) {
	o, written := l.op.Policy.Origins[key]
	if !written {
		o.From = "default"
	}
	l.values = append(l.values, Value{Key: key, Value: value, Source: o.Place.String(), From: o.From})
}

func (l *lister) note(text string) { l.values[len(l.values)-1].Note = text }

func (l *lister) duration(key string, d time.Duration) { l.add(key, policy.Spell(d)) }

// idempotent says who decides: the policy or the spec, else the method, which for the unmatched operation is the request's.
func (l *lister) idempotent() {
	if l.op.Method == "" && !l.op.Idempotent {
		l.add("retry.idempotent", "by the method")
		return
	}
	l.add("retry.idempotent", strconv.FormatBool(l.op.Idempotent))
	if _, written := l.op.Policy.Origins["retry.idempotent"]; !written {
		l.note("by the method")
	}
}

func (l *lister) budget(u *policy.Upstream) {
	b := u.Budget
	if b.Off {
		l.add("retry.budget", "off")
		return
	}
	l.add("retry.budget.ratio", policy.SpellShare(b.Ratio))
	l.add("retry.budget.floor", strconv.Itoa(b.Floor))
	l.duration("retry.budget.window", b.Window)
}

func (l *lister) breaker(b policy.Breaker) {
	if b.Off {
		l.add("breaker", "off")
		return
	}
	l.add("breaker.failureRate", policy.SpellShare(b.FailureRate))
	l.duration("breaker.window", b.Window)
	l.add("breaker.minimumRequests", strconv.Itoa(b.MinimumRequests))
	consecutive := "off"
	if b.ConsecutiveFailures > 0 {
		consecutive = strconv.Itoa(b.ConsecutiveFailures)
	}
	l.add("breaker.consecutiveFailures", consecutive)
	l.add("breaker.failures", spellConditions(b.Failures))
	l.duration("breaker.openFor", b.OpenFor)
	l.duration("breaker.openForMax", b.OpenForMax)
	l.add("breaker.probes", strconv.Itoa(b.Probes))
	l.add("breaker.scope", string(b.Scope))
}

func (l *lister) concurrency(c policy.Concurrency) {
	if c.Off {
		l.add("concurrency", "off")
		return
	}
	l.add("concurrency.max", strconv.Itoa(c.Max))
	l.add("concurrency.queue", strconv.Itoa(c.Queue))
	l.duration("concurrency.queueTimeout", c.QueueTimeout)
}

// validate says what is looked at, and where nothing is though the policy asks for it.
func (l *lister) validate(op *policy.Operation) {
	v := op.Policy.Validate
	l.add("validate.request", string(v.Request))
	if v.Request.On() && op.Contract == nil {
		l.note("nothing is looked at: no spec says what is valid here")
	}
	l.add("validate.response", string(v.Response))
	switch {
	case v.Response.On() && op.Contract == nil:
		l.note("nothing is looked at: no spec says what is valid here")
	case v.Response.On() && op.Streaming == policy.StreamAlways:
		l.note("nothing is looked at: the operation streams")
	}
}

func streaming(s policy.Stream) string {
	switch s {
	case policy.StreamAlways:
		return "true"
	case policy.StreamMay:
		return "may, as the reply says"
	}
	return "false"
}

// spellConditions writes a set of conditions as a policy file's list would.
func spellConditions(c policy.Conditions) string {
	var words []string
	for _, named := range []struct {
		word string
		on   bool
	}{{"connect", c.Connect}, {"refused", c.Refused}, {"reset", c.Reset}, {"timeout", c.Timeout}} {
		if named.on {
			words = append(words, named.word)
		}
	}
	return "[" + strings.Join(append(words, spellStatuses(c.Statuses)...), ", ") + "]"
}

// spellStatuses writes statuses one by one, or 5xx where they are too many to have been written so.
func spellStatuses(s policy.StatusSet) []string {
	many := manyServerErrors(s)
	var words []string
	for _, code := range s.Codes() {
		if code < 500 || !many {
			words = append(words, strconv.Itoa(code))
		}
	}
	if many {
		words = append(words, "5xx")
	}
	return words
}

func manyServerErrors(s policy.StatusSet) bool {
	n := 0
	for _, code := range s.Codes() {
		if code >= 500 {
			n++
		}
	}
	return n >= 90
}

func attempts(n int) string {
	if n == 1 {
		return "1 attempt"
	}
	return fmt.Sprintf("%d attempts", n)
}
