package breaker

import (
	"testing"
	"testing/synctest"
	"time"

	"outrigger/policy"
)

// The rows of the table that says what survives an edit of a policy.

func TestNewThresholdsHoldForTheNextDecisionAndKeepTheState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, standard())
		r.send(4, bad)
		s := standard()
		s.ConsecutiveFailures = 6
		r.Adopt(s)
		r.send(1, bad)
		r.want(Closed) // 5 in a row, the row of before counts
		r.send(1, bad)
		r.want(Open)
	})
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, standard())
		r.send(4, bad)
		s := standard()
		s.ConsecutiveFailures = 3
		r.Adopt(s)
		r.send(1, status(429))
		r.want(Closed) // slow down is no failure in a row, also where the row is long enough by now
		r.send(1, bad)
		r.want(Open)
	})
	synctest.Test(t, func(t *testing.T) {
		s := standard()
		s.ConsecutiveFailures = 0
		r := newRig(t, s)
		r.send(10, good)
		r.send(9, bad)
		s.MinimumRequests, s.FailureRate = 10, 0.4
		r.Adopt(s)
		r.want(Closed) // an edit opens nothing by itself
		r.send(1, good)
		r.want(Open) // 9 of 20: the window of before counts
	})
}

func TestANewOpenTimeHoldsFromTheNextOpeningOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, standard())
		r.send(5, bad)
		s := standard()
		s.OpenFor, s.OpenForMax = time.Second, 3*time.Second
		r.Adopt(s)
		time.Sleep(4 * time.Second)
		r.want(Open) // until the time that was set for it
		time.Sleep(time.Second)
		r.want(HalfOpen)
		r.send(1, bad)
		time.Sleep(2 * time.Second) // the second opening, in the new numbers
		r.want(HalfOpen)
		r.send(1, bad)
		time.Sleep(3 * time.Second) // the third, at the new limit
		r.want(HalfOpen)
	})
}

func TestANewNumberOfProbesHoldsForTheNextDecision(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, standard())
		r.send(5, bad)
		time.Sleep(5 * time.Second)
		r.send(1, good)
		s := standard()
		s.Probes = 5
		r.Adopt(s)
		r.want(HalfOpen)
		if got := r.send(3, good); got != 3 {
			t.Errorf("%d of 3 more probes", got)
		}
		r.want(HalfOpen) // 4 of 5
		s.Probes = 2
		r.Adopt(s)
		if r.place() != nil {
			t.Error("a probe beyond the new number")
		}
	})
}

func TestAnotherWindowLengthBeginsEmptyAndKeepsTheState(t *testing.T) {
	other := standard()
	other.Window = time.Minute
	synctest.Test(t, func(t *testing.T) {
		s := standard()
		s.ConsecutiveFailures, other.ConsecutiveFailures = 0, 0
		r := newRig(t, s)
		r.send(19, bad)
		r.Adopt(other)
		r.want(Closed)
		r.send(19, bad)
		r.want(Closed)
		r.send(1, bad)
		r.want(Open)
	})
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, standard())
		r.send(5, bad)
		r.Adopt(other)
		time.Sleep(5*time.Second - time.Millisecond)
		r.want(Open)
		time.Sleep(time.Millisecond)
		r.want(HalfOpen)
		a := r.place()
		r.Adopt(standard())
		r.want(HalfOpen)
		end(a, good)
		r.send(2, good)
		r.want(Closed) // the probe of before the edit counts
	})
}

func TestOffClosesAndOnBeginsClosedAndEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		off := policy.Breaker{Off: true}
		r := newRig(t, standard())
		r.send(5, bad)
		r.Adopt(off)
		r.want(Closed)
		if got := r.send(100, bad); got != 100 {
			t.Errorf("a breaker that is off let %d of 100 pass", got)
		}
		r.want(Closed)
		straggler := r.place()
		r.Adopt(standard())
		r.want(Closed)
		end(straggler, bad)
		r.send(4, bad)
		r.want(Closed)
		r.send(1, bad)
		r.want(Open)
		if r.told[1] != (Transition{Open, Closed, CauseSettings}) {
			t.Errorf("told %v", r.told)
		}
	})
}

func TestEqualSettingsChangeNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, standard())
		r.send(5, bad)
		before, generation := r.Status(), r.generation
		time.Sleep(time.Second)
		for range 10 {
			r.Adopt(standard())
		}
		if r.Status() != before || r.generation != generation || len(r.told) != 1 {
			t.Errorf("%+v became %+v", before, r.Status())
		}
	})
}

func TestSettingsThatCannotWorkAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, policy.Breaker{ConsecutiveFailures: 1, Failures: standard().Failures, Probes: -1, Window: -1, OpenFor: -1, OpenForMax: 1})
		r.send(1, bad)
		r.want(Open)
		time.Sleep(5 * time.Second)
		r.send(1, good)
		r.want(Closed)
	})
}

func TestAnOperatorHoldsTheCircuitAgainstAllResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, standard())
		force := func(state string) {
			if err := r.Force(state); err != nil {
				t.Fatal(err)
			}
		}
		force("open")
		time.Sleep(time.Hour)
		r.want(Open)
		if r.place() != nil {
			t.Error("a permit from a circuit that is held open")
		}
		force("closed")
		r.want(Closed)
		if got := r.send(100, bad); got != 100 {
			t.Errorf("a circuit that is held closed let %d of 100 pass", got)
		}
		r.want(Closed)
		if s := r.Status(); !s.Forced || s.Cause != CauseForced {
			t.Errorf("status %+v", s)
		}
		force("auto")
		r.send(4, bad)
		r.want(Closed)
		r.send(1, bad)
		r.want(Open)
		force("open")
		force("auto")
		r.want(HalfOpen) // it asks the upstream before it lets all through
		r.send(3, good)
		r.want(Closed)
		if err := r.Force("ajar"); err == nil || err.Error() != `circuit state "ajar": write open, closed or auto` {
			t.Errorf("got %v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, policy.Breaker{Off: true})
		_ = r.Force("open")
		if r.place() != nil {
			t.Error("an operator cannot open a breaker whose policy is off")
		}
		_ = r.Force("auto")
		r.want(Closed)
		if r.place() == nil {
			t.Error("a breaker that is off again refuses")
		}
	})
}
