package overload

import "runtime/metrics"

// heap is the Go runtime under a limit that a person gave it. What is garbage does not count: under such a limit the collector lets
// it grow up to there on purpose.
type heap struct {
	limit   int64
	samples []metrics.Sample
}

// Names of the runtime's own figures. All memory that it holds is total − released; of that the heap is objects, dead ones
// included, with what lies unused between and free; live is what the last collection left.
var heapFigures = []string{
	"/memory/classes/total:bytes", "/memory/classes/heap/released:bytes", "/memory/classes/heap/objects:bytes",
	"/memory/classes/heap/unused:bytes", "/memory/classes/heap/free:bytes", "/gc/heap/live:bytes",
}

func newHeap(limit int64) *heap {
	h := &heap{limit: limit}
	for _, name := range heapFigures {
		h.samples = append(h.samples, metrics.Sample{Name: name})
	}
	return h
}

func (h *heap) used() (float64, bool) {
	metrics.Read(h.samples)
	figures := make([]float64, len(h.samples))
	for i, s := range h.samples {
		if s.Value.Kind() != metrics.KindUint64 {
			return 0, false
		}
		figures[i] = float64(s.Value.Uint64())
	}
	total, released, objects, unused, free, live := figures[0], figures[1], figures[2], figures[3], figures[4], figures[5]
	return (total - released - objects - unused - free + live) / float64(h.limit), true
}
