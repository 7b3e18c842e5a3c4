package table

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"outrigger/policy"
	"outrigger/policy/document"
	"outrigger/policy/explain"
	"outrigger/policy/spelling"
)

// conditions are the words for what may happen to an attempt; a status number is the other way to say it.
var conditions = []string{"connect", "refused", "reset", "timeout"}

func (r *reader) expect(n *document.Node, e *Expect) {
	r.mapping(n, "expect", fields{
		"operation": func(n *document.Node) {
			v, ok := r.text(n, "operation", "an operation id, METHOD /path, or unmatched")
			e.Operation = wanted(n, v, ok)
		},
		"values":     func(n *document.Node) { e.Values = r.values(n) },
		"retries":    func(n *document.Node) { v, ok := r.integer(n, "retries", 0, 100); e.Retries = wanted(n, v, ok) },
		"retried":    func(n *document.Node) { e.Retried = r.conditions(n, "retried") },
		"notRetried": func(n *document.Node) { e.NotRetried = r.conditions(n, "notRetried") },
		"status":     func(n *document.Node) { v, ok := r.integer(n, "status", 100, 599); e.Status = wanted(n, v, ok) },
		"code":       func(n *document.Node) { v, ok := r.code(n, "code"); e.Code = wanted(n, v, ok) },
		"attempts":   func(n *document.Node) { v, ok := r.integer(n, "attempts", 0, 100); e.Attempts = wanted(n, v, ok) },
		"took":       func(n *document.Node) { r.took(n, e) },
		"statuses": func(n *document.Node) {
			e.Statuses = r.counts(n, "statuses", func(at policy.Place, text string) bool {
				v, err := strconv.Atoi(text)
				if err != nil || v < 100 || v > 599 {
					r.fail(codeRange, at, fmt.Sprintf("statuses: %q is no status", text), "a status such as 200")
					return false
				}
				return true
			})
		},
		"codes": func(n *document.Node) {
			e.Codes = r.counts(n, "codes", func(at policy.Place, text string) bool { return r.knownCode(at, "codes", text) })
		},
		"totalAttempts": func(n *document.Node) {
			v, ok := r.integer(n, "totalAttempts", 0, 100_000)
			e.TotalAttempts = wanted(n, v, ok)
		},
		"circuit": func(n *document.Node) {
			v, ok := r.word(n, "circuit", "closed", "open", "half_open", "off")
			e.Circuit = wanted(n, v, ok)
		},
	})
}

func (r *reader) took(n *document.Node, e *Expect) {
	r.mapping(n, "took", fields{
		"atLeast": func(n *document.Node) { v, ok := r.duration(n, "took.atLeast"); e.AtLeast = wanted(n, v, ok) },
		"atMost":  func(n *document.Node) { v, ok := r.duration(n, "took.atMost"); e.AtMost = wanted(n, v, ok) },
	})
}

// counts reads a mapping from what was got to how often.
func (r *reader) counts(n *document.Node, what string, valid func(at policy.Place, key string) bool) []Count {
	if n.Kind() != document.Mapping {
		r.wrongType(n, what, "a mapping such as {\"200\": 20}")
		return nil
	}
	var all []Count
	for _, e := range n.Entries() {
		times, ok := r.integer(e.Value, what+"."+e.Key, 0, 100_000)
		if valid(e.KeyPlace, e.Key) && ok {
			all = append(all, Count{e.Key, times, e.Value.Place()})
		}
	}
	return all
}

// noCode is how a table writes that all went well.
const noCode = "none"

// codes are those of docs/failures, which is the contract. Package failure has them too, and is above this one.
var codes = []string{
	noCode, "upstream_connect_refused", "upstream_connect_timeout", "upstream_tls_failed", "dns_failed", "upstream_reset_before_headers",
	"upstream_reset_mid_body", "upstream_timeout", "deadline", "retries_exhausted", "circuit_open", "bulkhead_full", "overload",
	"rate_limited", "request_invalid", "client_closed", "no_route", "upstream_bad_response", "loop_detected", "internal",
}

func (r *reader) code(n *document.Node, what string) (string, bool) {
	text, ok := r.text(n, what, "a code of docs/failures, or "+noCode)
	return text, ok && r.knownCode(n.Place(), what, text)
}

func (r *reader) knownCode(at policy.Place, what, text string) bool {
	if slices.Contains(codes, text) {
		return true
	}
	instead := spelling.Nearest(text, codes)
	if instead != "" {
		instead = "write " + instead
	}
	r.fail(codeRange, at, fmt.Sprintf("%s: %q is not a code", what, text), "a code of docs/failures, or "+noCode, instead)
	return false
}

func (r *reader) conditions(n *document.Node, what string) []Wanted[Condition] {
	var all []Wanted[Condition]
	r.items(n, what, func(n *document.Node) {
		text, ok := r.text(n, what, "a condition such as reset or 503")
		if !ok {
			return
		}
		if status, err := strconv.Atoi(text); err != nil || status < 200 || status > 599 {
			if _, ok := r.word(n, what, append(slices.Clone(conditions), "a status such as 503")...); !ok {
				return
			}
		}
		all = append(all, Wanted[Condition]{Condition(text), n.Place()})
	})
	return all
}

// values reads expected settings. Their keys are those that explain lists.
func (r *reader) values(n *document.Node) []Value {
	if n.Kind() != document.Mapping {
		r.wrongType(n, "values", "a mapping such as {timeouts.request: 2s}")
		return nil
	}
	var all []Value
	for _, e := range n.Entries() {
		text := e.Value.Text()
		if e.Value.Kind() == document.Sequence {
			var members []string
			for _, item := range e.Value.Items() {
				members = append(members, item.Text())
			}
			text = "[" + strings.Join(members, ", ") + "]"
		}
		switch {
		case !slices.Contains(knownKeys, e.Key):
			p := policy.Problem{
				Code: codeUnknownKey, Severity: policy.Error, Place: e.KeyPlace, Message: fmt.Sprintf("unknown key %q in values", e.Key),
				Expected: "a key that outrigger explain lists, such as timeouts.request",
			}
			if meant := spelling.Nearest(e.Key, knownKeys); meant != "" {
				p.Suggestion = fmt.Sprintf("did you mean %q?", meant)
			}
			r.problems = append(r.problems, p)
		case text == "":
			r.wrongType(e.Value, e.Key, "a value as outrigger explain prints it")
		case text == "false" && e.Value.Tag() == "!!bool" && !boolean[e.Key]:
			all = append(all, Value{e.Key, "off", e.Value.Place()}) // what YAML 1.1 tools make of off
		default:
			all = append(all, Value{e.Key, text, e.Value.Place()})
		}
	}
	return all
}

// boolean are the settings whose values are true and false.
var boolean = map[string]bool{"retry.idempotent": true, "streaming": true}

// knownKeys are all keys of effective values, those of features that are off as a whole included.
var knownKeys = func() []string {
	on := explain.Effective(&policy.Upstream{}, &policy.Operation{})
	off := explain.Effective(&policy.Upstream{Budget: policy.Budget{Off: true}}, &policy.Operation{
		Policy: policy.Policy{Breaker: policy.Breaker{Off: true}, Concurrency: policy.Concurrency{Off: true}},
	})
	var keys []string
	for _, v := range append(on, off...) {
		if !slices.Contains(keys, v.Key) {
			keys = append(keys, v.Key)
		}
	}
	return keys
}()
