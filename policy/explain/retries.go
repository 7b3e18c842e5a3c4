package explain

import (
	"fmt"
	"strconv"
	"strings"

	"outrigger/policy"
)

// retried lists what can happen to an attempt, split by whether another follows. It is the policy's word: a budget that is spent,
// a deadline that is near and an open circuit can still say no.
func (r *request) retried() (yes, no []Reason) {
	retry := r.op.Policy.Retry
	add := func(on bool, what, why string) {
		if on {
			yes = append(yes, Reason{what, why})
		} else {
			no = append(no, Reason{what, why})
		}
	}
	never := fmt.Sprintf("retry.retries is 0 (%s)", r.op.Policy.Source("retry.retries"))
	when := r.op.Policy.Source("retry.when")
	each := func(on bool, what, safe string) {
		switch {
		case retry.Retries == 0:
			add(false, what, never)
		case !on:
			add(false, what, fmt.Sprintf("not in retry.when (%s)", when))
		case what == notProcessed && r.tooLarge(): // it was sent, though nothing came of it
			add(false, what, r.tooLargeWhy())
		case safe != "":
			add(true, what, safe)
		default:
			ok, why := r.mayRepeat()
			add(ok, what, why)
		}
	}
	each(retry.When.Connect, "no connection", "nothing was sent, so any method may be sent again")
	each(retry.When.Refused || retry.When.Statuses.Has(425), notProcessed, "the upstream did not process the request, so any method may be sent again")
	each(retry.When.Reset, "connection lost before the reply", "")
	switch t := r.op.Policy.Timeouts; {
	case t.Attempt == 0:
		add(false, "attempt timeout", "none is set: the first try may use the whole time, so retries help after fast failures only")
	case t.Request > 0 && t.Attempt >= t.Request:
		add(false, "attempt timeout", "it is cut to timeouts.request, which ends first: the first try may use the whole time, so retries help after fast failures only")
	default:
		each(retry.When.Timeout, "attempt timeout", "")
	}
	r.statuses(each)
	yes = append(yes, Reason{"a kept connection that turns out closed", r.staleWhy()})
	no = append(no, r.always()...)
	return yes, no
}

// notProcessed is the answer by which an upstream says that it did nothing (RFC 8470).
const notProcessed = "answer 425"

// statuses tells the answers apart that a policy or the built-in list names.
func (r *request) statuses(each func(on bool, what, safe string)) {
	listed := without(r.op.Policy.Retry.When.Statuses, 425)
	if !listed.IsZero() {
		each(true, "answers "+strings.Join(spellStatuses(listed), ", ")+exceptions(listed), "")
	}
	var rest policy.StatusSet
	for _, code := range []int{408, 429, 500, 502, 503, 504} {
		if !r.op.Policy.Retry.When.Statuses.Has(code) {
			rest.Add(code)
		}
	}
	if !rest.IsZero() {
		each(false, "answers "+strings.Join(spellStatuses(rest), ", "), "")
	}
}

// exceptions names the server errors that "5xx" in a list of what is retried leaves out.
func exceptions(s policy.StatusSet) string {
	var left []string
	for code := 500; code <= 599; code++ {
		if !s.Has(code) {
			left = append(left, strconv.Itoa(code))
		}
	}
	if len(left) == 0 || !manyServerErrors(s) {
		return ""
	}
	return " but " + strings.Join(left, ", ")
}

func without(s policy.StatusSet, code int) policy.StatusSet {
	var kept policy.StatusSet
	for _, c := range s.Codes() {
		if c != code {
			kept.Add(c)
		}
	}
	return kept
}

