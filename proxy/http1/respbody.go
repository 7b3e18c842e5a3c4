package http1

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// respBody is the body of one response. Its errors are *Error (phase body),
// *ProtocolError or *RequestBodyError. Not safe for concurrent use.
type respBody struct {
	x      *exchange
	dec    decoder
	closed bool
}

// Read implements io.Reader.
func (b *respBody) Read(p []byte) (int, error) {
	if b.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := b.dec.read(p)
	if err == nil || err == io.EOF {
		return n, err
	}
	return n, b.fail(err)
}

// fail gives err its type and makes it the last word of this body.
func (b *respBody) fail(err error) error {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		err = &ProtocolError{refusal.Reason}
	}
	b.dec.err = b.x.failure(PhaseBody, err)
	b.x.sender.raise()
	return b.dec.err
}

// WriteTo implements io.WriterTo, so that io.Copy takes the path of
// response.ReadFrom.
func (b *respBody) WriteTo(w io.Writer) (int64, error) {
	if r, ok := w.(io.ReaderFrom); ok {
		return r.ReadFrom(b)
	}
	buf := borrowBig(b.x.t.Buffers)
	defer buf.giveBack()
	return io.CopyBuffer(w, readerFunc(b.Read), buf.b)
}

// Close implements io.Closer. It must be called once the body is not needed;
// more calls do nothing.
func (b *respBody) Close() error {
	if b.closed {
		return nil
	}
	b.closed = true
	whole := b.x.keep
	if whole && !b.dec.done() {
		whole = b.dec.err == nil && b.dec.skipBuffered()
	}
	b.x.end(whole)
	b.x.sender.raise()
	return nil
}

// Ready reports that Read would not wait.
func (b *respBody) Ready() bool {
	if b.dec.kind == chunkedBody {
		return b.dec.ready()
	}
	return b.dec.done() || b.dec.w.buffered() > 0
}

// Await waits until Read would not, but no longer than patience, and holds no
// buffer while nothing has arrived. A body in chunks may need more than what
// has arrived. The wait is a deadline that is armed like any other: answers
// that come one after the other share it.
func (b *respBody) Await(patience time.Duration) error {
	if b.closed || b.dec.kind == chunkedBody || b.Ready() {
		return nil
	}
	w := b.dec.w
	b.dec.setDeadline()
	last := w.read.want
	w.read.want = earlier(time.Now().Add(patience), last)
	ours := w.read.want.Before(last)
	err := w.fill(bufferSize)
	w.read.want = last
	if err == nil || ours && isTimeout(err) {
		return nil
	}
	return b.fail(cutShort(err))
}

// upgraded hands the connection over: it is no longer ours to count, to time
// or to interrupt.
func (x *exchange) upgraded() *http.Response {
	if x.unwatch != nil {
		x.unwatch()
	} else if w, ok := x.ctx.(Cancellable); ok {
		w.Interrupts(nil)
	}
	nc, rest := x.c.handOver()
	res := x.res
	res.Header = x.c.hdr.Clone()
	res.ContentLength = 0
	res.Body = &tunnel{nc: nc, rest: rest, x: x}
	return &res
}

// tunnel is the body of a 101 response: the connection, with the bytes
// received early first. One goroutine may read while another writes.
type tunnel struct {
	nc     net.Conn
	rest   []byte
	x      *exchange
	closed atomic.Bool
}

// Read implements io.Reader.
func (t *tunnel) Read(p []byte) (int, error) {
	if len(t.rest) > 0 {
		n := copy(p, t.rest)
		t.rest = t.rest[n:]
		return n, nil
	}
	return t.nc.Read(p)
}

// Arrivals gives a function that waits until r has something to read or has
// ended, and needs no buffer for that; r is a connection, or the body of a 101
// response. Where the kernel cannot be asked it returns at once. One goroutine
// may use it.
func Arrivals(r io.Reader) func() error {
	t, upgraded := r.(*tunnel)
	if upgraded {
		r = t.nc
	}
	tcp, ok := r.(*net.TCPConn)
	if !ok || !canPeek {
		return func() error { return nil }
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return func() error { return err }
	}
	state := quiet
	look := func(fd uintptr) bool {
		state = peekSocket(fd)
		return state != quiet
	}
	return func() error {
		if upgraded && len(t.rest) > 0 {
			return nil
		}
		if err := raw.Read(look); err != nil || state != broken {
			return err
		}
		return os.NewSyscallError("read", syscall.ECONNRESET)
	}
}

// Write implements io.Writer.
func (t *tunnel) Write(p []byte) (int, error) { return t.nc.Write(p) }

// CloseWrite ends our direction, where the connection can.
func (t *tunnel) CloseWrite() error { return t.x.c.closeWrite() }

// SetDeadline bounds reads and writes, like net.Conn's.
func (t *tunnel) SetDeadline(d time.Time) error { return t.nc.SetDeadline(d) }

// Close closes the connection; more calls do nothing.
func (t *tunnel) Close() error {
	if !t.closed.Swap(true) {
		t.x.t.pool.discard(t.x.c)
	}
	return nil
}
