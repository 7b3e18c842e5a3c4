package compile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"outrigger/policy"
	"outrigger/policy/document"
)

// conditions are what a list of retry.when or breaker.failures means, with the statuses that it names one by one.
type conditions struct {
	policy.Conditions
	statuses []namedStatus
}

// namedStatus is a status written as a number, which a spec may declare or not.
type namedStatus struct {
	code  int
	place policy.Place
}

// neverRetried are answers that another try cannot change, or that another try must not follow (semantics: 400 and its like
// say that the request is wrong, 501 and 505 that the upstream will never know it).
var neverRetried = []int{400, 401, 403, 404, 405, 406, 410, 411, 413, 414, 415, 422, 431, 501, 505}

// neverFailures are answers that speak against the client, never against the upstream.
var neverFailures = []int{400, 401, 403, 404, 405, 406, 410, 411, 413, 414, 415, 422, 431}

// retryable is what "5xx" means where attempts are repeated, failing where they are judged.
var retryable, failing = serverErrors(501, 505), serverErrors(501)

func serverErrors(except ...int) policy.StatusSet {
	var s policy.StatusSet
	for code := 500; code <= 599; code++ {
		if !slices.Contains(except, code) {
			s.Add(code)
		}
	}
	return s
}

var conditionWords = []string{"connect", "refused", "reset", "timeout", "5xx", "gateway"}

// grpcCodes are known so that they can be told from misspelt words; they have no meaning yet.
var grpcCodes = []string{"CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
	"RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"}

// conditionList reads a list of conditions. serverErrors is what 5xx means in it, never what may not stand in it.
func conditionList(serverErrors policy.StatusSet, never []int, why string) kind[conditions] {
	one := func(c *compiler, key string, n *document.Node) (conditions, bool) {
		var v conditions
		text, ok := c.scalar(key, n, conditionExpected)
		if !ok {
			return v, false
		}
		switch text {
		case "connect":
			v.Connect = true
		case "refused":
			v.Refused = true
		case "reset":
			v.Reset = true
		case "timeout":
			v.Timeout = true
		case "5xx":
			v.Statuses = serverErrors
		case "gateway":
			v.Statuses = policy.Statuses(502, 503, 504)
		default:
			return c.status(key, n, never, why)
		}
		return v, true
	}
	return func(c *compiler, key string, n *document.Node) (conditions, bool) {
		parts, ok := items(one)(c, key, n)
		var all conditions
		for _, part := range parts {
			all.add(part)
		}
		return all, ok
	}
}

var conditionExpected = either(append(slices.Clone(conditionWords), "a status such as 503"))

func (c *compiler) status(key string, n *document.Node, never []int, why string) (conditions, bool) {
	text := n.Text()
	code, err := strconv.Atoi(text)
	switch {
	case slices.Contains(grpcCodes, strings.ToUpper(text)):
		c.notYet(n.Place(), "gRPC code "+text)
	case err != nil:
		instead := nearest(text, conditionWords)
		if instead != "" {
			instead = "write " + instead
		}
		c.fail(codeRange, n.Place(), fmt.Sprintf("%s: unknown condition %q", key, text), conditionExpected, instead)
	case code < 400 || code > 599:
		c.fail(codeRange, n.Place(), fmt.Sprintf("%s: status %d is not a failure", key, code), "a status from 400 to 599")
	case slices.Contains(never, code):
		c.fail(codeRange, n.Place(), fmt.Sprintf("%s: status %d %s", key, code, why), "a status that tells of trouble at the upstream, such as 503", "remove it")
	default:
		return conditions{Conditions: policy.Conditions{Statuses: policy.Statuses(code)}, statuses: []namedStatus{{code, n.Place()}}}, true
	}
	return conditions{}, false
}

func (v *conditions) add(other conditions) {
	v.Connect = v.Connect || other.Connect
	v.Refused = v.Refused || other.Refused
	v.Reset = v.Reset || other.Reset
	v.Timeout = v.Timeout || other.Timeout
	for i, w := range other.Statuses {
		v.Statuses[i] |= w
	}
	v.statuses = append(v.statuses, other.statuses...)
}

// beyondNotSent reports whether v also repeats what the upstream may have seen.
func beyondNotSent(v policy.Conditions) bool {
	return v.Reset || v.Timeout || !v.Statuses.IsZero()
}
