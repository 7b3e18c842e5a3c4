package breaker

import (
	"net/http"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

// weight is what an attempt says about its upstream.
type weight uint8

const (
	nothing weight = iota // it says nothing: cancelled, refused by us, the client's fault
	success
	soft // it counts in the rate and fails a probe, but does not add to failures in a row
	hard
)

// weigh looks at how an attempt ended. A status counts as a failure where the policy lists it, but 501 never does: the upstream
// works, it just does not know the method. 429 is soft: the upstream works and says slow down. A reply that
// breaks its contract is a failure whatever its status, where the policy says so.
func weigh(a *exchange.Attempt, failures policy.Conditions) weight {
	v := &a.Verdict
	switch v.Outcome {
	case policy.OK, policy.ClientError, policy.UpstreamError:
		switch {
		case a.Violates:
			return hard
		case v.Status == http.StatusNotImplemented || !failures.Statuses.Has(v.Status):
			return success
		case v.Status == http.StatusTooManyRequests:
			return soft
		default:
			return hard
		}
	case "", policy.ClientClosed, policy.Cancelled, policy.Stale:
		return nothing
	}
	if weighsFailure(a, failures) {
		return hard
	}
	return nothing
}

// weighsFailure reports whether an attempt without a whole reply speaks against the upstream.
func weighsFailure(a *exchange.Attempt, failures policy.Conditions) bool {
	code := failure.Code(a.Verdict.Outcome)
	if !failure.Of(code).BreakerCounts {
		return false
	}
	switch code {
	case failure.ConnectRefused, failure.ConnectTimeout, failure.TLSFailed, failure.DNSFailed:
		return failures.Connect
	case failure.ResetBeforeHeaders, failure.ResetMidBody, failure.BadResponse:
		return failures.Reset
	case failure.UpstreamTimeout:
		return failures.Timeout
	case failure.Deadline:
		return failures.Timeout && !a.CallerDeadline
	}
	return false
}
