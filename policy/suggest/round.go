package suggest

import (
	"fmt"
	"math"
	"time"
)

var steps = []float64{1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10}

// roundUp gives the next duration that people would write.
func roundUp(d time.Duration) time.Duration {
	ms := math.Ceil(float64(d) / float64(time.Millisecond))
	return time.Duration(math.Ceil(round(ms))) * time.Millisecond
}

func roundUpCount(n int) int { return int(math.Ceil(round(float64(n)))) }

func round(v float64) float64 {
	scale := math.Pow(10, math.Floor(math.Log10(max(v, 1))))
	for _, s := range steps {
		if s*scale >= v-1e-9 {
			return s * scale
		}
	}
	return v
}

// short is a measured duration, always with one decimal.
func short(d time.Duration) string {
	if d >= time.Second {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return fmt.Sprintf("%.1fms", float64(d)/float64(time.Millisecond))
}
