package http1

import (
	"fmt"
	"sync"
	"syscall"
)

// input is the read buffer of a wire. It exists only while it holds something:
// a connection that waits keeps no buffer, so that thousands of them cost
// little.
type input struct {
	buf  []byte // buf[r:w] is received and not yet used; nil when empty
	r, w int
	lent *[bufferSize]byte // what buf is, where it came from the pool

	buffers Buffers // is asked for more than an ordinary buffer; nil says yes
	counted int64   // bytes had from buffers, for the message at hand
}

var readBuffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

func returnRead(b *[bufferSize]byte) {
	poisonBytes(b[:])
	readBuffers.Put(b)
}

// errNoBuffers wraps the system's word for the same, so that whoever blames
// need not know ours.
var errNoBuffers = fmt.Errorf("no buffer left for so large a head: %w", syscall.ENOBUFS)

// reserve has n more bytes counted for the message at hand.
func (in *input) reserve(n int64) bool {
	if in.buffers == nil {
		return true
	}
	if !in.buffers.Take(n) {
		return false
	}
	in.counted += n
	return true
}

// settle gives back what was counted for a message that is over. Its head was
// kept as a string for as long.
func (in *input) settle() {
	if in.counted > 0 {
		in.buffers.Give(in.counted)
		in.counted = 0
	}
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
// to a little above limit, or not, where there are no bytes left for that.
func (in *input) makeRoom(limit int) error {
	switch {
	case in.buf == nil:
		in.adopt(readBuffers.Get().(*[bufferSize]byte), 0)
	case in.w < len(in.buf):
	case in.r > 0:
		in.w = copy(in.buf, in.buf[in.r:in.w])
		in.r = 0
	default:
		size := min(2*len(in.buf), limit+bufferSize)
		if !in.reserve(int64(size) - in.counted) {
			return errNoBuffers
		}
		larger := make([]byte, size)
		copy(larger, in.buf)
		if in.lent != nil {
			returnRead(in.lent)
		}
		in.buf, in.lent = larger, nil
	}
	return nil
}

// push puts a byte behind the content that has been received already. No bound
// may lose it: what follows would be read as something else.
func (in *input) push(b byte) {
	if in.makeRoom(bufferSize) != nil {
		larger := make([]byte, len(in.buf)+1)
		copy(larger, in.buf)
		if in.lent != nil {
			returnRead(in.lent)
		}
		in.buf, in.lent = larger, nil
	}
	in.buf[in.w] = b
	in.w++
}

// fill receives at least one more byte into the buffer.
func (w *wire) fill(limit int) error {
	if w.buffered() == 0 {
		w.relax()
		if w.direct != nil {
			return w.fillLate()
		}
	}
	if err := w.makeRoom(limit); err != nil {
		return err
	}
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
	if w.makeRoom(bufferSize) != nil {
		return
	}
	if w.w < len(w.buf) {
		w.w += w.direct.readNow(w.buf[w.w:])
	}
	w.relax()
}
