package http1

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// response is the http.ResponseWriter of a connection, used again for each
// request. It also implements http.Flusher, http.Hijacker, io.ReaderFrom,
// io.StringWriter and what http.ResponseController asks for.
//
// The head is written into the buffer when WriteHeader is called, so that the
// handler may let go of header values then; its framing is decided when the
// first bytes leave: a response that fits the buffer gets a Content-Length.
type response struct {
	c   *conn
	req *http.Request
	hdr http.Header
	buf *outBuffer

	status   int
	length   int64 // Content-Length of the handler, or -1
	written  int64 // content bytes accepted
	trailers []string
	until    time.Time     // the handler's own write deadline
	idle     time.Duration // in place of Limits.WriteTimeout, or 0
	err      error         // sticky

	wroteHeader, headSent, chunked, bodiless bool
	closeAfter, hijacked, isHead             bool

	continueMu sync.Mutex
	expects    bool // the request has Expect: 100-continue
	continued  bool // 100 was sent, or is no longer due; under continueMu
}

func (w *response) reset(req *http.Request, expects bool) {
	w.req, w.length, w.status, w.written = req, -1, 0, 0
	w.trailers, w.until, w.idle, w.err = nil, time.Time{}, 0, nil
	w.wroteHeader, w.headSent, w.chunked, w.bodiless, w.hijacked = false, false, false, false, false
	w.closeAfter = req.Close
	w.isHead = req.Method == http.MethodHead
	w.expects, w.continued = expects, !expects
	clear(w.hdr)
}

// release gives back what the response borrowed.
func (w *response) release() {
	if w.buf != nil {
		w.buf.giveBack()
		w.buf = nil
	}
	w.req = nil
	large := len(w.hdr) > 32
	clear(w.hdr) // its values may hold on to all that the handler knew
	poisonHeader(w.hdr)
	if large {
		w.hdr = http.Header{}
	}
}

// Header implements http.ResponseWriter.
func (w *response) Header() http.Header { return w.hdr }

// WriteHeader implements http.ResponseWriter. A 1xx other than 101 is sent at
// once with the fields set so far.
func (w *response) WriteHeader(status int) {
	if status < 100 || status > 999 {
		panic("http1: invalid status " + strconv.Itoa(status))
	}
	switch {
	case w.hijacked || w.wroteHeader:
	case status < 200 && status != http.StatusSwitchingProtocols:
		w.interim(status)
	default:
		w.begin(status)
	}
}

// WriteHead is WriteHeader with the fields of header, which the response does
// not keep, in place of its own.
func (w *response) WriteHead(status int, header http.Header) {
	own := w.hdr
	w.hdr = header
	w.WriteHeader(status)
	w.hdr = own
}

// Write implements http.ResponseWriter.
func (w *response) Write(p []byte) (int, error) {
	if err := w.accept(len(p)); err != nil || w.isHead {
		if err != nil {
			return 0, err
		}
		return len(p), nil
	}
	done := 0
	for {
		if w.buf == nil {
			w.buf = borrow()
		}
		n := copy(w.buf.free(), p[done:])
		w.buf.end += n
		done += n
		if done == len(p) {
			return done, nil
		}
		if len(p)-done > smallSize {
			if larger := w.buf.enlarged(w.c.buffers); larger != w.buf {
				w.buf = larger
				continue
			}
		}
		if err := w.flush(); err != nil {
			return done, err
		}
	}
}

// accept checks that n more content bytes may be written, and counts them.
func (w *response) accept(n int) error {
	if w.hijacked {
		return http.ErrHijacked
	}
	if !w.wroteHeader {
		w.begin(http.StatusOK)
	}
	switch {
	case w.err != nil:
		return w.err
	case n > 0 && w.bodiless:
		return http.ErrBodyNotAllowed
	case w.length >= 0 && w.written+int64(n) > w.length:
		return http.ErrContentLength
	}
	w.written += int64(n)
	return nil
}

// WriteString implements io.StringWriter.
func (w *response) WriteString(s string) (int, error) { return w.Write([]byte(s)) } //nolint:gocritic // this is the method it asks for

// Flush implements http.Flusher.
func (w *response) Flush() { _ = w.FlushError() }

// FlushError is Flush for http.ResponseController.
func (w *response) FlushError() error {
	if w.hijacked {
		return http.ErrHijacked
	}
	if !w.wroteHeader {
		w.begin(http.StatusOK)
	}
	if w.headSent && (w.buf == nil || w.buf.content() == 0) {
		return w.err
	}
	if err := w.flush(); err != nil {
		return err
	}
	w.buf.giveBack()
	w.buf = nil
	return nil
}

// flush sends what is pending.
func (w *response) flush() error { return w.sendPending(w.pending(false)) }

func (w *response) sendPending(out []byte) error {
	if len(out) > 0 {
		w.err = w.sendBytes(out)
	}
	return w.err
}

