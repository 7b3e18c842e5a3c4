package retry

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"

	"outrigger/policy"
	"outrigger/proxy/failure"
)

// endings are ways in which an attempt fails that the standard policy wants to repeat.
var endings = map[string]turn{
	"not connected":           failing(failure.ConnectRefused, policy.NotSent),
	"connect timeout":         failing(failure.ConnectTimeout, policy.NotSent),
	"no such host":            failing(failure.DNSFailed, policy.NotSent),
	"no TLS":                  failing(failure.TLSFailed, policy.NotSent),
	"reset before a byte":     failing(failure.ResetBeforeHeaders, policy.NotSent),
	"425":                     {status: 425, sent: policy.NotProcessed},
	"reset after the request": failing(failure.ResetBeforeHeaders, policy.MaybeProcessed),
	"malformed reply":         failing(failure.BadResponse, policy.MaybeProcessed),
	"attempt timeout":         failing(failure.UpstreamTimeout, policy.MaybeProcessed),
	"503":                     answered(503),
	"429":                     answered(429),
}

// A request that may have been processed is sent again only where that does no harm.
func TestOnlyWhatIsSafeIsRepeated(t *testing.T) {
	for name, ending := range endings {
		for _, method := range []string{"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "QUERY", "POST", "PATCH", "LOCK", "get"} {
			for _, c := range []struct {
				what                string
				declared, key, kept bool
				repeated            bool // whatever the method
			}{
				{what: "nothing says so"},
				{what: "the operation is idempotent", declared: true, repeated: true},
				{what: "a key that is honoured", key: true, kept: true, repeated: true},
				{what: "a key that nobody honours", key: true},
				{what: "no key where one would be honoured", kept: true},
			} {
				t.Run(fmt.Sprintf("%s, %s, %s", name, method, c.what), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						s := newStage(t, ending, answered(200))
						s.op.Method, s.op.Idempotent = "", c.declared // the unmatched operation: the request's method counts
						s.op.Policy.Retry.IdempotencyKey.Honoured = c.kept
						h := http.Header{}
						if c.key {
							h.Set("Idempotency-Key", "k-1")
						}
						r := s.send(client{method: method, header: h})
						safe := ending.sent.Safe() || c.repeated || policy.IdempotentMethod(method)
						switch {
						case safe:
							s.want(r, 2, 200, "")
						case ending.code != "":
							s.want(r, 1, ending.code, "not_idempotent")
						default:
							s.want(r, 1, ending.status, "not_idempotent")
						}
					})
				})
			}
		}
	}
}

func TestADeclaredOperationIsRepeatedByItsOwnWordNotByMethod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, answered(503))
		s.op.Method, s.op.Idempotent = "PUT", false // its policy says so
		s.want(s.send(client{method: "PUT"}), 1, 503, "not_idempotent")
	})
}

func TestAnswersAboutTheRequestItselfAreNeverRepeated(t *testing.T) {
	for status := 200; status < 600; status++ {
		synctest.Test(t, func(t *testing.T) {
			s := newStage(t, answered(status), answered(200))
			s.op.Policy.Retry.When.Statuses.AddRange(100, 599)
			r := s.send(client{})
			switch status {
			case 400, 401, 403, 404, 405, 406, 410, 413, 415, 422, 501, 505:
				s.want(r, 1, status, "")
			default:
				if status < 400 {
					s.want(r, 1, status, "")
					return
				}
				s.want(r, 2, 200, "")
				if got := r.Attempts[1].Reason; got != fmt.Sprint(status) {
					t.Errorf("reason %q", got)
				}
			}
		})
	}
}

func TestFailuresOfOtherMakesAreNeverRepeated(t *testing.T) {
	for _, turn := range []turn{
		failing(failure.ClientClosed, policy.MaybeProcessed),
		failing(failure.RequestInvalid, policy.MaybeProcessed),
		failing(failure.Overload, policy.NotSent),
		failing(failure.Internal, policy.NotSent),
		{code: failure.ResetBeforeHeaders, outcome: policy.Cancelled, sent: policy.MaybeProcessed},
		{code: failure.TLSFailed, reason: failure.ReasonCertificate, sent: policy.NotSent},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newStage(t, turn)
			s.want(s.send(client{}), 1, turn.code, "")
		})
	}
}

