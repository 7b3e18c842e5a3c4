package replay

import (
	"io"
	"net/http"
	"sync"
)

// tape is one client's body with the record of what was read of it.
//
// Life: recording → dropping (too long, no memory left, or committed: what the current reader has yet to read of the record is kept
// to its end, nothing is added) → ended.
//
// Readers may run in goroutines of the wire, also one whose attempt is over: it is cut off, and what it was just reading goes to the
// record, where its successor finds it. At most one reader reads the client's body at a time.
type tape struct {
	memory Memory
	source io.Reader
	limit  int64
	size   int64 // of the body, as far as it is announced, or less than 0

	mu       sync.Mutex
	free     sync.Cond // source is not being read any more
	reading  bool
	record   []byte
	base     int64 // where in the body the record begins; 0 unless a record was freed before
	read     int64 // bytes taken from source
	err      error // how source ended
	dropping bool
	ended    bool
	current  *reader
	first    reader
}

func newTape(m Memory, req *http.Request, limit int64) *tape {
	t := &tape{memory: m, source: req.Body, limit: limit, size: req.ContentLength}
	t.free.L = &t.mu
	t.dropping = limit <= 0
	t.first.tape, t.current = t, &t.first
	return t
}

// keep adds bytes that reader r has read to the record. Those that a reader read which was cut off meanwhile are kept beyond every
// bound where its successor waits for them: they are one read's worth. Requires mu.
func (t *tape) keep(p []byte, r *reader) {
	before := t.read
	t.read += int64(len(p))
	waited := r != t.current && !t.current.cut
	if len(p) == 0 || t.ended || t.dropping && !waited {
		return
	}
	if t.record == nil {
		t.base = before
	}
	if !t.grow(len(p), waited) {
		t.drop()
		return
	}
	t.record = append(t.record, p...)
}

// grow makes room for n more bytes within the bounds. Requires mu.
func (t *tape) grow(n int, beyond bool) bool {
	need := len(t.record) + n
	if int64(need) > t.limit && !beyond {
		return false
	}
	if need <= cap(t.record) {
		return true
	}
	room := max(need, 2*cap(t.record), 512)
	if t.size > 0 && t.size <= t.limit {
		room = max(need, int(t.size))
	} else if int64(need) <= t.limit {
		room = min(room, int(t.limit))
	}
	more := int64(room - cap(t.record))
	if beyond {
		t.memory.Force(more)
	} else if !t.memory.Take(more) {
		return false
	}
	grown := make([]byte, len(t.record), room)
	copy(grown, t.record)
	t.record = grown
	return true
}

// drop stops recording and frees the record as soon as nobody needs it. Requires mu.
func (t *tape) drop() {
	t.dropping = true
	t.release()
}

// release frees a record that is not needed: the current reader is past its end or gone. Requires mu.
func (t *tape) release() {
	if t.dropping && t.record != nil && (t.ended || t.current.cut || t.current.at >= t.base+int64(len(t.record))) {
		t.memory.Give(int64(cap(t.record)))
		t.record = nil
	}
}

// commit is for an exchange that has its answer: there will be no other attempt.
func (t *tape) commit() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop()
}

// end returns the number of bytes that were taken from the client.
func (t *tape) end() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended, t.current.cut = true, true
	t.drop()
	t.free.Broadcast()
	return t.read
}

// rewindable requires mu. A body of which nothing was read is at its beginning, however long it is.
func (t *tape) rewindable() bool {
	return !t.ended && (!t.dropping || t.read == 0)
}
