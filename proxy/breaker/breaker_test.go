package breaker

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

// standard is the default policy.
func standard() policy.Breaker {
	failures := policy.Conditions{Connect: true, Reset: true, Timeout: true, Statuses: policy.Statuses(429)}
	failures.Statuses.AddRange(500, 599)
	return policy.Breaker{
		FailureRate: 0.5, Window: 10 * time.Second, MinimumRequests: 20, ConsecutiveFailures: 5, Failures: failures,
		OpenFor: 5 * time.Second, OpenForMax: time.Minute, Probes: 3, Scope: policy.ScopeOperation,
	}
}

// rig is a circuit without jitter and what it told.
type rig struct {
	*testing.T
	*Circuit
	told []Transition
}

func newRig(t *testing.T, s policy.Breaker) *rig {
	r := &rig{T: t}
	r.Circuit = New(s, func(tr Transition) { r.told = append(r.told, tr) })
	r.jitter = func(time.Duration) time.Duration { return 0 }
	return r
}

// place sends an attempt that stays in flight, or returns nil where it got no permit.
func (r *rig) place() *exchange.Attempt {
	r.Helper()
	a := exchange.New(r.Context(), nil, nil, time.Now()).Open(time.Now())
	req, _ := http.NewRequestWithContext(a, http.MethodGet, "http://inventory/", nil)
	next := roundTrip(func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 200}, nil })
	_, err := Layer(r.Circuit)(next).RoundTrip(req)
	if err == nil {
		return a
	}
	if f := failure.From(err); f.Code != failure.CircuitOpen || f.RetryAfter <= 0 {
		r.Errorf("refused with %+v", f)
	}
	return nil
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func end(a *exchange.Attempt, v exchange.Verdict) {
	a.Verdict = v
	a.End()
}

// send makes whole attempts that all end so, and says how many got a permit.
func (r *rig) send(n int, v exchange.Verdict) (permitted int) {
	r.Helper()
	for range n {
		if a := r.place(); a != nil {
			permitted++
			end(a, v)
		}
	}
	return permitted
}

func (r *rig) want(state State) {
	r.Helper()
	if got := r.Status().State; got != state {
		r.Errorf("the circuit is %s, want %s", got, state)
	}
}

func status(code int) exchange.Verdict {
	v := exchange.Verdict{Outcome: policy.OK, Status: code, Sent: policy.Answered}
	switch {
	case code >= 500:
		v.Outcome = policy.UpstreamError
	case code >= 400:
		v.Outcome = policy.ClientError
	}
	return v
}

func failed(code failure.Code) exchange.Verdict {
	return exchange.Verdict{Outcome: policy.Outcome(code), Failure: failure.New(code, "")}
}

var (
	good = status(200)
	bad  = status(503)
)

func TestFiveFailuresInARowOpenTheCircuitOfAQuietService(t *testing.T) {
	r := newRig(t, standard())
	r.send(4, bad)
	r.send(1, good) // the row is broken
	r.send(4, bad)
	r.want(Closed)
	r.send(1, bad)
	r.want(Open)
	if r.place() != nil {
		t.Error("an open circuit gave a permit")
	}
	if diff := cmp.Diff([]Transition{{Closed, Open, CauseConsecutive}}, r.told); diff != "" {
		t.Error(diff)
	}
}

func TestAFailureRateOpensTheCircuitFromTheMinimumVolumeOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := standard()
		s.ConsecutiveFailures = 0
		r := newRig(t, s)
		r.send(9, good)
		r.send(10, bad)
		r.want(Closed) // 10 of 19: the rate is reached, the volume is not
		r.send(1, good)
		r.want(Open)
		if got := r.Status(); got.FailureRate != 0.5 || got.Cause != CauseRate {
			t.Errorf("status %+v", got)
		}
	})
}

// The library rounds rates to two digits: 495 of 1000 would be half.
func TestTheRateIsComparedExactly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := standard()
		s.ConsecutiveFailures, s.MinimumRequests = 0, 1000
		r := newRig(t, s)
		r.send(505, good)
		r.send(495, bad)
		r.want(Closed)
		r.send(10, bad) // 505 of 1010
		r.want(Open)
	})
}

func TestFailuresSlideOutOfTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := standard()
		s.ConsecutiveFailures = 0
		r := newRig(t, s)
		r.send(15, bad)
		time.Sleep(11 * time.Second)
		if got := r.Status().FailureRate; got != 0 {
			t.Errorf("failures of before the window are shown: rate %v", got)
		}
		r.send(10, good)
		r.send(9, bad) // 9 of 19 in this window
		r.want(Closed)
		r.send(1, bad)
		r.want(Open)
	})
}

func TestAnOpenCircuitProbesAndCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, standard())
		r.send(5, bad)
		time.Sleep(5*time.Second - time.Millisecond)
		r.want(Open)
		if r.place() != nil {
			t.Error("a permit before the open time was over")
		}
		time.Sleep(time.Millisecond)
		r.want(HalfOpen) // by the clock alone
		if len(r.told) != 1 {
			t.Errorf("asking for the status told %v", r.told)
		}
		probes := []*exchange.Attempt{r.place(), r.place(), r.place()}
		for i, a := range probes {
			if a == nil {
				t.Fatalf("probe %d got no permit", i+1)
			}
		}
		if r.place() != nil {
			t.Error("a fourth probe was placed")
		}
		end(probes[0], good)
		if r.place() != nil {
			t.Error("a probe that passed freed a place: more than three were placed")
		}
		end(probes[1], good)
		r.want(HalfOpen)
		end(probes[2], good)
		r.want(Closed)
		want := []Transition{{Closed, Open, CauseConsecutive}, {Open, HalfOpen, CauseTime}, {HalfOpen, Closed, CauseRecovered}}
		if diff := cmp.Diff(want, r.told); diff != "" {
			t.Error(diff)
		}
		r.send(4, bad)
		r.want(Closed) // and it begins anew
	})
}

func TestAFailedProbeOpensAgainForTwiceAsLongUpToALimit(t *testing.T) {
	for _, probe := range []exchange.Verdict{bad, status(429), failed(failure.UpstreamTimeout)} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, standard())
			r.send(5, bad)
			for _, seconds := range []int{5, 10, 20, 40, 60, 60} {
				open := time.Duration(seconds) * time.Second
				time.Sleep(open - time.Millisecond)
				r.want(Open)
				time.Sleep(time.Millisecond)
				r.want(HalfOpen)
				if r.send(1, probe) != 1 {
					t.Fatal("no probe")
				}
				r.want(Open)
			}
			time.Sleep(time.Minute)
			r.send(3, good)
			r.want(Closed)
			r.send(5, bad)
			time.Sleep(5 * time.Second)
			r.want(HalfOpen) // after a closed state it begins small
		})
	}
}

func TestTheOpenTimeHasALittleJitterOnTop(t *testing.T) {
	seen := map[time.Duration]bool{}
	c := New(standard(), nil)
	for range 100 {
		d := c.openTime()
		if d < 5*time.Second || d > 5500*time.Millisecond {
			t.Fatalf("open for %v", d)
		}
		seen[d] = true
	}
	if len(seen) < 50 {
		t.Errorf("%d different times of 100", len(seen))
	}
}

func TestACancelledProbeGivesItsPlaceBackWithoutAVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, standard())
		r.send(5, bad)
		time.Sleep(5 * time.Second)
		silent := []exchange.Verdict{
			{Outcome: policy.ClientClosed}, {Outcome: policy.Cancelled}, {Outcome: policy.Stale}, {}, // the last: a panic
			failed(failure.RequestInvalid), failed(failure.Overload),
		}
		for range 10 {
			for _, v := range silent {
				if got := r.send(3, v); got != 3 {
					t.Fatalf("%d of 3 probes were placed after ones that ended with %q", got, v.Outcome)
				}
			}
		}
		r.want(HalfOpen)
		if got := r.send(10, good); got != 10 {
			t.Errorf("%d of 10", got)
		}
		r.want(Closed)
	})
}

func TestResultsOfAnEarlierGenerationAreIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, standard())
		stragglers := make([]*exchange.Attempt, 10)
		for i := range stragglers {
			stragglers[i] = r.place()
		}
		r.send(5, bad)
		time.Sleep(5 * time.Second)
		probe := r.place()
		for _, a := range stragglers[:5] {
			end(a, good)
		}
		r.want(HalfOpen) // late successes of before closed nothing
		for _, a := range stragglers[5:] {
			end(a, bad)
		}
		r.want(HalfOpen) // and late failures opened nothing
		if first, second, third := r.place(), r.place(), r.place(); first == nil || second == nil || third != nil {
			t.Error("stragglers changed the number of probes")
		}
		end(probe, bad)
		r.want(Open)
	})
}

func TestAHealthyHeadOfAStreamClosesTheProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, standard())
		r.send(5, bad)
		time.Sleep(5 * time.Second)
		streams := roundTrip(func(req *http.Request) (*http.Response, error) {
			a := exchange.AttemptOf(req.Context())
			a.Verdict, a.Streams = good, true
			return &http.Response{StatusCode: 200}, nil
		})
		var running []*exchange.Attempt
		for range 3 {
			a := exchange.New(t.Context(), nil, nil, time.Now()).Open(time.Now())
			req, _ := http.NewRequestWithContext(a, http.MethodGet, "http://inventory/", nil)
			if _, err := Layer(r.Circuit)(streams).RoundTrip(req); err != nil {
				t.Fatal(err)
			}
			running = append(running, a)
		}
		r.want(Closed)
		for _, a := range running { // the bodies break off much later: that speaks for itself, not for the probe
			end(a, failed(failure.ResetMidBody))
		}
		r.want(Closed)
		r.send(4, bad)
		r.want(Closed)
	})
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, standard())
		r.send(5, bad)
		time.Sleep(5 * time.Second)
		a := r.place()
		a.Verdict, a.Streams = good, true
		r.settle(a, r.generation<<1|probeBit)
		end(a, good)
		if r.passed != 1 || len(r.settled) != 0 {
			t.Errorf("one stream passed %d times, %d are remembered", r.passed, len(r.settled))
		}
	})
}
