package load

import (
	"sync"
	"time"

	"outrigger/cmd/outrigger/internal/demo/stage"
)

// Path is a way from orders to inventory.
type Path int

// The paths.
const (
	With    Path = iota // through the sidecar
	Without             // directly

	// Paths is how many there are.
	Paths = 2
)

// String is the path's name in addresses.
func (p Path) String() string { return [Paths]string{"with", "without"}[p] }

// Operations is how many operations are called.
const Operations = 3

// Figures are what callers saw of one operation, or of several together.
type Figures struct {
	Requests int
	Failed   int
	Saved    int // answered well after more than one attempt
	Waits    Histogram
}

// Success is the share of requests that were answered well, 0 to 1, and whether there were any.
func (f *Figures) Success() (share float64, counted bool) {
	if f.Requests == 0 {
		return 0, false
	}
	return 1 - float64(f.Failed)/float64(f.Requests), true
}

// Merge adds other figures.
func (f *Figures) Merge(other *Figures) {
	f.Requests += other.Requests
	f.Failed += other.Failed
	f.Saved += other.Saved
	f.Waits.Merge(&other.Waits)
}

func (f *Figures) add(s sample) {
	f.Requests++
	if s.failed {
		f.Failed++
	} else if s.attempts > 1 {
		f.Saved++
	}
	f.Waits.Add(s.wait)
}

// sample is one call that was answered, well or not.
type sample struct {
	operation int
	path      Path
	phase     stage.Phase // in which it began
	ended     time.Duration
	wait      time.Duration
	failed    bool
	attempts  int
}

// Table holds figures by operation and path.
type Table [Operations][Paths]Figures

// The recent past is kept in slices of time.
const (
	sliceLength = 250 * time.Millisecond
	sliceCount  = 8

	// Recently is the span that the recent figures cover, the slice that has just begun included.
	Recently = sliceLength * sliceCount
)

// Tally collects samples in memory that does not grow. It is safe for concurrent use.
type Tally struct {
	mu     sync.Mutex
	phases [stage.Phases]Table
	recent [sliceCount]struct {
		number int64
		Table
	}
}

func (t *Tally) add(s sample) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.phases[s.phase][s.operation][s.path].add(s)
	number := int64(s.ended / sliceLength)
	slice := &t.recent[number%sliceCount]
	if slice.number != number {
		slice.number, slice.Table = number, Table{}
	}
	slice.Table[s.operation][s.path].add(s)
}

// Phases returns the figures of each phase since the beginning. A call belongs to the phase in which it began.
func (t *Tally) Phases() [stage.Phases]Table {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.phases
}

// Recent returns the figures of what ended within Recently of now, which counts from the start of the load, and the span that
// they cover.
func (t *Tally) Recent(now time.Duration) (Table, time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var sum Table
	for i := range t.recent {
		if t.recent[i].number <= int64(now/sliceLength)-sliceCount {
			continue
		}
		for op := range sum {
			for p := range sum[op] {
				sum[op][p].Merge(&t.recent[i].Table[op][p])
			}
		}
	}
	return sum, min(now, Recently-sliceLength+now%sliceLength)
}
