package replay

import "sync/atomic"

// Memory bounds the bytes that all records of bodies hold together. It is safe for concurrent use.
type Memory struct{ limit, used atomic.Int64 }

// NewMemory returns an unused memory of so many bytes.
func NewMemory(bytes int64) *Memory {
	m := &Memory{}
	m.limit.Store(bytes)
	return m
}

// Adopt changes the bound. A smaller one holds for new bytes only.
func (m *Memory) Adopt(bytes int64) { m.limit.Store(bytes) }

// Used is the number of bytes that are held now.
func (m *Memory) Used() int64 { return m.used.Load() }

func (m *Memory) take(n int64) bool {
	for {
		used := m.used.Load()
		if used+n > m.limit.Load() {
			return false
		}
		if m.used.CompareAndSwap(used, used+n) {
			return true
		}
	}
}

// force takes bytes that have been read already and that somebody waits for: a single read's worth.
func (m *Memory) force(n int64) { m.used.Add(n) }

func (m *Memory) give(n int64) { m.used.Add(-n) }
