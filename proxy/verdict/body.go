package verdict

import (
	"errors"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
	"outrigger/proxy/http1"
)

// responseStarted is why an attempt whose body broke off is not followed by another one.
const responseStarted = "response_started"

// BodyBroke changes the verdict on an attempt whose reply broke off in its body, and returns the failure. Who copies the body says
// with a *failure.Error of code client_closed that it was the client who would not read on. It must be called before the attempt
// ends, so that breaker and endpoint learn of it.
func BodyBroke(a *exchange.Attempt, err error) *failure.Error {
	f := blameForBody(a, err)
	a.Verdict.Outcome, a.Verdict.Failure = policy.Outcome(f.Code), f
	if a.RetryRefused == "" && failure.Of(f.Code).BreakerCounts && a.Operation.Policy.Retry.Retries > 0 {
		a.RetryRefused = responseStarted
	}
	return f
}

func blameForBody(a *exchange.Attempt, err error) *failure.Error {
	var own *failure.Error
	var upload *http1.RequestBodyError
	var malformed *http1.ProtocolError
	switch {
	case errors.As(err, &own):
		return own
	case a.ClientGone():
		return failure.Wrap(failure.ClientClosed, err)
	case errors.As(err, &upload):
		return clientsFault(upload)
	case totalPassed(a):
		return failure.Wrap(failure.Deadline, err)
	case isTimeout(err): // the idle timeout: the attempt timeout ended with the head
		return failure.Wrap(failure.UpstreamTimeout, err)
	case errors.As(err, &malformed):
		return failure.Wrap(failure.BadResponse, err)
	}
	return failure.Wrap(failure.ResetMidBody, err)
}
