package http1

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// sender sends a request body while the response may already be coming. It
// runs as a goroutine only for a body that was not ready as a whole.
type sender struct {
	x       *exchange
	kind    bodyKind
	rest    int64 // of a body with a length
	flowing bool  // much of the body came with the head
	stopped atomic.Bool
	awaits  atomic.Bool // the body's next piece is awaited, and not the endpoint
	atLast  atomic.Bool // what is being written is the end of the body
	done    chan struct{}
	err     error // of the body; like connErr set before done is closed
	connErr error // of the connection
	// panicked is what the body panicked with, and where; or "".
	panicked string
}

// ready puts what the body has ready behind the head in *buf and reports
// whether that was all of it.
func (s *sender) ready(buf **outBuffer) (complete bool, err error) {
	body, ok := s.x.req.Body.(ReadyReader)
	if !ok {
		return false, nil
	}
	for {
		if len((*buf).free()) == 0 {
			if *buf = (*buf).enlarged(s.x.t.Buffers); len((*buf).free()) == 0 {
				return false, nil
			}
		}
		n, err := body.ReadReady((*buf).free())
		if overrun := s.count(n); overrun != nil {
			return false, overrun
		}
		(*buf).end += n
		switch {
		case err == io.EOF:
			return true, s.complete()
		case err != nil:
			return false, err
		case n == 0 || (*buf).content() > readyBytes:
			s.flowing = (*buf).content() > smallSize/2
			return false, nil
		}
	}
}

var (
	errBodyLong  = errors.New("longer than its content-length")
	errBodyShort = errors.New("shorter than its content-length")
)

func (s *sender) count(n int) error {
	if s.kind != lengthBody {
		return nil
	}
	s.rest -= int64(n)
	if s.rest < 0 {
		return errBodyLong
	}
	return nil
}

func (s *sender) complete() error {
	if s.kind == lengthBody && s.rest > 0 {
		return errBodyShort
	}
	return nil
}

// tail is what ends a chunked message.
func (s *sender) tail(last bool) []byte {
	if !last || s.kind != chunkedBody {
		return nil
	}
	b := []byte("0\r\n")
	for name, values := range s.x.req.Trailer {
		if !isToken(name) || forbiddenTrailer[name] {
			continue
		}
		for _, value := range values {
			b = appendField(b, name, value)
		}
	}
	return append(b, "\r\n"...)
}

func (s *sender) run() {
	err := s.survive()
	if s.stopped.Load() {
		err = nil
	}
	s.err = err
	close(s.done)
	if err != nil || s.connErr != nil && isTimeout(s.connErr) {
		s.x.c.stopRead() // the response to half a request is of no use
	}
}

var errBodyPanic = errors.New("its body panicked")

// survive sends the body. A panic of it would end the process here; it is
// raised again by the goroutine that serves the request.
func (s *sender) survive() (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			s.panicked = fmt.Sprintf("%v, while a request body was sent\n%s", reason, debug.Stack())
			err = errBodyPanic
		}
	}()
	err = s.sendAll()
	s.x.req.Body.Close()
	return err
}

// raise panics with what the body panicked with.
func (s *sender) raise() {
	if s != nil && s.finished() && s.panicked != "" {
		panic(s.panicked)
	}
}

// sendAll gives the errors of the body; those of the connection show when the
// response is read.
func (s *sender) sendAll() error {
	buf := borrow() // a client that is slow holds no more while it is waited for
	if s.flowing {
		buf = s.fitting(buf, smallSize, true)
	}
	defer func() { buf.giveBack() }()
	for {
		s.awaits.Store(true)
		space := buf.free()
		n, err := s.x.req.Body.Read(space)
		s.awaits.Store(false)
		if overrun := s.count(n); overrun != nil {
			return overrun
		}
		buf.end += n
		last := err == io.EOF
		if err != nil && !last {
			return err
		}
		if last {
			if err := s.complete(); err != nil {
				return err
			}
		}
		if s.stopped.Load() {
			return nil
		}
		out := buf.frame(nil, s.kind == chunkedBody, s.tail(last))
		full := n == len(space)
		buf.clear()
		s.atLast.Store(last)
		if len(out) > 0 && !s.write(out) {
			return nil
		}
		if last {
			return nil
		}
		buf = s.fitting(buf, n, full)
	}
}

// fitting is the buffer for the next piece of the body: a big one after a piece
// that filled what there was, an ordinary one after one that was next to nothing.
func (s *sender) fitting(buf *outBuffer, n int, full bool) *outBuffer {
	big := cap(buf.b) >= bigSize
	switch {
	case !big && full:
		buf.giveBack()
		return borrowBig(s.x.t.Buffers)
	case big && n < smallSize/8:
		buf.giveBack()
		return borrow()
	}
	return buf
}

func (s *sender) write(p []byte) bool {
	c := s.x.c
	idle := s.x.limits.WriteTimeout
	if b, ok := s.x.ctx.(BodyIdler); ok && b.BodyIdle() > 0 {
		idle = b.BodyIdle()
	}
	total, _ := s.x.ctx.Deadline()
	c.writeWithin(time.Now(), idle, total)
	n, err := c.send(p)
	s.x.wrote.Add(int64(n))
	s.connErr = err
	return err == nil
}

// stop makes the sender end soon, whatever it waits for.
func (s *sender) stop() {
	s.stopped.Store(true)
	s.x.c.stopWrite()
	s.x.req.Body.Close()
}

// ended is finished, but for a whole answer that overtakes the return of the
// last write by a moment: that moment is waited for.
func (s *sender) ended(whole bool) bool {
	if s.finished() || !whole || !s.atLast.Load() {
		return s.finished()
	}
	moment := time.NewTimer(lastMoment)
	defer moment.Stop()
	select {
	case <-s.done:
		return true
	case <-moment.C:
		return false
	}
}

// lastMoment bounds that wait; an endpoint that answered has nearly always
// taken the last bytes.
const lastMoment = 100 * time.Millisecond

func (s *sender) finished() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// failed tells whether it was the body that ended sending, and the error.
func (s *sender) failed() (ofBody bool, err error) {
	if !s.finished() {
		return false, nil
	}
	if s.err != nil {
		return true, s.err
	}
	return false, s.connErr
}
