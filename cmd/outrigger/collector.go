package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// What steers the garbage collector. A sidecar's live heap is a few megabytes, so that Go would collect some thirty times a
// second under load for hardly any memory; see docs/performance.md.
const (
	busyHeap     = 16 << 20               // bytes that the heap may reach under load before a collection
	busyInterval = 250 * time.Millisecond // collections that follow one another faster mean load
	calmPercent  = 100                    // Go's own setting, which keeps an idle sidecar small
	mostPercent  = 800
)

// steerCollector trades memory for time while there is load, and gives the memory back when it ends. Whoever sets GOGC or
// GOMEMLIMIT has decided otherwise.
func steerCollector() {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	s := &steering{percent: calmPercent, last: time.Now()}
	s.watch()
}

// steering sees every collection by way of an object that each one finds dead.
type steering struct {
	percent int
	last    time.Time
}

func (s *steering) watch() {
	sentinel := new([16]byte)
	runtime.SetFinalizer(sentinel, func(*[16]byte) {
		now := time.Now()
		if next := percentFor(liveHeap(), now.Sub(s.last)); next != s.percent {
			debug.SetGCPercent(next)
			s.percent = next
		}
		s.last = now
		s.watch()
	})
}

// percentFor is the growth that is allowed until the next collection, in percent of the live heap, after so long without one.
// Steps of 50 keep it from changing all the time.
func percentFor(live uint64, since time.Duration) int {
	if since > busyInterval || live == 0 || live >= busyHeap {
		return calmPercent
	}
	percent := int((busyHeap - live) * 100 / live)
	return min(mostPercent, max(calmPercent, percent/50*50))
}

func liveHeap() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return sample[0].Value.Uint64()
}
