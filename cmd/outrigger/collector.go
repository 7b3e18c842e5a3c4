package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"

	"outrigger/proxy/overload"
)

// What steers the garbage collector. A sidecar's live heap is a few megabytes, so that Go would collect some thirty times a
// second under load for hardly any memory; see docs/performance.md.
const (
	busyHeap     = 18 << 20 // bytes that the heap may reach under load before a collection
	busyRate     = 8 << 20  // bytes allocated in a second that mean load
	calmPercent  = 100      // Go's own setting, which keeps an idle sidecar small
	mostPercent  = 450      // of the 4 MiB that Go takes for the least heap: busyHeap
	leastPercent = 50       // where Go would add as much for thousands of stacks as for the heap

	calmAfter = 2 * time.Second // without a collection: the load has ended
	calmSpare = 8 << 20         // bytes worth giving back then
)

// ofContainer is the share of the container's memory limit up to which the collector lets the heap grow at all, so that garbage
// never makes the sidecar take the steps of package overload.
const ofContainer = 0.85

// steerCollector trades memory for time while there is load, and gives the memory back when it ends. Whoever sets GOGC or
// GOMEMLIMIT has decided otherwise.
func steerCollector() {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	if limit, ok := overload.ContainerLimit("/"); ok {
		debug.SetMemoryLimit(int64(ofContainer * float64(limit)))
	}
	if os.Getenv("GOGC") != "" {
		return
	}
	s := &steering{percent: calmPercent, last: time.Now()}
	s.calm = time.AfterFunc(calmAfter, s.giveBack)
	s.watch()
}

// steering sees every collection by way of an object that each one finds dead.
type steering struct {
	calm *time.Timer // since the last collection

	mu      sync.Mutex // a finalizer and a timer
	percent int
	last    time.Time
	allocs  uint64 // bytes ever allocated, at last
	stacks  uint64 // bytes, when memory was given back last
}

func (s *steering) watch() {
	sentinel := new([16]byte)
	runtime.SetFinalizer(sentinel, func(*[16]byte) {
		s.collected(time.Now())
		s.watch()
	})
}

func (s *steering) collected(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := readFigures()
	rate := float64(f.allocs-s.allocs) / max(now.Sub(s.last), time.Millisecond).Seconds()
	if next := percentFor(f.live, f.roots, rate); next != s.percent {
		debug.SetGCPercent(next)
		s.percent = next
	}
	s.last, s.allocs = now, f.allocs
	s.calm.Reset(calmAfter)
}

// giveBack collects once more after a load, and again as long as that makes stacks smaller: each collection halves those of which
// little is used.
func (s *steering) giveBack() {
	s.mu.Lock()
	f := readFigures()
	again := f.worthwhile(s.stacks)
	s.stacks = f.stacks
	s.mu.Unlock()
	if again {
		debug.FreeOSMemory()
	}
}

// percentFor is the growth that is allowed until the next collection, in percent of the live heap and its roots (stacks, globals),
// when rate bytes a second were allocated since the last: up to busyHeap under load, as Go would have it without, but never
// beyond busyHeap for what is small. Of a large heap the roots are left out. Steps of 10 keep it from changing all the time.
func percentFor(live, roots uint64, rate float64) int {
	all := live + roots
	if all == 0 {
		return calmPercent
	}
	percent := int(calmPercent * live / all)
	if all < busyHeap {
		percent = int((busyHeap-all)*100/all) / 10 * 10
		if rate < busyRate {
			percent = min(percent, calmPercent)
		}
	}
	return min(mostPercent, max(leastPercent, percent))
}

// figures are bytes as the runtime knows them; all 0 where it does not.
type figures struct {
	live, roots   uint64 // what the last collection left, and what it started from
	allocs        uint64 // ever
	objects, free uint64 // what is used of the heap with what has died meanwhile, and what is not used but held
	stacks        uint64
}

// worthwhile says that a collection would give much back, or made stacks smaller when they were looked at before.
func (f figures) worthwhile(stacksBefore uint64) bool {
	spare := f.free + f.objects - min(f.live, f.objects)
	return spare >= calmSpare || f.stacks >= calmSpare && stacksBefore > 0 && f.stacks < stacksBefore-stacksBefore/10
}

func readFigures() (f figures) {
	parts := []struct {
		name string
		into *uint64
	}{
		{"/gc/heap/live:bytes", &f.live},
		{"/gc/scan/stack:bytes", &f.roots},
		{"/gc/scan/globals:bytes", &f.roots},
		{"/gc/heap/allocs:bytes", &f.allocs},
		{"/memory/classes/heap/objects:bytes", &f.objects},
		{"/memory/classes/heap/free:bytes", &f.free},
		{"/memory/classes/heap/stacks:bytes", &f.stacks},
	}
	samples := make([]metrics.Sample, len(parts))
	for i := range parts {
		samples[i].Name = parts[i].name
	}
	metrics.Read(samples)
	for i, s := range samples {
		if s.Value.Kind() != metrics.KindUint64 {
			return figures{}
		}
		*parts[i].into += s.Value.Uint64()
	}
	return f
}
