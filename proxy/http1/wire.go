package http1

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// wire is a connection with a small read buffer and deadlines that are armed
// lazily. One goroutine may read while another writes; interrupt may be called
// by any.
type wire struct {
	nc     net.Conn
	tcp    *net.TCPConn // nc, where it is one
	peeker *peeker      // nil where the kernel cannot be asked
	exact  bool         // a write that timed out cannot be taken up again (TLS)
	// giveUp is asked when a read wakes before its time; true ends the read.
	giveUp func() bool

	readStopped, writeStopped atomic.Bool

	read, write deadline

	buf   []byte // buf[r:w] is received and not yet used
	r, w  int
	stash [bufferSize]byte
}

func (w *wire) init(nc net.Conn) {
	w.nc = nc
	w.tcp, _ = nc.(*net.TCPConn)
	w.peeker = newPeeker(nc)
	_, w.exact = nc.(*tls.Conn)
	w.buf = w.stash[:]
}

// deadline is the instant one direction of a connection must be done by, and
// the instant the runtime was told. Telling it costs as much as a small read,
// so it is told only when nothing earlier is armed; an earlier one that fires
// is moved.
type deadline struct{ want, armed time.Time }

func (d *deadline) mustArm() bool {
	return !d.want.IsZero() && (d.armed.IsZero() || d.want.Before(d.armed))
}

// expired tells whether the wanted instant is over, after the armed one fired.
func (d *deadline) expired() bool {
	return !d.want.IsZero() && !time.Now().Before(d.want)
}

func (w *wire) armRead() error {
	w.read.armed = w.read.want
	err := w.nc.SetReadDeadline(w.read.want)
	if w.readStopped.Load() {
		w.nc.SetReadDeadline(past)
	}
	return err
}

func (w *wire) armWrite() error {
	w.write.armed = w.write.want
	err := w.nc.SetWriteDeadline(w.write.want)
	if w.writeStopped.Load() {
		w.nc.SetWriteDeadline(past)
	}
	return err
}

var past = time.Unix(1, 0)

// interrupt makes every read and write of now and later fail with
// errInterrupted.
func (w *wire) interrupt() {
	w.readStopped.Store(true)
	w.writeStopped.Store(true)
	w.nc.SetDeadline(past)
}

// stopRead and stopWrite are interrupt for one direction.
func (w *wire) stopRead() {
	w.readStopped.Store(true)
	w.nc.SetReadDeadline(past)
}

func (w *wire) stopWrite() {
	w.writeStopped.Store(true)
	w.nc.SetWriteDeadline(past)
}

// receive reads into p from the connection, past the buffer, until read.want.
func (w *wire) receive(p []byte) (int, error) {
	if w.read.mustArm() {
		if err := w.armRead(); err != nil {
			return 0, err
		}
	}
	for {
		n, err := w.nc.Read(p)
		if n > 0 {
			return n, nil
		}
		if err == nil {
			continue
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return 0, err
		}
		if w.readStopped.Load() || w.giveUp != nil && w.giveUp() {
			return 0, errInterrupted
		}
		if w.read.expired() {
			return 0, err
		}
		if err := w.armRead(); err != nil {
			return 0, err
		}
	}
}

// send writes all of p until write.want and gives the bytes taken.
func (w *wire) send(p []byte) (int, error) {
	if w.write.mustArm() || w.exact && !w.write.want.IsZero() {
		if err := w.armWrite(); err != nil {
			return 0, err
		}
	}
	done := 0
	for {
		n, err := w.nc.Write(p[done:])
		done += n
		if err == nil && done == len(p) {
			return done, nil
		}
		switch {
		case err == nil:
			return done, io.ErrShortWrite
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return done, err
		case w.writeStopped.Load():
			return done, errInterrupted
		case w.exact || w.write.expired():
			return done, err
		}
		if err := w.armWrite(); err != nil {
			return done, err
		}
	}
}

func (w *wire) buffered() int { return w.w - w.r }

// fill receives at least one more byte into the buffer, which grows up to
// limit bytes.
func (w *wire) fill(limit int) error {
	w.makeRoom(limit)
	n, err := w.receive(w.buf[w.w:])
	w.w += n
	return err
}

func (w *wire) makeRoom(limit int) {
	if w.r == w.w {
		w.r, w.w = 0, 0
	}
	if w.w < len(w.buf) {
		return
	}
	if w.r > 0 {
		w.w = copy(w.buf, w.buf[w.r:w.w])
		w.r = 0
		return
	}
	larger := make([]byte, min(2*len(w.buf), limit+bufferSize))
	w.w = copy(larger, w.buf[:w.w])
	w.buf = larger
}

// shrink gives a grown buffer back as soon as what it holds fits the standing
// one.
func (w *wire) shrink() {
	if len(w.buf) > bufferSize && w.buffered() <= bufferSize {
		n := copy(w.stash[:], w.buf[w.r:w.w])
		w.buf, w.r, w.w = w.stash[:], 0, n
	}
}

// take reads into p: buffered bytes first, else from the connection; reads
// smaller than the buffer go through it.
func (w *wire) take(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if w.r == w.w {
		if len(p) >= len(w.buf) {
			return w.receive(p)
		}
		if err := w.fill(len(w.buf)); err != nil {
			return 0, err
		}
	}
	n := copy(p, w.buf[w.r:w.w])
	w.r += n
	return n, nil
}

// tryFill receives what the kernel already holds, without waiting.
func (w *wire) tryFill() {
	if w.tcp == nil || w.peeker == nil {
		return
	}
	w.makeRoom(len(w.buf))
	if w.w < len(w.buf) {
		w.w += w.peeker.receive(w.buf[w.w:])
	}
}

func (w *wire) closeWrite() error {
	if c, ok := w.nc.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return errors.ErrUnsupported
}

// handOver ends our use of the connection: no deadline stays armed.
func (w *wire) handOver() (net.Conn, []byte) {
	w.nc.SetDeadline(time.Time{})
	return w.nc, append([]byte(nil), w.buf[w.r:w.w]...)
}
