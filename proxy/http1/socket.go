package http1

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// liveness is what the kernel knows about the peer's direction.
type liveness int

const (
	quiet   liveness = iota // open, nothing received
	pending                 // bytes were received
	gone                    // closed
	broken                  // reset; asking took the error away
)

// peeker asks the kernel about a connection without waiting and without
// taking bytes away. Its closure is made once, so that asking costs one system
// call and no allocation. Not safe for concurrent use.
type peeker struct {
	raw   syscall.RawConn
	state liveness
	look  func(fd uintptr)
}

// newPeeker gives nil for a connection that the kernel knows nothing of, such
// as a pipe or TLS.
func newPeeker(nc net.Conn) *peeker {
	sc, ok := nc.(syscall.Conn)
	if !ok || !canPeek {
		return nil
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil
	}
	p := &peeker{raw: raw}
	p.look = func(fd uintptr) { p.state = peekSocket(fd) }
	return p
}

func (p *peeker) peek() liveness {
	if err := p.raw.Control(p.look); err != nil {
		return gone
	}
	return p.state
}

// direct reads from and writes to a socket that never blocks, so the scheduler
// need not be told of each call: it saves the hand-over of the processor when
// a call takes long. Waiting and deadlines stay with the runtime. One goroutine
// may read while another writes.
type direct struct {
	raw      syscall.RawConn
	took     time.Time // when a write that had to wait moved something last
	in, out  []byte
	got, put int
	inErr    syscall.Errno
	outErr   syscall.Errno
	nowait   bool
	late     bool // read into a buffer borrowed when there is something
	lent     *[bufferSize]byte
	fill     *pipe // read into it instead of memory
	drain    *pipe // write from it instead of memory
	lead     lead  // to be sent before the next read

	grab, give func(fd uintptr) bool
}

// lead is what is sent by the read that waits for what follows it: a request
// before its answer, an answer before the next request. What arrives behind it
// wakes that read, which need not ask the socket for what cannot be there yet:
// one system call less each time.
type lead struct {
	out   []byte     // not yet taken by the socket; nil without a lead
	buf   *outBuffer // where it lies; given back as soon as it is sent
	taken int
	errno syscall.Errno
}

// errLeadStuck says that the socket did not take all of a lead.
var errLeadStuck = errors.New("message not taken at once")

// send tells whether the socket took everything, so that the answer may be
// waited for.
func (l *lead) send(fd uintptr) bool {
	var n int
	n, l.errno = writeSocket(fd, l.out)
	l.taken += n
	if l.out = l.out[n:]; len(l.out) > 0 {
		return false
	}
	l.drop()
	return true
}

func (l *lead) drop() {
	l.out = nil
	l.buf.giveBack()
	l.buf = nil
}

// raceDetector is set in builds with it.
var raceDetector bool

func newDirect(tcp *net.TCPConn) *direct {
	if tcp == nil || !canDirect || raceDetector {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	d := &direct{raw: raw}
	d.grab = func(fd uintptr) bool {
		if d.lead.out != nil {
			return !d.lead.send(fd)
		}
		switch {
		case d.fill != nil:
			d.got, d.inErr = spliceSocket(fd, uintptr(d.fill.ends[1]), d.fill.want)
		case d.late:
			d.grabLate(fd)
		default:
			d.got, d.inErr = readSocket(fd, d.in)
		}
		return d.inErr != syscall.EAGAIN || d.nowait
	}
	d.give = func(fd uintptr) bool {
		if d.drain != nil {
			return d.giveFrom(d.drain, fd)
		}
		for from := d.put; ; {
			n, errno := writeSocket(fd, d.out[d.put:])
			d.put += n
			d.outErr = errno
			if errno == 0 && d.put < len(d.out) {
				continue
			}
			return !d.mustWait(errno, d.put > from)
		}
	}
	return d
}

// mustWait tells whether the socket takes no more for now, and notes when it
// took something.
func (d *direct) mustWait(errno syscall.Errno, took bool) bool {
	if errno != syscall.EAGAIN {
		return false
	}
	if took {
		d.took = time.Now()
	}
	return true
}

// giveFrom empties the pipe into the socket.
func (d *direct) giveFrom(p *pipe, fd uintptr) bool {
	for from := p.held; p.held > 0; {
		n, errno := spliceSocket(uintptr(p.ends[0]), fd, p.held)
		p.held -= n
		d.outErr = errno
		if errno != 0 || n == 0 {
			return !d.mustWait(errno, p.held < from)
		}
	}
	return true
}

func (d *direct) grabLate(fd uintptr) {
	b := readBuffers.Get().(*[bufferSize]byte)
	d.got, d.inErr = readSocket(fd, b[:])
	if d.got == 0 {
		readBuffers.Put(b)
		return
	}
	d.lent = b
}

func (d *direct) read(p []byte) (int, error) {
	d.in, d.got, d.inErr = p, 0, 0
	err := d.raw.Read(d.grab)
	d.in = nil
	switch {
	case err != nil:
		return 0, err
	case d.lead.out != nil:
		return 0, errLeadStuck
	case d.inErr != 0:
		return 0, os.NewSyscallError("read", d.inErr)
	case d.got == 0:
		return 0, io.EOF
	}
	return d.got, nil
}

// readNow is read that gives 0 rather than wait or fail.
func (d *direct) readNow(p []byte) int {
	d.nowait = true
	n, err := d.read(p)
	d.nowait = false
	if err != nil {
		return 0
	}
	return n
}

func (d *direct) write(p []byte) (int, error) {
	d.out, d.put, d.outErr = p, 0, 0
	err := d.raw.Write(d.give)
	d.out = nil
	if err == nil && d.outErr != 0 {
		err = os.NewSyscallError("write", d.outErr)
	}
	return d.put, err
}
