package http1

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"syscall"
)

// ReadFrom implements io.ReaderFrom. What src gives is sent as it comes; what
// is at hand when src ends leaves with the end of the message, so that a small
// answer takes one write; a src that has Ready() bool is read on while it says
// that Read would not wait. Errors of src are given as they are, those of the
// client as *ClientError.
func (w *response) ReadFrom(src io.Reader) (total int64, err error) {
	if err := w.accept(0); err != nil {
		return 0, err
	}
	if w.isHead || w.bodiless {
		return io.Copy(writerOnly{w}, src)
	}
	upstream, _ := src.(*respBody)
	ready, _ := src.(interface{ Ready() bool })
	for copying := false; ; {
		if w.buf == nil {
			w.buf = borrow()
		}
		if !copying && w.canSplice(upstream) {
			n, err := w.splice(upstream)
			total += n
			if err != errNoSplice {
				return total, err
			}
			copying = true
		}
		if w.needsMore(total) {
			w.buf = w.buf.enlarged(w.c.buffers)
		}
		n, err := src.Read(w.buf.free())
		if n > 0 {
			if refused := w.accept(n); refused != nil {
				return total, refused
			}
			total += int64(n)
			w.buf.end += n
		}
		if err == io.EOF {
			return total, nil
		}
		waits := (ready == nil || !ready.Ready()) && w.written != w.length
		if n > 0 && (waits || len(w.buf.free()) == 0) {
			if failed := w.flush(); failed != nil {
				return total, failed
			}
		}
		if err != nil {
			return total, err
		}
	}
}

// needsMore reports that the buffer is too small for what is still to come,
// total bytes of it having been copied.
func (w *response) needsMore(total int64) bool {
	if w.length >= 0 {
		return w.length-w.written > int64(len(w.buf.free()))
	}
	return total > 0
}

type writerOnly struct{ w http.ResponseWriter }

func (w writerOnly) Write(p []byte) (int, error) { return w.w.Write(p) }

const (
	spliceMin  = 64 << 10  // rests of bodies worth a pipe
	spliceStep = 256 << 10 // what a pipe holds
	maxPipes   = 32        // open at once; more bodies are copied
)

// pipe is where bytes stay inside the kernel between two sockets.
type pipe struct {
	ends [2]int
	want int // bytes to read into it
	held int
}

// pipes counts those in use and keeps a few for reuse.
var pipes struct {
	mu   sync.Mutex
	used int
	free []*pipe
}

// openPipe gives nil when there are too many, or none can be had.
func openPipe() *pipe {
	pipes.mu.Lock()
	defer pipes.mu.Unlock()
	if pipes.used >= maxPipes {
		return nil
	}
	if n := len(pipes.free); n > 0 {
		p := pipes.free[n-1]
		pipes.free = pipes.free[:n-1]
		pipes.used++
		return p
	}
	ends, err := newPipe(spliceStep)
	if err != nil {
		return nil
	}
	pipes.used++
	return &pipe{ends: ends}
}

func (p *pipe) giveBack() {
	pipes.mu.Lock()
	defer pipes.mu.Unlock()
	pipes.used--
	if p.held > 0 || len(pipes.free) >= maxPipes/4 {
		closePipe(p.ends)
		return
	}
	pipes.free = append(pipes.free, p)
}

// canSplice reports that all that is left is a long body of known length
// between two sockets, with nothing pending in our buffers.
func (w *response) canSplice(b *respBody) bool {
	return canSplice && b != nil && w.headSent && w.buf.content() == 0 && b.x.c.direct != nil && w.c.direct != nil &&
		b.dec.kind == lengthBody && b.dec.remain >= spliceMin && b.dec.remain == w.length-w.written && b.x.c.buffered() == 0
}

// errNoSplice says that there is no pipe, or that these sockets cannot use it.
var errNoSplice = errors.New("no splice")

// splice moves the rest of the body from socket to socket without a copy
// through our memory.
func (w *response) splice(b *respBody) (total int64, err error) {
	p := openPipe()
	if p == nil {
		return 0, errNoSplice
	}
	defer p.giveBack()
	for b.dec.remain > 0 {
		n, err := b.moveInto(p)
		if err != nil {
			return total, err
		}
		w.written += int64(n)
		total += int64(n)
		if w.err = w.transmit(func() error { return w.c.drain(p) }); w.err != nil {
			return total, w.err
		}
	}
	return total, nil
}

// moveInto moves what has arrived of the body into an empty pipe.
func (b *respBody) moveInto(p *pipe) (int, error) {
	c := b.x.c
	b.dec.setDeadline()
	p.want = int(min(b.dec.remain, spliceStep))
	c.direct.fill = p
	n, err := c.receive(nil)
	c.direct.fill = nil
	if errors.Is(err, syscall.EINVAL) {
		return 0, errNoSplice
	}
	if err != nil {
		return 0, b.fail(cutShort(err))
	}
	p.held += n
	b.dec.remain -= int64(n)
	return n, nil
}

// drain sends what is in the pipe until write.want.
func (w *wire) drain(p *pipe) error {
	if err := w.beginWrite(); err != nil {
		return err
	}
	for {
		w.direct.drain = p
		_, err := w.direct.write(nil)
		w.direct.drain = nil
		if err == nil && p.held == 0 {
			return nil
		}
		if err := w.writeAgain(err); err != nil {
			return err
		}
	}
}
