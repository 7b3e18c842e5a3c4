// Package verdict turns what came of an attempt, a reply or an error, into one word that all layers above decide on.
//
// It is the only place that interprets statuses and network errors, by type and never by text, and that says whose fault a failure
// is: the upstream's, the client's, or the time's. What follows from it (another try, an open circuit, an answer) it refuses to
// know. It stands next to the wire.
package verdict

import (
	"net/http"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

// Layer fills the verdict of each attempt and turns every error into a *failure.Error.
func Layer() func(next http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper { return &layer{next} }
}

type layer struct{ next http.RoundTripper }

func (l *layer) RoundTrip(req *http.Request) (*http.Response, error) {
	a := exchange.AttemptOf(req.Context())
	resp, err := l.next.RoundTrip(req)
	if err != nil {
		a.Verdict = ofError(a, err)
		return nil, a.Verdict.Failure
	}
	a.Verdict = ofReply(resp)
	if f := a.Verdict.Failure; f != nil {
		_ = resp.Body.Close() // a reply that is none; what its end says changes nothing
		return nil, f
	}
	return resp, nil
}

// ofReply judges the head of a reply. 425 says that the request was not processed (RFC 8470 section 5.2). No other mark of overload
// is believed: a field like Proxy-Status may come from behind an upstream that has processed its part.
func ofReply(resp *http.Response) exchange.Verdict {
	v := exchange.Verdict{Status: resp.StatusCode, Sent: policy.Answered}
	switch s := resp.StatusCode; {
	case s == http.StatusSwitchingProtocols, s >= 200 && s < 400:
		v.Outcome = policy.OK
	case s >= 400 && s < 500:
		v.Outcome = policy.ClientError
		if s == http.StatusTooEarly {
			v.Sent = policy.NotProcessed
		}
	case s >= 500 && s < 600:
		v.Outcome = policy.UpstreamError
	default:
		f := failure.New(failure.BadResponse, "the upstream answered with a status that ends no exchange")
		return exchange.Verdict{Outcome: policy.Outcome(f.Code), Sent: policy.MaybeProcessed, Failure: f}
	}
	if v.Outcome != policy.OK {
		v.RetryAfter = retryAfter(resp.Header, time.Now)
	}
	return v
}
