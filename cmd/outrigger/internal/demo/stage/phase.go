package stage

import "time"

// Phase is what inventory goes through, in this order and then again.
type Phase int

// The phases.
const (
	Healthy Phase = iota
	Flaky
	Slow
	Dead
	WellAgain

	// Phases is how many there are.
	Phases = 5
)

var phases = [Phases]struct {
	name, about string
	share       int64 // of shares
}{
	Healthy:   {"healthy", "it answers everything at once", 3},
	Flaky:     {"flaky", "3 answers in 10 are a 503 or break off in the middle", 5},
	Slow:      {"slow", "4 answers in 10 take longer than anybody waits, the others come at once", 4},
	Dead:      {"dead", "it is gone: every connection is refused", 4},
	WellAgain: {"well again", "it answers everything at once, as if nothing had happened", 4},
}

// shares is the sum of all shares.
const shares = 20

// String is the phase's name on screen.
func (p Phase) String() string { return phases[p].name }

// About says what inventory does in this phase.
func (p Phase) About() string { return phases[p].about }

// Script says when which phase is. It is a function of time alone.
type Script struct {
	// Cycle is how long all phases take together, above 0.
	Cycle time.Duration
}

// Moment is a point in the script.
type Moment struct {
	Phase Phase
	// In is how long the phase has lasted, Length how long it lasts in all.
	In, Length time.Duration
}

// Left is the time to the next phase.
func (m Moment) Left() time.Duration { return m.Length - m.In }

// At returns where the script is after some time; it begins again at the end of its cycle.
func (s Script) At(elapsed time.Duration) Moment {
	in := elapsed % s.Cycle
	for p := Healthy; p < Phases-1; p++ {
		if in < s.Length(p) {
			return Moment{p, in, s.Length(p)}
		}
		in -= s.Length(p)
	}
	return Moment{Phases - 1, in, s.Length(Phases - 1)}
}

// Length is how long a phase lasts. The last one takes what rounding left over.
func (s Script) Length(p Phase) time.Duration {
	if p < Phases-1 {
		return time.Duration(int64(s.Cycle) * phases[p].share / shares)
	}
	length := s.Cycle
	for q := Healthy; q < Phases-1; q++ {
		length -= s.Length(q)
	}
	return length
}
