package retry

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

// Why no further attempt was made; the label reason of outrigger_retries_refused_total. The breaker's and the body's are told here
// too, response_started by package verdict.
const (
	refusedBudget        = "budget"
	refusedDeadline      = "deadline"
	refusedNotIdempotent = "not_idempotent"
	refusedBodyTooLarge  = "body_too_large"
	refusedCircuitOpen   = "circuit_open"
	refusedExhausted     = "exhausted"
)

// never lists statuses that say the request itself is at fault, or that the upstream cannot do it at all: the same request would
// meet the same answer, whatever a policy lists.
var never = policy.Statuses(400, 401, 403, 404, 405, 406, 410, 413, 415, 422, 501, 505)

// condition names what happened to an attempt if the policy wants another one after it; else it is empty. The name is the label
// reason of outrigger_retries_total.
func (l *layer) condition(v *exchange.Verdict) string {
	if v.Failure == nil { // answered
		switch {
		case v.Outcome == policy.OK: // whatever statuses a policy lists
			return ""
		case v.Sent == policy.NotProcessed && l.When.Refused, l.When.Statuses.Has(v.Status) && !never.Has(v.Status):
			return strconv.Itoa(v.Status)
		}
		return ""
	}
	switch v.Failure.Code {
	case failure.ConnectRefused, failure.ConnectTimeout, failure.DNSFailed:
		return when(l.When.Connect, "connect")
	case failure.TLSFailed:
		return when(l.When.Connect && v.Failure.Reason != failure.ReasonCertificate, "connect")
	case failure.UpstreamTimeout:
		if v.Sent == policy.NotSent {
			return when(l.When.Connect, "connect")
		}
		return when(l.When.Timeout, "timeout")
	case failure.ResetBeforeHeaders, failure.BadResponse:
		if v.Sent == policy.NotSent {
			return when(l.When.Connect, "connect")
		}
		return when(l.When.Reset, "reset")
	}
	return ""
}

func when(wanted bool, reason string) string {
	if wanted {
		return reason
	}
	return ""
}

// concerns reports whether a verdict needs a decision at all; most do not, and cost nothing more.
func (l *layer) concerns(v *exchange.Verdict) bool {
	switch v.Outcome {
	case policy.OK, policy.ClientClosed, policy.Cancelled:
		return false
	case policy.Stale:
		return true
	}
	return l.Retries > 0 && (l.condition(v) != "" || v.Outcome == policy.Outcome(failure.Deadline))
}

// decide says how the next attempt is made, or records why there is none.
func (r *run) decide(a *exchange.Attempt, resp *http.Response) (plan, bool) {
	v := &a.Verdict
	if v.Outcome == policy.Stale && !r.resent {
		return r.resend(a)
	}
	reason := r.condition(v)
	switch {
	case r.Retries == 0 || v.Outcome == policy.ClientClosed || v.Outcome == policy.Cancelled || r.ex.ClientGone():
		return plan{}, false
	case v.Outcome == policy.Outcome(failure.Deadline):
		return r.refuse(refusedDeadline, "the deadline ended attempt "+strconv.Itoa(a.Number), "timeouts.request")
	case reason == "":
		return plan{}, false
	case r.extra >= r.Retries:
		return r.refuse(refusedExhausted, fmt.Sprintf("attempt %d ended with %s and was the last", a.Number, ended(v)), "retry.retries")
	}
	if by, told := outerRetries(r.ex, v, resp); told {
		return r.refuse(refusedExhausted, by, "")
	}
	if !r.safe(v) {
		return r.refuse(refusedNotIdempotent, fmt.Sprintf("attempt %d ended with %s and may have been processed", a.Number, ended(v)), "retry.idempotent")
	}
	if !r.rewindable() {
		return r.refuse(refusedBodyTooLarge, "the body is longer than what was kept of it", "retry.maxBody")
	}
	return r.schedule(a, reason)
}

