package breaker

import (
	"fmt"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// Force holds the circuit "open" or "closed" against all results, or lets it decide again: "auto". A circuit that was held open
// begins with probes, one that was held closed begins empty.
func (c *Circuit) Force(state string) error {
	c.mu.Lock()
	defer c.unlock()
	now := time.Now()
	switch {
	case state == string(Open):
		c.forced = Open
		c.move(Open, CauseForced, now)
	case state == string(Closed):
		c.forced = Closed
		c.move(Closed, CauseForced, now)
	case state != "auto":
		return fmt.Errorf("circuit state %q: write open, closed or auto", state)
	case c.forced == Open && !c.settings.Off:
		c.forced, c.until, c.openings = "", now, 0
	case c.forced == Open:
		c.forced = ""
		c.move(Closed, CauseSettings, now)
	case c.forced == Closed:
		c.forced = ""
		c.restart()
	}
	return nil
}

// emptied is an empty window of the current length in the current state. Requires mu.
func (c *Circuit) emptied() circuitbreaker.CircuitBreaker[any] {
	w := window(c.settings.Window)
	switch c.state() {
	case Open:
		w.Open()
	case HalfOpen:
		w.HalfOpen()
	}
	return w
}
