package http1

import (
	"errors"
	"io"
	"net/http"
	"sync"
)

// ReadyReader is a request body that can tell what is there from what must be
// waited for. ReadReady is Read, except that it gives (0, nil) instead of
// waiting. Transport sends a body that is ready together with the head, from
// the caller's goroutine; it starts a goroutine only for the others.
type ReadyReader interface {
	ReadReady(p []byte) (int, error)
}

// body is the body of one request. It is made anew for each, so that a
// goroutine that reads on after ServeHTTP returned gets an error rather than
// the next request's bytes. Its errors are *ClientError.
type body struct {
	c   *conn
	ctx *requestContext

	mu     sync.Mutex // held while reading
	dec    decoder
	closed bool
}

// Read implements io.Reader. The first one sends 100 Continue where the client
// waits for it.
func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	if !b.dec.done() {
		if err := b.c.res.sendContinue(); err != nil {
			return 0, err
		}
	}
	return b.result(b.dec.read(p))
}

// ReadReady implements ReadyReader. It does not send 100 Continue.
func (b *body) ReadReady(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := b.dec.readReady(p)
	if n == 0 && err == nil && !b.c.res.continuePending() {
		b.c.tryFill()
		n, err = b.dec.readReady(p)
	}
	return b.result(n, err)
}

func (b *body) result(n int, err error) (int, error) {
	if err == io.EOF {
		b.c.relax()
		b.ctx.bodyRead.Store(true)
		return n, err
	}
	if err != nil {
		if refusal, ok := err.(*Refusal); ok {
			b.c.srv.tell(refusal, b.c.client.remote)
		}
		err = clientError(err)
		b.dec.err = err
	}
	return n, err
}

// Close implements io.Closer: it ends reading, also a Read that waits in
// another goroutine.
func (b *body) Close() error {
	if !b.mu.TryLock() {
		b.c.stopRead()
		b.mu.Lock()
	}
	b.closed = true
	b.mu.Unlock()
	return nil
}

// leavesMuch reports that what is left of the body is, or may be, too much to
// read it only for the sake of the connection. b.mu is held, or nobody reads.
func (b *body) leavesMuch() bool {
	return !b.dec.done() && (b.dec.kind != lengthBody || b.dec.remain > drainBytes)
}

// unwanted reports leavesMuch at the moment an answer begins, as far as that
// can be told while another goroutine may be reading.
func (b *body) unwanted() bool {
	if !b.mu.TryLock() {
		return true
	}
	defer b.mu.Unlock()
	return !b.closed && b.leavesMuch()
}

// whole reports that the body was read to its end.
func (b *body) whole() bool {
	if !b.mu.TryLock() {
		return false
	}
	defer b.mu.Unlock()
	return b.dec.done()
}

func clientError(err error) error {
	var refusal *Refusal
	var already *ClientError
	switch {
	case errors.As(err, &already):
		return err
	case errors.As(err, &refusal):
		return &ClientError{Status: refusal.Status, Reason: refusal.Reason, Err: err}
	case err == errInterrupted:
		return http.ErrBodyReadAfterClose
	case isTimeout(err):
		return &ClientError{Status: http.StatusRequestTimeout, Reason: bodyTooSlow, Err: err}
	}
	return &ClientError{Status: statusClientClosed, Reason: "went away", Err: err}
}

// statusClientClosed is what logs call a request whose client went away.
const statusClientClosed = 499