// schedule finds the moment of the next attempt and takes it out of the budget.
func (r *run) schedule(a *exchange.Attempt, reason string) (plan, bool) {
	p := plan{reason: reason, wait: r.backoff(a, reason)}
	if asked := a.Verdict.RetryAfter; asked > 0 && r.RespectRetryAfter > 0 {
		if asked > r.RespectRetryAfter {
			return r.refuse(refusedDeadline, fmt.Sprintf("the upstream asks to wait %v, more than %v", asked, r.RespectRetryAfter), "retry.respectRetryAfter")
		}
		p.wait += asked
	}
	now := time.Now()
	if deadline, ok := r.ex.Deadline(); ok && !now.Add(p.wait).Before(deadline) {
		return r.refuse(refusedDeadline, fmt.Sprintf("waiting %v does not fit the %v that are left", p.wait, deadline.Sub(now)), "timeouts.request")
	}
	if r.Budget != nil && !r.Budget.TryExtra(now) {
		return r.refuse(refusedBudget, fmt.Sprintf("attempt %d ended with %s, and the budget of the upstream is used up", a.Number, ended(&a.Verdict)), "retry.budget")
	}
	if !r.rewind(&p) {
		return r.refuse(refusedBodyTooLarge, "the body grew longer than what was kept of it", "retry.maxBody")
	}
	r.extra++
	r.ex.Decide("retry", fmt.Sprintf("attempt %d ended with %s; retry %d of %d in %.3fms",
		a.Number, ended(&a.Verdict), r.extra, r.Retries, float64(p.wait.Microseconds())/1000), "retry.when")
	return p, true
}

// resend plans the one re-send after a pooled connection turned out dead, which was nobody's failure and costs nobody's allowance.
func (r *run) resend(a *exchange.Attempt) (plan, bool) {
	r.resent = true
	p := plan{reason: string(policy.Stale), fresh: true}
	switch {
	case r.ex.ClientGone():
		return p, false
	case !r.safe(&a.Verdict):
		return r.refuse(refusedNotIdempotent, "the pooled connection was dead, but a part of the request had been written", "retry.idempotent")
	case !r.rewindable() || !r.rewind(&p):
		return r.refuse(refusedBodyTooLarge, "the pooled connection was dead, and the body is longer than what was kept of it", "retry.maxBody")
	}
	r.ex.Decide("retry", "the pooled connection was dead: sent again on a fresh one", "")
	return p, true
}

func (r *run) refuse(reason, what, key string) (plan, bool) {
	r.ex.RetryRefused = reason
	r.ex.Decide("retry", "no retry ("+reason+"): "+what, key)
	return plan{}, false
}

// outerRetries reports that another hop has the say about an answered failure: a caller that is trying again itself, or an inner
// sidecar that has tried in vain. Both trying would multiply the attempts along the chain.
func outerRetries(ex *exchange.Exchange, v *exchange.Verdict, resp *http.Response) (why string, told bool) {
	switch {
	case v.Sent == policy.Answered && ex.CallerAttempt > 1:
		return fmt.Sprintf("the caller is at its attempt %d and repeats answered failures itself", ex.CallerAttempt), true
	case resp != nil && resp.Header.Get("Outrigger-Retryable") == "false":
		return "the upstream's own sidecar says that trying again is of no use", true
	}
	return "", false
}

// safe reports whether the request may be sent again after an attempt that ended so.
func (r *run) safe(v *exchange.Verdict) bool {
	if v.Sent.Safe() || r.Operation.MayRepeat(r.req.Method) {
		return true
	}
	return r.IdempotencyKey.Honoured && r.hasKey(r.req)
}

// backoff is the wait before the next retry. Another endpoint than the one that could not be reached is asked at once.
func (r *run) backoff(a *exchange.Attempt, reason string) time.Duration {
	if reason == "connect" && r.extra == 0 && triedEndpoints(a.Exchange) < r.Endpoints {
		return 0
	}
	top := r.Backoff.Base
	for range r.extra {
		top *= 2
		if top >= r.Backoff.Max {
			break
		}
	}
	return r.jitter(min(top, r.Backoff.Max))
}

func triedEndpoints(ex *exchange.Exchange) int {
	tried := map[string]bool{}
	for _, a := range ex.Attempts {
		tried[a.Endpoint] = true
	}
	return len(tried)
}

func fullJitter(below time.Duration) time.Duration {
	if below <= 0 {
		return 0
	}
	return rand.N(below)
}
