package http1

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"sync"
	"sync/atomic"
	"time"
)

const (
	readyBytes   = 16 << 10    // of a body sent from the caller's goroutine
	continueWait = time.Second // for 100 Continue before the body is sent anyway, at most
)

// exchange is one request and its response on one connection. It walks
//
//	head written → (100) → body sent → interim* → head read → body read → end
//
// where the body may be sent by another goroutine (sender) at the same time.
// end is reached once: by an error, or when the response body is closed.
type exchange struct {
	t      *Transport
	limits *Limits
	c      *upstreamConn
	req    *http.Request
	ctx    context.Context
	start  time.Time
	reused bool

	asking  []byte     // the whole request, to be sent by receiveHead; nil when sent
	askBuf  *outBuffer // where it lies
	total   time.Time  // deadline of the whole exchange, or zero
	headBy  time.Time  // deadline of the response head, or zero
	wrote   atomic.Int64
	started bool
	keep    bool // the connection is whole after this exchange
	asked   bool // the request asks for an upgrade

	unwatch func() bool // takes back a context.AfterFunc, or nil
	sender  *sender
	body    respBody
	res     http.Response
}

// spare holds the memory of exchanges that are over.
var spare = sync.Pool{New: func() any { return new(exchange) }}

func newExchange(ctx context.Context) *exchange {
	l, ok := ctx.(Lender)
	if !ok {
		return new(exchange)
	}
	x := spare.Get().(*exchange)
	l.Lend(x)
	return x
}

// Release gives the memory to a later exchange, unless somebody may still end
// this one: a second Close would be the other's.
func (x *exchange) Release() {
	if !x.body.closed || x.sender != nil {
		return
	}
	*x = exchange{}
	if !poisoned {
		spare.Put(x)
	}
}

func (x *exchange) run() (*http.Response, error) {
	x.watch()
	x.c.writeWithin(x.start, x.limits.WriteTimeout, x.total)
	hold, err := x.sendHead(x.req.Header["Expect"] != nil && hasBody(x.req))
	if err != nil {
		return nil, err
	}
	if err := x.readHead(hold); err != nil {
		return nil, x.failure(PhaseHead, err)
	}
	return x.response()
}

// watch makes the context able to interrupt the exchange, and reads its
// deadlines.
func (x *exchange) watch() {
	x.total, _ = x.ctx.Deadline()
	x.headBy = x.total
	if h, ok := x.ctx.(HeadDeadliner); ok {
		if d := h.HeadDeadline(); !d.IsZero() && (x.headBy.IsZero() || d.Before(x.headBy)) {
			x.headBy = d
		}
	}
	if c, ok := x.ctx.(Cancellable); ok {
		c.Interrupts(x.c)
	} else if x.ctx.Done() != nil {
		x.unwatch = context.AfterFunc(x.ctx, x.c.Interrupt)
	}
}

// sendHead writes the head and as much of the body as is ready. What is left
// of the body goes to a sender. A body that expects 100 Continue is held back,
// unless it has begun to come unasked: then nobody waits for the 100
// (RFC 9110, 10.1.1).
func (x *exchange) sendHead(expects bool) (hold bool, _ error) {
	buf := borrow()
	defer func() {
		if x.asking == nil {
			buf.giveBack()
		}
	}()
	framing := requestFraming(x.req)
	x.asked = x.req.Header["Upgrade"] != nil
	buf.setHead(appendRequest(buf.b[:0], x.req, framing))
	if framing == noBody {
		closeBody(x.req)
		return false, x.writeWhole(buf, buf.frame(emptyFraming, false, nil))
	}
	s := &sender{x: x, kind: framing, rest: x.req.ContentLength, done: make(chan struct{})}
	complete, err := s.ready(&buf)
	if err != nil {
		return false, &RequestBodyError{err}
	}
	if expects && !complete && buf.content() == 0 {
		return true, x.write(buf.frame(emptyFraming, false, nil))
	}
	out := buf.frame(emptyFraming, framing == chunkedBody, s.tail(complete))
	if complete {
		if err := x.req.Body.Close(); err != nil {
			return false, err
		}
		return false, x.writeWhole(buf, out)
	}
	if err := x.write(out); err != nil {
		return false, err
	}
	x.sender = s
	go s.run()
	return false, nil
}

// emptyFraming is the framing of a head whose framing fields are in it.
var emptyFraming = []byte{}

// writeWhole leaves a whole request to the read that waits for its answer, where
// the connection can do that.
func (x *exchange) writeWhole(buf *outBuffer, p []byte) error {
	if x.c.direct == nil {
		return x.write(p)
	}
	x.asking, x.askBuf = p, buf
	return nil
}

// ask sends what writeWhole left and receives the first of the answer.
func (x *exchange) ask() error {
	p, buf := x.asking, x.askBuf
	x.asking, x.askBuf = nil, nil
	n, asked, err := x.c.ask(p, buf)
	x.wrote.Add(int64(n))
	if err != nil && !asked {
		return x.failure(PhaseWrite, err)
	}
	return err
}

