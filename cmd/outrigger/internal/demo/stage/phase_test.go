package stage

import (
	"testing"
	"time"
)

func TestThePhasesFollowOneAnotherAndBeginAgain(t *testing.T) {
	s := Script{Cycle: 20 * time.Second}
	for _, c := range []struct {
		elapsed time.Duration
		want    Moment
	}{
		{0, Moment{Healthy, 0, 3 * time.Second}},
		{2999 * time.Millisecond, Moment{Healthy, 2999 * time.Millisecond, 3 * time.Second}},
		{3 * time.Second, Moment{Flaky, 0, 5 * time.Second}},
		{8 * time.Second, Moment{Slow, 0, 4 * time.Second}},
		{13 * time.Second, Moment{Dead, time.Second, 4 * time.Second}},
		{16 * time.Second, Moment{WellAgain, 0, 4 * time.Second}},
		{20*time.Second - 1, Moment{WellAgain, 4*time.Second - 1, 4 * time.Second}},
		{20 * time.Second, Moment{Healthy, 0, 3 * time.Second}},
		{44 * time.Second, Moment{Flaky, time.Second, 5 * time.Second}},
	} {
		if got := s.At(c.elapsed); got != c.want {
			t.Errorf("at %v: %+v, want %+v", c.elapsed, got, c.want)
		}
	}
}

func TestEveryPhaseIsSeenInACycleOfAnyLength(t *testing.T) {
	for _, cycle := range []time.Duration{3 * time.Second, 20 * time.Second, 7*time.Second + 1, time.Hour + 13} {
		s, sum := Script{Cycle: cycle}, time.Duration(0)
		for p := Healthy; p < Phases; p++ {
			if got := s.At(sum); got.Phase != p || got.In != 0 || got.Left() != s.Length(p) {
				t.Errorf("cycle %v: at %v it is %+v, want the start of %v", cycle, sum, got, p)
			}
			sum += s.Length(p)
		}
		if sum != cycle {
			t.Errorf("cycle %v: the phases take %v together", cycle, sum)
		}
	}
}

func TestAboutAsManyAnswersGoWrongAsThePhaseSays(t *testing.T) {
	for p, want := range map[Phase][4]int{
		Healthy:   {none: 1000},
		Flaky:     {none: 700, busy: 150, cut: 150},
		Slow:      {none: 600, stall: 400},
		WellAgain: {none: 1000},
	} {
		var got [4]int
		for i := range 1000 {
			got[faultOf(p, (float64(i)+.5)/1000)]++
		}
		if got != want {
			t.Errorf("%v: %v, want %v", p, got, want)
		}
	}
}
