package overload

import "sync/atomic"

// Buffers bound the bytes that all buffers which grow with traffic hold together: bodies kept for another attempt, heads beyond the
// ordinary size, large copies, tunnels. Nobody waits for bytes: who gets none does with less, or refuses. It is safe for concurrent
// use.
type Buffers struct {
	limit, used atomic.Int64
	refused     atomic.Uint64
}

// NewBuffers returns a bound of so many bytes, of which none is used.
func NewBuffers(bytes int64) *Buffers {
	b := &Buffers{}
	b.limit.Store(bytes)
	return b
}

// Adopt changes the bound. A smaller one holds for new bytes only.
func (b *Buffers) Adopt(bytes int64) { b.limit.Store(bytes) }

// Take counts n bytes in, or says that there are not so many left. What is refused was never counted: it would have others refused.
func (b *Buffers) Take(n int64) bool {
	for {
		used := b.used.Load()
		if used+n > b.limit.Load() {
			b.refused.Add(1)
			return false
		}
		if b.used.CompareAndSwap(used, used+n) {
			return true
		}
	}
}

// Force counts bytes in that are there already and that somebody waits for: a single read's worth.
func (b *Buffers) Force(n int64) { b.used.Add(n) }

// Give counts bytes out.
func (b *Buffers) Give(n int64) { b.used.Add(-n) }

// Used is the number of bytes held now, Limit the bound, Refused how often it said no.
func (b *Buffers) Used() int64 { return b.used.Load() }

// Limit is the bound in bytes.
func (b *Buffers) Limit() int64 { return b.limit.Load() }

// Refused counts the times that there were too few bytes left.
func (b *Buffers) Refused() uint64 { return b.refused.Load() }
