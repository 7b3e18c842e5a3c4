package load

import (
	"math"
	"time"
)

// A bucket is 4 % wider than the one before, so that a quantile is right within 2 %. They reach from 50 µs to beyond 10 s.
const (
	growth  = 1.04
	first   = 50 * time.Microsecond
	buckets = 320
)

var logGrowth = math.Log(growth)

// Histogram counts durations in buckets of growing width. The zero value is empty.
type Histogram [buckets]uint32

// Add counts a duration.
func (h *Histogram) Add(d time.Duration) {
	i := 0
	if d > first {
		i = min(buckets-1, int(math.Log(float64(d)/float64(first))/logGrowth)+1)
	}
	h[i]++
}

// Merge adds all that another one counted.
func (h *Histogram) Merge(other *Histogram) {
	for i, n := range other {
		h[i] += n
	}
}

// Quantile returns the duration that a share q of all does not exceed, within 2 %; 0 where nothing was counted.
func (h *Histogram) Quantile(q float64) time.Duration {
	total := uint64(0)
	for _, n := range h {
		total += uint64(n)
	}
	if total == 0 {
		return 0
	}
	rank, seen := uint64(math.Ceil(q*float64(total))), uint64(0)
	for i, n := range h {
		seen += uint64(n)
		if seen >= max(rank, 1) {
			return middle(i)
		}
	}
	return middle(buckets - 1)
}

func middle(bucket int) time.Duration {
	if bucket == 0 {
		return first
	}
	return time.Duration(float64(first) * math.Pow(growth, float64(bucket)-.5))
}