func (x *exchange) write(p []byte) error {
	n, err := x.c.send(p)
	x.wrote.Add(int64(n))
	if err == nil {
		return nil
	}
	return x.failure(PhaseWrite, err)
}

// readHead reads responses until the final one, which it leaves in c.scan and
// x.res.
func (x *exchange) readHead(hold bool) error {
	for interim := 0; ; interim++ {
		n, err := x.receiveHead(hold)
		if err == errHeldEnough {
			hold = false
			x.release()
			n, err = x.receiveHead(false)
		}
		if err != nil {
			return err
		}
		if err := x.parse(n); err != nil {
			return err
		}
		status := x.res.StatusCode
		if status >= 200 || status == http.StatusSwitchingProtocols {
			if hold {
				closeBody(x.req) // a final answer: the body is not wanted
				x.keep = false
			}
			return nil
		}
		if interim >= x.limits.Interim {
			return &ProtocolError{"too many interim responses"}
		}
		if status == http.StatusContinue {
			if !hold {
				continue // nobody waits for it
			}
			hold = false
			x.release()
		}
		if err := x.deliver(status); err != nil {
			return err
		}
	}
}

// errHeldEnough says that no 100 Continue came in time.
var errHeldEnough = errors.New("no 100 continue in time")

// receiveHead waits for one whole head and gives its length.
func (x *exchange) receiveHead(hold bool) (int, error) {
	c := x.c
	c.scan.reset(x.limits)
	c.read.want = x.headBy
	if hold { // and what the endpoint has is for its answer too
		now := time.Now()
		c.read.want = now.Add(continueWait)
		if !x.headBy.IsZero() {
			c.read.want = earlier(c.read.want, now.Add(x.headBy.Sub(now)/2))
		}
	}
	for {
		if c.buffered() > 0 {
			x.started = true
			n, refusal := c.scan.scan(c.buf[c.r:c.w])
			if refusal != nil {
				return 0, &ProtocolError{refusal.Reason}
			}
			if n > 0 {
				return n, nil
			}
		}
		err := x.fill()
		switch {
		case err == nil:
		case hold && isTimeout(err):
			return 0, errHeldEnough
		default:
			return 0, err
		}
	}
}

func (x *exchange) fill() error {
	if x.asking != nil {
		return x.ask()
	}
	return x.c.fill(x.limits.HeadBytes)
}

// release starts sending the body that was held back.
func (x *exchange) release() {
	framing := requestFraming(x.req)
	x.sender = &sender{x: x, kind: framing, rest: x.req.ContentLength, done: make(chan struct{})}
	go x.sender.run()
}

// deliver hands an interim response to whoever listens.
func (x *exchange) deliver(status int) error {
	if r, ok := x.ctx.(InterimReceiver); ok {
		return r.Interim(status, x.c.hdr)
	}
	trace := httptrace.ContextClientTrace(x.ctx)
	if trace == nil || trace.Got1xxResponse == nil {
		return nil
	}
	return trace.Got1xxResponse(status, textproto.MIMEHeader(x.c.hdr.Clone()))
}

// failure gives err its type and blame. A typed error stays what it is.
func (x *exchange) failure(phase Phase, err error) error {
	var own *Error
	var protocol *ProtocolError
	var body *RequestBodyError
	if errors.As(err, &own) || errors.As(err, &protocol) || errors.As(err, &body) {
		return err
	}
	if x.sender != nil {
		ofBody, cause := x.sender.failed()
		if ofBody {
			return &RequestBodyError{cause}
		}
		if cause != nil && err == errInterrupted {
			phase, err = PhaseWrite, cause
		}
	}
	e := &Error{Phase: phase, Reused: x.reused, Wrote: x.wrote.Load(), Started: x.started, Err: err}
	switch {
	case x.ctx.Err() != nil:
		e.Err = context.Cause(x.ctx)
		e.Timeout = errors.Is(e.Err, context.DeadlineExceeded)
	case isTimeout(err):
		e.Timeout = true
		if !x.total.IsZero() && !time.Now().Before(x.total) {
			e.Err = context.DeadlineExceeded
		}
	case phase == PhaseBody || x.started:
		e.Err = cutShort(err)
	}
	if e.Timeout && x.sender != nil && x.sender.awaits.Load() {
		// The endpoint may be waiting for the body as we are.
		return &RequestBodyError{&ClientError{Status: http.StatusRequestTimeout, Reason: bodyTooSlow, Err: e}}
	}
	return e
}

// end takes the connection back; whole says that it stands at a message
// boundary.
func (x *exchange) end(whole bool) {
	c := x.c
	if x.unwatch != nil {
		whole = x.unwatch() && whole
	} else if w, ok := x.ctx.(Cancellable); ok {
		w.Interrupts(nil)
	}
	if x.sender != nil && !x.sender.ended(whole) {
		x.stopSender()
		whole = false
	}
	c.headerStore.expire()
	if !whole || c.buffered() > 0 || c.readStopped.Load() || c.writeStopped.Load() {
		x.t.pool.discard(c)
		return
	}
	c.relax()
	x.t.pool.put(c, x.start)
}

func (x *exchange) stopSender() {
	if x.sender != nil {
		x.sender.stop()
	}
}
