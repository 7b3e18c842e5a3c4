package breaker

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

// model is a circuit written down as plainly as its story: results in a list, no window, no permits.
type model struct {
	state      State
	generation int
	results    []result // of the closed state
	row        int
	until      time.Time
	openings   int
	placed     int
	passed     int
}

type result struct {
	slice int64
	bad   bool
}

// flight is an attempt that both know.
type flight struct {
	attempt    *exchange.Attempt
	generation int
	probe      bool
}

func (m *model) to(s State, now time.Time) {
	m.state, m.generation = s, m.generation+1
	m.results, m.row, m.placed, m.passed = nil, 0, 0, 0
	switch s {
	case Open:
		m.until = now.Add(min(5*time.Second<<m.openings, time.Minute))
		m.openings++
	case Closed:
		m.openings = 0
	}
}

func (m *model) admits(now time.Time) bool {
	if m.state == Open && !now.Before(m.until) {
		m.to(HalfOpen, now)
	}
	switch m.state {
	case Closed:
		return true
	case HalfOpen:
		if m.placed < 3 {
			m.placed++
			return true
		}
	}
	return false
}

func (m *model) ends(f flight, w weight, now time.Time) {
	if f.generation != m.generation {
		return
	}
	if f.probe {
		switch w {
		case nothing:
			m.placed--
		case success:
			if m.passed++; m.passed == 3 {
				m.to(Closed, now)
			}
		default:
			m.to(Open, now)
		}
		return
	}
	if w == nothing {
		return
	}
	slice := now.UnixNano() / int64(time.Second)
	m.results = append(m.results, result{slice, w != success})
	switch w {
	case hard:
		m.row++
	case success:
		m.row = 0
	}
	all, failures := 0, 0
	for _, r := range m.results {
		if slice-r.slice < 10 {
			all++
			if r.bad {
				failures++
			}
		}
	}
	if m.row >= 5 || all >= 20 && 2*failures >= all {
		m.to(Open, now)
	}
}

// ways to end an attempt, with the weight that the standard policy gives them.
var ways = []struct {
	verdict exchange.Verdict
	weight  weight
}{
	{good, success},
	{good, success},
	{good, success},
	{status(404), success},
	{status(501), success},
	{bad, hard},
	{failed(failure.ResetBeforeHeaders), hard},
	{failed(failure.UpstreamTimeout), hard},
	{status(429), soft},
	{status(429), soft},
	{failed(failure.ClientClosed), nothing},
	{exchange.Verdict{}, nothing},
}

func TestRandomSequencesAgreeWithASimpleModel(t *testing.T) {
	visited := map[string]bool{}
	rapid.Check(t, func(r *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "seed"), 0)) // even, where rapid prefers small numbers
		steps := make([]int, rapid.IntRange(150, 500).Draw(r, "length"))
		for i := range steps {
			steps[i] = random.IntN(10_000)
		}
		synctest.Test(t, func(t *testing.T) {
			c := newRig(t, standard())
			m := &model{state: Closed}
			var flying []flight
			for i, step := range steps {
				now := time.Now()
				switch kind := step % 10; {
				case kind < 5:
					a := c.place()
					if admits := m.admits(now); admits != (a != nil) {
						t.Fatalf("step %d: permit %v, the model says %v (%s)", i, a != nil, admits, m.state)
					}
					if a != nil {
						flying = append(flying, flight{a, m.generation, m.state == HalfOpen})
					}
				case kind < 9 && len(flying) > 0:
					at := step % len(flying)
					way := ways[step/10%len(ways)]
					if step/1000 < 7 { // mostly spells: of health, of failure, of both with overload
						way = ways[[3][3]int{{0, 0, 0}, {5, 5, 5}, {0, 5, 8}}[i/50%3][i%3]]
					}
					end(flying[at].attempt, way.verdict)
					m.ends(flying[at], way.weight, now)
					flying = append(flying[:at], flying[at+1:]...)
				case kind == 9:
					longest := 4 // within a slice of the window
					if step/1000%4 == 0 {
						longest = 60
					}
					time.Sleep(time.Duration(step/10%longest) * 100 * time.Millisecond)
				}
				state := m.state
				if state == Open && !time.Now().Before(m.until) {
					state = HalfOpen
				}
				if got := c.Status().State; got != state {
					t.Fatalf("step %d: the circuit is %s, the model %s", i, got, state)
				}
			}
			for _, tr := range c.told {
				visited[fmt.Sprint(tr)] = true
			}
			for _, f := range flying {
				f.attempt.End()
			}
		})
	})
	if len(visited) < 5 {
		t.Errorf("the sequences reached only %v", visited)
	}
}