// pending frames what is in the buffer, where it stays until the next write;
// last ends the message.
func (w *response) pending(last bool) []byte {
	if w.err != nil {
		return nil
	}
	if w.buf == nil {
		w.buf = borrow()
	}
	var space [framingGap]byte
	var framing, tail []byte
	if !w.headSent {
		framing = w.framing(space[:0])
		w.headSent = true
	}
	if last && w.chunked {
		tail = []byte("0\r\n\r\n")
		if len(w.trailers) > 0 || w.hasPrefixed() {
			tail = appendTrailers([]byte("0\r\n"), w.hdr, w.trailers)
		}
	}
	out := w.buf.frame(framing, w.chunked, tail)
	w.buf.clear()
	return out
}

func (w *response) hasPrefixed() bool {
	for key := range w.hdr {
		if strings.HasPrefix(key, http.TrailerPrefix) {
			return true
		}
	}
	return false
}

func (w *response) sendBytes(p []byte) error {
	return w.transmit(func() error {
		_, err := w.c.send(p)
		return err
	})
}

// transmit runs a write under the deadline it is due and blames the client
// when it fails.
func (w *response) transmit(write func() error) error {
	w.allowTime()
	err := write()
	if err == nil {
		return nil
	}
	reason := "went away"
	if isTimeout(err) {
		reason = "reads too slowly"
	}
	if ctx := w.c.current.Load(); ctx != nil {
		ctx.cancel(ErrClientGone)
	}
	return &ClientError{Status: statusClientClosed, Reason: reason, Err: err}
}

// allowTime sets the deadline of the next write.
func (w *response) allowTime() {
	c := w.c
	now := c.srv.now().Add(tickLength) // it is late by up to a tick, and no client shall have less than its time
	switch {
	case !w.until.IsZero():
		c.patience, c.write.want = 0, w.until
	case w.idle > 0:
		c.writeWithin(now, w.idle, time.Time{})
	default:
		c.writeWithin(now, c.limits.WriteTimeout, time.Time{})
	}
}

// finish completes the message after the handler returned. An error means
// that the connection is of no further use. An answer of one piece may be left
// to the read of the next request, where nothing else is read before it.
func (w *response) finish(leave bool) error {
	if !w.wroteHeader {
		w.begin(http.StatusOK)
	}
	short := w.length >= 0 && w.written < w.length && !w.isHead && !w.bodiless
	if short && w.err == nil {
		_ = w.flush()
		w.err = io.ErrUnexpectedEOF
		return w.err
	}
	counted := !w.bodiless && (!w.isHead || w.written > 0)
	if !w.headSent && w.length < 0 && len(w.trailers) == 0 && !w.hasPrefixed() && counted {
		w.length = w.written
	}
	if w.headSent && !w.chunked && (w.buf == nil || w.buf.content() == 0) {
		return w.err
	}
	leave = leave && !w.headSent && w.c.canLeave()
	out := w.pending(true)
	if !leave || w.closeAfter || w.err != nil {
		return w.sendPending(out)
	}
	w.allowTime()
	w.c.leaveToRead(out, w.buf)
	w.buf = nil
	return nil
}

// abort ends the connection so that the client cannot take the answer for
// complete: a body that only the close would end is ended by a reset.
func (w *response) abort() {
	if w.headSent && !w.chunked && w.length < 0 && w.c.tcp != nil {
		_ = w.c.tcp.SetLinger(0)
	}
	w.c.nc.Close()
}

// Retract takes back an answer of which nothing has left yet, so that another
// can be written, and reports whether it could.
func (w *response) Retract() bool {
	if w.hijacked || w.headSent || w.err != nil {
		return false
	}
	if w.buf != nil {
		w.buf.giveBack()
		w.buf = nil
	}
	w.wroteHeader, w.chunked, w.bodiless, w.status = false, false, false, 0
	w.length, w.written, w.trailers = -1, 0, nil
	clear(w.hdr)
	return true
}

// Hijack implements http.Hijacker. The buffers hold what was received beyond
// the request; no deadline is armed.
func (w *response) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.hijacked {
		return nil, nil, http.ErrHijacked
	}
	if w.wroteHeader {
		if err := w.FlushError(); err != nil {
			return nil, nil, err
		}
	}
	w.hijacked = true
	w.c.background.stop(w.c, true)
	w.c.current.Store(nil)
	nc, rest := w.c.handOver()
	r := bufio.NewReaderSize(io.MultiReader(bytes.NewReader(rest), nc), max(len(rest), bufferSize))
	_, _ = r.Peek(len(rest))
	return nc, bufio.NewReadWriter(r, bufio.NewWriter(nc)), nil
}

// SetReadDeadline is for http.ResponseController. It holds for reads of the
// body that start later; zero means the default timeout again.
func (w *response) SetReadDeadline(t time.Time) error {
	if b := w.c.body; b != nil {
		b.mu.Lock()
		b.dec.until = t
		b.mu.Unlock()
	}
	return nil
}

// SetWriteDeadline is for http.ResponseController. It takes the place of
// Limits.WriteTimeout for this response; zero gives that back.
func (w *response) SetWriteDeadline(t time.Time) error {
	w.until = t
	return nil
}

// SetWriteIdle bounds how long this response may wait for the client to accept
// any bytes, in place of Limits.WriteTimeout; 0 gives that back.
func (w *response) SetWriteIdle(d time.Duration) { w.idle = d }

// EnableFullDuplex is for http.ResponseController; reading and writing at the
// same time is always possible.
func (w *response) EnableFullDuplex() error { return nil }
