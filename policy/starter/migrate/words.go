package migrate

import (
	"slices"
	"strconv"
	"strings"

	"outrigger/policy/document"
)

// retryOn are the words of Envoy's retry_on and what they stand for here
// (https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter). 5xx and gateway-error include failures
// without an answer, for these end as 5xx there.
var retryOn = map[string][]string{
	"5xx":                    {"connect", "refused", "reset", "timeout", "5xx"},
	"gateway-error":          {"connect", "refused", "reset", "timeout", "gateway"},
	"reset":                  {"connect", "refused", "reset", "timeout"},
	"reset-before-request":   {"connect", "refused"},
	"connect-failure":        {"connect"},
	"refused-stream":         {"refused"},
	"retriable-4xx":          {"409"},
	"retriable-status-codes": nil, // the codes stand beside it
}

// order is that in which conditions are written.
var order = []string{"connect", "refused", "reset", "timeout", "5xx", "gateway"}

// conditions reads a list of Envoy's words, separated by commas. A number among them is a status, as Istio has it.
func (c *converter) conditions(n *document.Node) []string {
	var when []string
	for word := range strings.SplitSeq(n.Text(), ",") {
		word = strings.TrimSpace(word)
		here, known := retryOn[word]
		switch _, err := strconv.Atoi(word); {
		case word == "":
		case known:
			when = append(when, here...)
		case err == nil:
			when = append(when, c.status(n, word)...)
		default:
			c.leave(n, "retries on %q: there is no such condition here", word)
		}
	}
	return tidy(when)
}

// never are the statuses that are never retried here: another try cannot change them.
var never = []int{400, 401, 403, 404, 405, 406, 410, 411, 413, 414, 415, 422, 431, 501, 505}

// status reads a status, or a range of them such as 500-504, as conditions.
func (c *converter) status(n *document.Node, text string) []string {
	low, high, isRange := strings.Cut(text, "-")
	if !isRange {
		high = low
	}
	first, err1 := strconv.Atoi(strings.TrimSpace(low))
	last, err2 := strconv.Atoi(strings.TrimSpace(high))
	if err1 != nil || err2 != nil || first > last || first < 100 || last > 599 {
		c.leave(n, "retries on %q: that is no status", text)
		return nil
	}
	if first == 500 && last == 599 {
		return []string{"5xx"}
	}
	var when []string
	var refused []string
	for code := first; code <= last; code++ {
		if code < 400 || slices.Contains(never, code) {
			refused = append(refused, strconv.Itoa(code))
			continue
		}
		when = append(when, strconv.Itoa(code))
	}
	if len(refused) > 8 {
		refused = append(refused[:8], "...")
	}
	if len(refused) > 0 {
		c.leave(n, "retries on %s: another try cannot change such an answer", strings.Join(refused, ", "))
	}
	return when
}

// tidy sorts conditions and takes doubles out, also statuses that a word stands for.
func tidy(when []string) []string {
	has := func(word string) bool { return slices.Contains(when, word) }
	var all []string
	for _, word := range order {
		if has(word) && !(word == "gateway" && has("5xx")) {
			all = append(all, word)
		}
	}
	codes := slices.DeleteFunc(slices.Clone(when), func(w string) bool {
		gateway := w == "502" || w == "503" || w == "504"
		return slices.Contains(order, w) || w[0] == '5' && has("5xx") || gateway && has("gateway")
	})
	slices.Sort(codes)
	return append(all, slices.Compact(codes)...)
}

// idempotent are the methods whose requests may be sent twice.
var idempotent = []string{"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "QUERY"}

// safeRetry leaves an operation that may not be repeated by its method only the retries of what was never sent. What other systems repeat all the same did
// work twice there; here the one who knows must say that this is harmless.
func (c *converter) safeRetry(op *operation, n *document.Node) {
	if op.retry == nil || op.retry.retries == 0 || slices.Contains(idempotent, op.method) {
		return
	}
	sent := len(op.retry.when)
	op.retry.when = slices.DeleteFunc(op.retry.when, func(w string) bool { return w != "connect" && w != "refused" })
	if len(op.retry.when) == sent {
		return
	}
	c.leave(n, "retries of %s %s after it was sent; where doing it twice is harmless add retry: {idempotent: true}", op.method, op.template)
	if len(op.retry.when) == 0 {
		op.retry = &retry{}
	}
}
