// Package budget bounds the extra attempts to one upstream relative to its traffic: in any sliding window at most a ratio of
// the requests of that window plus a floor.
//
// It decides whether one more attempt is within the allowance; why one is wanted, and what happens without it, it refuses to
// know (package retry does). One Budget belongs to one upstream and is shared by all its operations; it outlives the policy
// set that configured it.
package budget

import (
	"math"
	"sync"
	"time"

	"outrigger/policy"
)

// slices is how many parts the window slides in.
const slices = 10

// rounding forgives what binary fractions add and lose: 29 % of 100 requests is 29, not 28.999.
const rounding = 1e-9

// Budget is a sliding count of requests and extra attempts. It is safe for concurrent use.
type Budget struct {
	mu       sync.Mutex
	settings policy.Budget
	origin   time.Time           // of slice 0
	counts   [slices + 1]counter // slice n is at n mod len
}

type counter struct {
	slice            int64
	requests, extras int
}

// New returns an unused budget. A window of 0 or less counts as 10 s.
func New(settings policy.Budget) *Budget {
	return &Budget{settings: sane(settings), origin: time.Now()}
}

func sane(s policy.Budget) policy.Budget {
	if s.Window <= 0 {
		s.Window = 10 * time.Second
	}
	s.Ratio, s.Floor = max(0, s.Ratio), max(0, s.Floor)
	return s
}

// Note counts a request whose first attempt was made. Attempts that were refused before anything was sent earn nothing.
func (b *Budget) Note(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.at(b.slice(now)).requests++
}

// TryExtra takes one extra attempt out of the budget and reports whether it was there. It counts from this moment, also
// while it waits its back-off.
func (b *Budget) TryExtra(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	slice := b.slice(now)
	extras, allowed := b.sums(slice)
	if !b.settings.Off && float64(extras+1) > allowed+rounding {
		return false
	}
	b.at(slice).extras++
	return true
}

// AvailableRatio is the share of the allowance that is left now, from 0 to 1. It changes nothing.
func (b *Budget) AvailableRatio() float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	extras, allowed := b.sums(b.slice(time.Now()))
	switch {
	case b.settings.Off:
		return 1
	case allowed <= 0:
		return 0
	}
	return max(0, 1-float64(extras)/allowed)
}

// Adopt takes over new settings. The share that is left stays: extras are scaled with the allowance, so that an edit never
// refills a budget.
func (b *Budget) Adopt(settings policy.Budget) {
	settings = sane(settings)
	b.mu.Lock()
	defer b.mu.Unlock()
	if settings == b.settings {
		return
	}
	now := time.Now()
	head := b.slice(now)
	_, before := b.sums(head)
	if settings.Window != b.settings.Window { // slices keep their numbers and change their length
		b.origin = now.Add(-time.Duration(head) * settings.Window / slices)
	}
	b.settings = settings
	_, after := b.sums(head)
	if before <= 0 || after == before {
		return
	}
	for i := range b.counts {
		b.counts[i].extras = int(math.Ceil(float64(b.counts[i].extras)*after/before - rounding))
	}
}

func (b *Budget) slice(now time.Time) int64 {
	return int64(now.Sub(b.origin) / (b.settings.Window / slices))
}

// at returns the counter of a slice, emptied where it still holds an earlier one.
func (b *Budget) at(slice int64) *counter {
	c := &b.counts[uint64(slice)%uint64(len(b.counts))]
	if c.slice < slice {
		*c = counter{slice: slice}
	}
	return c
}

// sums returns the extras of the window and what is allowed in it. Slices are coarse, so extras are counted over a little more
// than the window and requests over a little less: the promise holds for every true window that ends now.
func (b *Budget) sums(head int64) (extras int, allowed float64) {
	requests := 0
	for i := range b.counts {
		c := &b.counts[i]
		switch age := head - c.slice; {
		case age < slices:
			requests += c.requests
			extras += c.extras
		case age == slices:
			extras += c.extras
		}
	}
	return extras, float64(b.settings.Floor) + b.settings.Ratio*float64(requests)
}