func TestOnlyConditionsOfThePolicyAreRepeated(t *testing.T) {
	for name, ending := range endings {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, ending)
				s.op.Policy.Retry.When = policy.Conditions{}
				r := s.send(client{})
				if len(r.Attempts) != 1 || r.RetryRefused != "" {
					t.Errorf("%d attempts, refused %q", len(r.Attempts), r.RetryRefused)
				}
			})
		})
	}
	// What an inbound sidecar may repeat: that nothing was sent, or not processed.
	for name, ending := range endings {
		t.Run("inbound, "+name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, ending, answered(200))
				s.op.Policy.Retry.When = policy.Conditions{Connect: true, Refused: true}
				want := 1
				if ending.sent.Safe() {
					want = 2
				}
				if r := s.send(client{}); len(r.Attempts) != want {
					t.Errorf("%d attempts, want %d", len(r.Attempts), want)
				}
			})
		})
	}
}

func TestWithoutRetriesNothingIsRepeatedNorRefused(t *testing.T) {
	for name, ending := range endings {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, ending)
			s.op.Policy.Retry.Retries = 0
			r := s.send(client{})
			if len(r.Attempts) != 1 || r.RetryRefused != "" || len(r.Decisions) != 0 {
				t.Errorf("%d attempts, refused %q, decisions %v", len(r.Attempts), r.RetryRefused, r.Decisions)
			}
		})
	}
}

func TestAnInnerOrOuterHopThatRetriesHasTheSay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, answered(503))
		s.want(s.send(client{attempt: 2}), 1, 503, "exhausted")
	})
	synctest.Test(t, func(t *testing.T) { // what was not answered the caller cannot know of
		s := newStage(t, failing(failure.ConnectRefused, policy.NotSent), answered(200))
		s.want(s.send(client{attempt: 2}), 2, 200, "")
	})
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, answered(503), answered(200))
		s.want(s.send(client{attempt: 1}), 2, 200, "")
	})
	synctest.Test(t, func(t *testing.T) {
		inner := answered(503)
		inner.header = http.Header{"Outrigger-Retryable": {"false"}}
		s := newStage(t, inner)
		s.want(s.send(client{}), 1, 503, "exhausted")
	})
}

func TestAStaleConnectionIsReplacedOnceAtNobodysExpense(t *testing.T) {
	stale := func(sent policy.Sent) turn {
		return turn{code: failure.ResetBeforeHeaders, outcome: policy.Stale, sent: sent}
	}
	for _, c := range []struct {
		name       string
		idempotent bool
		sent       policy.Sent
		repeated   bool
	}{
		{"nothing written, any method", false, policy.NotSent, true},
		{"written, idempotent", true, policy.MaybeProcessed, true},
		{"written, not idempotent", false, policy.MaybeProcessed, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, stale(c.sent), answered(200))
			s.op.Method, s.op.Idempotent, s.op.Policy.Retry.Retries = "POST", c.idempotent, 0
			budget := &allowance{left: 0}
			s.budget = budget
			r := s.send(client{method: "POST"})
			if !c.repeated {
				s.want(r, 1, failure.ResetBeforeHeaders, "not_idempotent")
				return
			}
			s.want(r, 2, 200, "")
			if a := r.Attempts[1]; !a.Fresh || a.Reason != "stale_connection" || a.Backoff != 0 {
				t.Errorf("the re-send: fresh %v, reason %q, backoff %v", a.Fresh, a.Reason, a.Backoff)
			}
			if budget.asked != 0 || budget.noted != 1 {
				t.Errorf("the budget was asked %d times, and noted %d requests", budget.asked, budget.noted)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) { // it takes nothing from the retries, and is not made twice
		s := newStage(t, stale(policy.NotSent), answered(503), stale(policy.NotSent), answered(503))
		s.want(s.send(client{}), 4, 503, "exhausted")
		if len(s.tops) != 2 { // after the 503, and after the second dead connection, which is a failure like any other
			t.Errorf("back-off was asked %d times", len(s.tops))
		}
	})
}
