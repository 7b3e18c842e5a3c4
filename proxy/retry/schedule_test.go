package retry

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"outrigger/policy"
	"outrigger/proxy/failure"
)

// allowance is a budget with a number.
type allowance struct{ left, asked, noted int }

func (b *allowance) Note(time.Time) { b.noted++ }

func (b *allowance) TryExtra(time.Time) bool {
	b.asked++
	b.left--
	return b.left >= 0
}

func TestBackOffDoublesUpToItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, answered(503), answered(503), answered(503), answered(503), answered(503), answered(503))
		s.op.Policy.Retry.Retries = 5
		r := s.send(client{})
		s.want(r, 6, 503, "exhausted")
		ms := time.Millisecond
		if diff := cmp.Diff([]time.Duration{25 * ms, 50 * ms, 100 * ms, 200 * ms, 250 * ms}, s.tops); diff != "" {
			t.Error(diff)
		}
		if r.took != 625*ms {
			t.Errorf("took %v", r.took)
		}
		if got := r.Attempts[2].Backoff; got != 50*ms {
			t.Errorf("attempt 3 says it waited %v", got)
		}
	})
}

func TestJitterIsFull(t *testing.T) {
	var least, most time.Duration = time.Hour, 0
	for range 1000 {
		d := fullJitter(100 * time.Millisecond)
		least, most = min(least, d), max(most, d)
	}
	if least > 5*time.Millisecond || most < 95*time.Millisecond || most >= 100*time.Millisecond {
		t.Errorf("from %v to %v", least, most)
	}
	if fullJitter(0) != 0 {
		t.Error("no back-off waits")
	}
}

func TestRetryAfterIsObeyedWithJitterOnTopWithinItsCap(t *testing.T) {
	busy := func(after time.Duration) turn {
		v := answered(503)
		v.retryAfter = after
		return v
	}
	for _, c := range []struct {
		name           string
		asked, respect time.Duration
		deadline       time.Duration
		took           time.Duration // 0: no retry
		refused        string
	}{
		{"it is waited for", 3 * time.Second, 5 * time.Second, 10 * time.Second, 3025 * time.Millisecond, ""},
		{"longer than we respect", 6 * time.Second, 5 * time.Second, 10 * time.Second, 0, "deadline"},
		{"longer than is left", 3 * time.Second, 5 * time.Second, 2 * time.Second, 0, "deadline"},
		{"just as long as is left", 3 * time.Second, 5 * time.Second, 3025 * time.Millisecond, 0, "deadline"},
		{"the policy ignores it", 6 * time.Second, 0, 10 * time.Second, 25 * time.Millisecond, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, busy(c.asked), answered(200))
				s.op.Policy.Retry.RespectRetryAfter = c.respect
				r := s.send(client{deadline: c.deadline})
				if c.refused != "" {
					s.want(r, 1, 503, c.refused)
				} else {
					s.want(r, 2, 200, "")
				}
				if r.took != c.took {
					t.Errorf("took %v, want %v", r.took, c.took)
				}
			})
		})
	}
}

func TestAnotherEndpointIsAskedAtOnceAfterAFailedConnect(t *testing.T) {
	at := func(endpoint string, v turn) turn {
		v.endpoint = endpoint
		return v
	}
	refused := failing(failure.ConnectRefused, policy.NotSent)
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, at("a:1", refused), at("b:1", refused), at("a:1", answered(200)))
		r := s.send(client{})
		s.want(r, 3, 200, "")
		if r.Attempts[1].Backoff != 0 || r.Attempts[2].Backoff != 50*time.Millisecond {
			t.Errorf("waited %v and %v", r.Attempts[1].Backoff, r.Attempts[2].Backoff)
		}
	})
	synctest.Test(t, func(t *testing.T) { // what was answered is not about the connection
		s := newStage(t, at("a:1", answered(503)), at("b:1", answered(200)))
		if r := s.send(client{}); r.Attempts[1].Backoff == 0 {
			t.Error("no back-off after an answer")
		}
	})
}

func TestTheBudgetIsAskedWhenARetryIsDecided(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &allowance{left: 1}
		s := newStage(t, answered(503), answered(503))
		s.budget = b
		s.script[1].do = func() {
			if b.asked != 1 || b.noted != 1 {
				t.Errorf("asked %d times, %d requests noted before the retry was sent", b.asked, b.noted)
			}
		}
		r := s.send(client{})
		s.want(r, 2, 503, "budget")
		if r.body != "answer of attempt 2" {
			t.Errorf("the client gets %q, want the upstream's own answer", r.body)
		}
		if b.noted != 1 {
			t.Errorf("%d requests noted, a retry is none", b.noted)
		}
	})
}

func TestNothingIsTakenFromTheBudgetForARetryThatIsRefusedAnyway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &allowance{left: 10}
		s := newStage(t, answered(503))
		s.budget, s.op.Method, s.op.Idempotent = b, "POST", false
		s.send(client{method: "POST"})
		late := answered(503)
		late.takes = 990 * time.Millisecond
		s = newStage(t, late)
		s.budget = b
		s.want(s.send(client{deadline: time.Second}), 1, 503, "deadline")
		if b.asked != 0 {
			t.Errorf("the budget was asked %d times", b.asked)
		}
	})
}

func TestAnExchangeThatNeverGotAPermitEarnsNothing(t *testing.T) {
	b := &allowance{}
	s := newStage(t, turn{code: failure.CircuitOpen, unmade: true})
	s.budget = b
	r := s.send(client{})
	s.want(r, 0, failure.CircuitOpen, "circuit_open")
	if b.noted != 0 {
		t.Errorf("%d requests noted", b.noted)
	}
}

func TestAClientThatLeavesEndsTheBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, leave := context.WithCancel(t.Context())
		s := newStage(t, answered(503))
		time.AfterFunc(10*time.Millisecond, leave)
		r := s.send(client{context: ctx})
		s.want(r, 1, failure.ClientClosed, "")
		if r.took != 10*time.Millisecond {
			t.Errorf("after %v", r.took)
		}
	})
}

func TestAClientThatLeftIsNotRetriedFor(t *testing.T) {
	ctx, leave := context.WithCancel(t.Context())
	s := newStage(t, answered(503))
	s.script[0].do = leave
	s.want(s.send(client{context: ctx}), 1, 503, "")
}

func TestEveryDecisionIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, answered(503), failing(failure.ResetBeforeHeaders, policy.MaybeProcessed), answered(502))
		s.jitter = func(time.Duration) time.Duration { return 13 * time.Millisecond }
		r := s.send(client{})
		var got []string
		for _, d := range r.Decisions {
			got = append(got, d.Rule+": "+d.What+" ("+d.Key+")")
		}
		want := []string{
			"retry: attempt 1 ended with 503; retry 1 of 2 in 13.000ms (retry.when)",
			"retry: attempt 2 ended with upstream_reset_before_headers; retry 2 of 2 in 13.000ms (retry.when)",
			"retry: no retry (exhausted): attempt 3 ended with 502 and was the last (retry.retries)",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if r.Attempts[1].Reason != "503" || r.Attempts[2].Reason != "reset" {
			t.Errorf("reasons %q, %q", r.Attempts[1].Reason, r.Attempts[2].Reason)
		}
	})
}
