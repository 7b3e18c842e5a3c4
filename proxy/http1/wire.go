package http1

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// wire is a connection with a small read buffer and deadlines that are armed
// lazily. One goroutine may read while another writes; interrupt may be called
// by any.
type wire struct {
	nc     net.Conn
	tcp    *net.TCPConn // nc, where it is one
	peeker *peeker      // nil where the kernel cannot be asked
	direct *direct      // nil where only nc will do
	exact  bool         // a write that timed out cannot be taken up again (TLS)
	// giveUp is asked when a read wakes before its time; true ends the read.
	giveUp func() bool

	readStopped, writeStopped atomic.Bool

	read, write deadline
	// patience is how long a write may go on after the peer took something
	// last, up to the instant last; 0 means that write.want is the end.
	patience time.Duration
	last     time.Time
	took     time.Time // when a part of a write through nc was taken last

	input
}

func (w *wire) init(nc net.Conn) {
	w.nc = nc
	w.tcp, _ = nc.(*net.TCPConn)
	w.peeker = newPeeker(nc)
	w.direct = newDirect(w.tcp)
	_, w.exact = nc.(interface{ ConnectionState() tls.ConnectionState })
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
		n, err := w.readOnce(p)
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

func (w *wire) readOnce(p []byte) (int, error) {
	if w.direct != nil {
		return w.direct.read(p)
	}
	return w.nc.Read(p)
}

func (w *wire) writeOnce(p []byte) (int, error) {
	if w.direct != nil {
		return w.direct.write(p)
	}
	return w.nc.Write(p)
}

// send writes all of p until write.want and gives the bytes taken.
func (w *wire) send(p []byte) (int, error) {
	if err := w.beginWrite(); err != nil {
		return 0, err
	}
	done := 0
	for {
		n, err := w.writeOnce(w.part(p[done:]))
		done += n
		if err == nil && done == len(p) {
			return done, nil
		}
		if err == nil && w.direct == nil {
			err = w.partTaken()
			if err == nil {
				continue
			}
		}
		if err := w.writeAgain(err); err != nil {
			return done, err
		}
	}
}

// ask sends p, which lies in buf, and receives the first of the answer into
// the buffer, which must be empty. It gives how much of p was sent, and whether
// err came before all was. Only where there is direct.
func (w *wire) ask(p []byte, buf *outBuffer) (sent int, asked bool, err error) {
	w.leaveToRead(p, buf)
	w.relax()
	err = w.fillLate()
	l := &w.direct.lead
	if l.out == nil {
		return len(p), true, err
	}
	if err != errLeadStuck {
		l.drop()
		return l.taken, false, err
	}
	if err := w.sendLead(); err != nil {
		return l.taken, false, err
	}
	return l.taken, true, w.fillLate()
}

// leaveToRead has the next read send p, which lies in buf, before it receives.
func (w *wire) leaveToRead(p []byte, buf *outBuffer) { w.direct.lead = lead{out: p, buf: buf} }

// sendLead sends what the read has not sent of what was left to it, and waits
// for the socket to take it.
func (w *wire) sendLead() error {
	if w.direct == nil || w.direct.lead.out == nil {
		return nil
	}
	l := &w.direct.lead
	defer l.drop()
	if l.errno != 0 && l.errno != syscall.EAGAIN {
		return os.NewSyscallError("write", l.errno)
	}
	rest := l.out
	l.out = nil // the read is not to send it again
	n, err := w.send(rest)
	l.taken += n
	return err
}

// partSize is as much as nc is given at once, so that we see how the peer gets
// on: a record of TLS.
const partSize = 16 << 10

// part is as much of p as goes into one write.
func (w *wire) part(p []byte) []byte {
	if w.direct == nil && len(p) > partSize {
		return p[:partSize]
	}
	return p
}

// partTaken begins another wait after a part that nc took whole.
func (w *wire) partTaken() error {
	if w.patience == 0 {
		return nil
	}
	w.took = time.Now()
	if !w.exact {
		return nil // the armed deadline is moved when it fires
	}
	w.write.want = earlier(w.took.Add(w.patience), w.last)
	return w.armWrite()
}

func (w *wire) beginWrite() error {
	if w.write.mustArm() || w.exact && !w.write.want.IsZero() {
		return w.armWrite()
	}
	return nil
}

// writeWithin lets the next write wait for idle, and as long again whenever the
// peer has taken something, but not beyond last; zero is no such end.
func (w *wire) writeWithin(now time.Time, idle time.Duration, last time.Time) {
	w.patience, w.last = idle, last
	w.write.want = earlier(now.Add(idle), last)
}

// earlier is t, or limit where that is set and before t.
func earlier(t, limit time.Time) time.Time {
	if !limit.IsZero() && limit.Before(t) {
		return limit
	}
	return t
}

// prolong moves the end of a write whose time is over when the peer took
// something meanwhile, and tells whether that gives it more time.
func (w *wire) prolong() bool {
	if w.patience == 0 {
		return false
	}
	since := w.took
	if w.direct != nil {
		since = w.direct.took
	}
	w.write.want = earlier(since.Add(w.patience), w.last)
	return !w.write.expired()
}

// writeAgain gives nil when a write that ended with err is to be taken up
// again: an earlier deadline than the wanted one had ended it, or the peer took
// some of it.
func (w *wire) writeAgain(err error) error {
	switch {
	case err == nil:
		return io.ErrShortWrite
	case !errors.Is(err, os.ErrDeadlineExceeded):
		return err
	case w.writeStopped.Load():
		return errInterrupted
	case w.exact || w.write.expired() && !w.prolong():
		return err
	}
	return w.armWrite()
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
