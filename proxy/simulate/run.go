package simulate

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"outrigger/policy"
	"outrigger/policy/table"
	"outrigger/proxy"
)

// Run is a table.Simulator: it runs the steps on a sidecar of its own, one after the other. It is safe for concurrent use.
func Run(set *policy.Set, steps []*table.Step) ([][]table.Exchange, error) {
	var seen [][]table.Exchange
	err := inFakeTime(func() error {
		var failed error
		seen, failed = run(set, steps)
		return failed
	})
	return seen, err
}

// inFakeTime calls f where time passes only when everything waits. It returns when all that f started has ended. The bubble wants
// a *testing.T for a test's cleanups and failures, of which f has none, so an empty one serves.
func inFakeTime(f func() error) (failed error) {
	defer func() {
		if stuck := recover(); stuck != nil { // the bubble's own: something waits for what never comes
			failed = fmt.Errorf("the simulation cannot go on: %v", stuck)
		}
	}()
	synctest.Test(new(testing.T), func(*testing.T) {
		defer func() {
			if broken := recover(); broken != nil {
				failed = fmt.Errorf("the simulation broke: %v", broken)
			}
		}()
		failed = f()
	})
	return failed
}

// rest lets everything end that ends by the clock once a sidecar is closed.
const rest = time.Second

// run is one case; it must be in a bubble.
func run(set *policy.Set, steps []*table.Step) ([][]table.Exchange, error) {
	w := &world{}
	sidecar, err := proxy.Simulate(set, w.dial)
	if err != nil {
		return nil, err
	}
	defer time.Sleep(rest) // runs after Close: what that ends, ends by the clock
	defer sidecar.Close()
	seen := make([][]table.Exchange, len(steps))
	for i, s := range steps {
		if s.Wait > 0 {
			time.Sleep(s.Wait) // what the step is for
			continue
		}
		w.answer(s.Answers)
		c, err := newCaller(sidecar, set, s)
		if err != nil {
			return nil, &table.StepError{Step: s, Err: err}
		}
		calls := c.send(s, i)
		synctest.Wait() // a caller has its answer a moment before the exchange ends
		seen[i] = c.tell(calls)
	}
	return seen, nil
}

// errNoUpstream is for a path that does not say whose call it is.
var errNoUpstream = errors.New("a path alone does not say whose call it is: write upstream: NAME or inbound: true in the case, or a URL")