// mayRepeat says whether the request may be repeated after an attempt that may have been processed, and why.
func (r *request) mayRepeat() (bool, string) {
	key := r.op.Policy.Retry.IdempotencyKey
	ok := r.repeatable()
	var why string
	switch {
	case r.op.MayRepeat(r.method):
		why = r.method + " is idempotent"
		if o, written := r.op.Policy.Origins["retry.idempotent"]; written {
			why = fmt.Sprintf("the operation may be repeated (%s)", o.Place)
		}
	case key.Honoured && r.header:
		why = fmt.Sprintf("the request carries %s", key.Header)
	case key.Honoured && key.Mode == policy.KeyInject:
		why = fmt.Sprintf("every attempt carries the same %s, made where the caller sends none (%s)", key.Header, r.op.Policy.Source("retry.idempotencyKey"))
	case key.Honoured:
		why = fmt.Sprintf("%s may have been processed, and the request carries no %s", r.method, key.Header)
	case r.op.Policy.Origins["retry.idempotent"] != policy.Origin{}:
		why = fmt.Sprintf("the operation may not be repeated (%s)", r.op.Policy.Source("retry.idempotent"))
	default:
		why = fmt.Sprintf("%s may have been processed: the operation is not idempotent and honours no idempotency key", r.method)
	}
	if ok && r.tooLarge() {
		return false, r.tooLargeWhy()
	}
	return ok, why
}

func (r *request) tooLargeWhy() string {
	return fmt.Sprintf("the body of %d bytes is larger than retry.maxBody %s (%s)", r.length, policy.SpellSize(r.op.Policy.Retry.MaxBody), r.op.Policy.Source("retry.maxBody"))
}

func (r *request) staleWhy() string {
	if r.repeatable() && !r.tooLarge() {
		return "sent once more on a fresh connection, whatever retries says; it counts for nothing"
	}
	return "sent once more on a fresh connection where no byte was written, whatever retries says; it counts for nothing"
}

// always are the rules that no policy changes.
func (r *request) always() []Reason {
	rules := []Reason{
		{"other answers", "they go to the caller as they are"},
		{"a reply that has begun", "the caller has seen its head"},
	}
	if !r.op.Policy.Breaker.Off {
		rules = append(rules, Reason{"an open circuit", "the sidecar answers 503 circuit_open at once"})
	}
	if !r.upstream.Budget.Off {
		rules = append(rules, Reason{"a request over the budget", "the upstream's last answer is returned: extra attempts are bounded for all its operations together"})
	}
	if r.length < 0 && bodied(r.method) {
		rules = append(rules, Reason{"a body larger than " + policy.SpellSize(r.op.Policy.Retry.MaxBody), "it is not kept for another attempt; only what was never sent is retried"})
	}
	return rules
}

// streamPlace is where it stands that the reply streams.
func (r *request) streamPlace() string {
	if o, written := r.op.Policy.Origins["streaming"]; written {
		return fmt.Sprintf(" (%s)", o.Place)
	}
	return ""
}

func bodied(method string) bool {
	return method == "POST" || method == "PUT" || method == "PATCH" || method == "QUERY"
}

// notes are what stands beside the worst case.
func (r *request) notes() []string {
	var notes []string
	t := r.op.Policy.Timeouts
	if r.op.Deprecated {
		notes = append(notes, fmt.Sprintf("its spec deprecates the operation (%s): the log warns when it is called", r.op.Place))
	}
	switch r.op.Streaming {
	case policy.StreamAlways:
		notes = append(notes, fmt.Sprintf("the reply streams%s: timeouts.request ends at its head, then only %s of silence ends it", r.streamPlace(), policy.Spell(t.Idle)))
	case policy.StreamMay:
		notes = append(notes, fmt.Sprintf("the reply may stream%s: where it does, timeouts.request ends at its head, then only %s of silence ends it", r.streamPlace(), policy.Spell(t.Idle)))
	case policy.StreamNo:
	}
	if k := r.op.Policy.Retry.IdempotencyKey; k.Mode == policy.KeyRequire && !r.header {
		notes = append(notes, fmt.Sprintf("a request without %s is refused with 400 request_invalid (%s)", k.Header, r.op.Policy.Source("retry.idempotencyKey")))
	}
	return notes
}
