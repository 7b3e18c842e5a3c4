package http1

import "sync"

// input is the read buffer of a wire. It exists only while it holds something:
// a connection that waits keeps no buffer, so that thousands of them cost
// little.
type input struct {
	buf  []byte // buf[r:w] is received and not yet used; nil when empty
	r, w int
	lent *[bufferSize]byte // what buf is, where it came from the pool
}

var readBuffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

func returnRead(b *[bufferSize]byte) {
	poisonBytes(b[:])
	readBuffers.Put(b)
}

func (in *input) buffered() int { return in.w - in.r }

// relax gives the buffer back when it is empty, and exchanges one that grew
// for an ordinary one as soon as that is enough.
func (in *input) relax() {
	n := in.buffered()
	if n > 0 && (len(in.buf) <= bufferSize || n > bufferSize) {
		return
	}
	rest := in.buf[in.r:in.w]
	lent := in.lent
	in.adopt(nil, 0)
	if n > 0 {
		b := readBuffers.Get().(*[bufferSize]byte)
		in.adopt(b, copy(b[:], rest))
	}
	if lent != nil {
		returnRead(lent)
	}
}

// adopt makes the first n bytes of b, which is from the pool, the content.
func (in *input) adopt(b *[bufferSize]byte, n int) {
	in.lent, in.r, in.w, in.buf = b, 0, n, nil
	if b != nil {
		in.buf = b[:]
	}
}

// makeRoom makes room behind the content, which it keeps; the buffer grows up
// to a little above limit.
func (in *input) makeRoom(limit int) {
	switch {
	case in.buf == nil:
		in.adopt(readBuffers.Get().(*[bufferSize]byte), 0)
	case in.w < len(in.buf):
	case in.r > 0:
		in.w = copy(in.buf, in.buf[in.r:in.w])
		in.r = 0
	default:
		larger := make([]byte, min(2*len(in.buf), limit+bufferSize))
		copy(larger, in.buf)
		if in.lent != nil {
			returnRead(in.lent)
		}
		in.buf, in.lent = larger, nil
	}
}

// fill receives at least one more byte into the buffer.
func (w *wire) fill(limit int) error {
	if w.buffered() == 0 {
		w.relax()
		if w.direct != nil {
			return w.fillLate()
		}
	}
	w.makeRoom(limit)
	n, err := w.receive(w.buf[w.w:])
	w.w += n
	return err
}

// fillLate receives into a buffer that is borrowed only when there is
// something to receive.
func (w *wire) fillLate() error {
	w.direct.late = true
	n, err := w.receive(nil)
	w.direct.late = false
	if n > 0 {
		w.adopt(w.direct.lent, n)
		w.direct.lent = nil
	}
	return err
}

// take reads into p: buffered bytes first, else from the connection; reads
// smaller than the buffer go through it.
func (w *wire) take(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if w.r == w.w {
		if len(p) >= bufferSize {
			return w.receive(p)
		}
		if err := w.fill(bufferSize); err != nil {
			return 0, err
		}
	}
	n := copy(p, w.buf[w.r:w.w])
	w.r += n
	return n, nil
}

// tryFill receives what the kernel already holds, without waiting.
func (w *wire) tryFill() {
	if w.direct == nil {
		return
	}
	w.makeRoom(bufferSize)
	if w.w < len(w.buf) {
		w.w += w.direct.readNow(w.buf[w.w:])
	}
	w.relax()
}
