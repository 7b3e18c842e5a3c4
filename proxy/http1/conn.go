package http1

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	refusalTime = 2 * time.Second        // for a client to take a refusal
	lingerTime  = 500 * time.Millisecond // for the client to see an answer before a reset
	lingerBytes = 256 << 10
	drainBytes  = 64 << 10 // a body rest this small is read to keep the connection
)

// conn is one client connection. Its goroutine walks
//
//	idle → head → handler → finish → idle …  and at last → closed
//
// and owns everything here but what is marked otherwise.
type conn struct {
	wire
	srv    *Server
	limits *Limits // of the request at hand
	client clientInfo
	tls    *tls.ConnectionState

	scan   headScan
	fields fields
	headerStore
	url  url.URL
	tmpl http.Request
	res  response
	body *body

	// current is the request at hand. Behind an answer that was left to the
	// read of the next request it stays until the monitor has asked the kernel
	// whether more came before that read: it would not be woken by it.
	current    atomic.Pointer[requestContext]
	ahead      atomic.Bool // the client sent something before it had its answer
	background background  // started by the monitor

	served  bool  // at least one request
	waiting bool  // for the first byte of a request
	round   int64 // srv.idleRound when that wait began
	graced  bool
}

func newConn(s *Server, nc net.Conn, received []byte) *conn {
	c := &conn{srv: s, limits: s.limits(), headerStore: newHeaderStore()}
	c.wire.init(nc)
	c.buffers = s.Buffers
	if len(received) > 0 && c.makeRoom(bufferSize) == nil {
		c.w = copy(c.buf, received)
	}
	c.giveUp = c.stopsWaiting
	c.client.local = nc.LocalAddr()
	if remote := nc.RemoteAddr(); remote != nil {
		c.client.remote = remote.String()
	}
	c.res.c, c.res.hdr = c, http.Header{}
	return c
}

func (c *conn) serve() {
	defer c.srv.remove(c)
	defer c.settle()
	defer c.survive()
	if t, ok := c.nc.(*tls.Conn); ok {
		ctx, cancel := context.WithTimeout(context.Background(), c.limits.HeaderTimeout)
		err := t.HandshakeContext(ctx)
		cancel()
		if err != nil {
			c.nc.Close()
			return
		}
		state := t.ConnectionState()
		c.tls = &state
	}
	for {
		n, refusal, err := c.readHead()
		if err == nil && refusal == nil {
			refusal = c.parse(n)
		}
		if refusal != nil {
			c.refuse(refusal)
		}
		if err != nil || refusal != nil {
			c.nc.Close()
			return
		}
		if again := c.exchange(); !again {
			if !c.res.hijacked {
				c.nc.Close()
			}
			return
		}
		c.served = true
	}
}

// readHead waits for a head and gives its length in the buffer. An error ends
// the connection without an answer.
func (c *conn) readHead() (int, *Refusal, error) {
	limits := c.srv.limits()
	c.limits = limits
	c.scan.reset(limits)
	c.read.want = c.srv.now().Add(limits.IdleTimeout)
	c.waiting, c.round = true, c.srv.idleRound.Load()
	if c.srv.stopping.Load() {
		if err := c.sendLead(); err != nil || c.buffered() == 0 && c.stopsWaiting() {
			return 0, nil, errInterrupted
		}
	}
	begun := false
	for {
		if c.buffered() > 0 {
			n, refusal := c.scan.scan(c.buf[c.r:c.w])
			c.waiting = refusal == nil && n == 0 && c.scan.blank(c.buf[c.r:c.w])
			if refusal != nil {
				return 0, refusal.see(c.buf[c.r:c.w]), nil
			}
			if n > 0 {
				return n, nil, nil
			}
			if !begun && !c.waiting {
				begun = true
				c.read.want = time.Now().Add(limits.HeaderTimeout)
			}
		}
		if err := c.next(limits.HeadBytes); err != nil {
			switch {
			case err == errNoBuffers:
				return 0, refuse(http.StatusServiceUnavailable, "no buffer left for so large a head", c.buffered()), nil
			case begun && isTimeout(err):
				return 0, refuse(http.StatusRequestTimeout, "head too slow", c.buffered()), nil
			}
			return 0, nil, err
		}
	}
}

// parse makes the head of n bytes a request in c.tmpl. It is not inlined, nor
// is exchange: a connection that waits stands on the frame of serve, and with
// theirs in it thousands of stacks would be twice as large.
//
//go:noinline
func (c *conn) parse(n int) *Refusal {
	head := string(c.buf[c.r : c.r+n])
	line := &c.scan.request
	method, target := head[line.method:line.methodEnd], head[line.target:line.targetEnd]
	c.headerStore.reset()
	c.fields = fields{}
	c.fields.collect(head, c.scan.spans, &c.headerStore, false)
	kind, length, refusal := c.fields.setFraming(line.minor)
	if refusal != nil {
		return refusal
	}
	if c.fields.hosts == 0 && line.minor > 0 {
		return refuse(400, "host missing", 0)
	}
	host, refusal := setTarget(&c.url, method, target, &c.fields)
	if refusal != nil {
		return refusal
	}
	if refusal := c.checkMethod(method, kind); refusal != nil {
		return refusal
	}
	expects := c.fields.expects > 0
	switch {
	case expects && line.minor == 0: // such a client cannot read what it asks for (RFC 9110, 10.1.1)
		delete(c.hdr, "Expect")
		expects = false
	case expects && (c.fields.expects > 1 || !sameToken(c.fields.expect, "100-continue")):
		return refuse(http.StatusExpectationFailed, "expectation unknown", c.fields.expectAt)
	}
	if kind == lengthBody && c.fields.length[0] == '0' {
		c.hdr["Content-Length"][0] = strconv.FormatInt(length, 10)
	}
	// Only now may the bytes go: until here they were evidence.
	poisonBytes(c.buf[c.r : c.r+n])
	c.r += n
	c.relax()

	c.tmpl = http.Request{}
	req := &c.tmpl
	req.Method, req.URL, req.RequestURI, req.Host = method, &c.url, target, host
	req.Proto, req.ProtoMajor, req.ProtoMinor = "HTTP/1.1", 1, line.minor
	if line.minor == 0 {
		req.Proto = "HTTP/1.0"
	}
	req.Header, req.Body, req.ContentLength = c.hdr, http.NoBody, length
	req.RemoteAddr, req.TLS = c.client.remote, c.tls
	// An absolute target is for a proxy, and those keep no connection of
	// HTTP/1.0 (RFC 9112, 9.3).
	c.tmpl.Close = c.fields.close || line.minor == 0 && (!c.fields.keepAlive || c.url.Scheme != "")
	c.body = nil
	if kind != noBody {
		c.body = &body{c: c, dec: decoder{w: &c.wire, limits: c.limits, kind: kind, remain: max(length, 0)}}
		c.tmpl.Body = c.body
	}
	if kind == chunkedBody {
		c.tmpl.TransferEncoding = chunkedCoding
		c.tmpl.Trailer = announced(c.hdr)
		c.body.dec.trailer, c.body.dec.nominated = c.tmpl.Trailer, c.fields.nominated
	}
	c.res.reset(&c.tmpl, expects && kind != noBody)
	return nil
}

func (c *conn) checkMethod(method string, kind bodyKind) *Refusal {
	switch {
	case method == http.MethodConnect && !c.srv.AllowConnect:
		return refuse(http.StatusMethodNotAllowed, "method CONNECT not allowed", 0)
	case method == http.MethodTrace && kind != noBody:
		return refuse(http.StatusBadRequest, "content in TRACE", 0) // RFC 9110, 9.3.8
	}
	return nil
}

var chunkedCoding = []string{"chunked"}

// exchange runs the handler on the parsed request and says whether the
// connection may carry another.
//
//go:noinline
func (c *conn) exchange() bool {
	ctx := &requestContext{client: &c.client, born: c.srv.clock.Load()}
	if c.body != nil {
		c.body.ctx = ctx
	} else {
		ctx.bodyRead.Store(true)
	}
	c.current.Store(ctx)
	completed := c.call(c.request(ctx))
	ctx.cancel(context.Canceled)
	if c.peeker == nil {
		c.background.stop(c, false)
	}
	res := &c.res
	if res.hijacked {
		return false
	}
	defer ctx.release()
	if !completed {
		res.abort()
		c.release()
		return false
	}
	rest := c.settleBody()
	err := res.finish(!rest)
	again := err == nil && !res.closeAfter
	if again && rest {
		again = c.drainBody()
		rest = !again
	}
	// An answer that its handler left short is cut, but what there is of it
	// shall arrive.
	if !again && (err == nil || err == io.ErrUnexpectedEOF) && (rest || c.buffered() > 0) {
		c.linger()
	}
	c.release()
	return again
}

// call gives false when the handler panicked.
func (c *conn) call(req *http.Request) (completed bool) {
	defer func() {
		if completed {
			return
		}
		// A nil reason is runtime.Goexit: it ends this goroutine, the
		// connection must not stay open behind it.
		reason := recover()
		if reason == nil {
			c.res.abort()
			return
		}
		if err, ok := reason.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
			c.srv.Log.Error("handler panicked", "panic", reason, "stack", string(debug.Stack()))
		}
	}()
	c.srv.Handler.ServeHTTP(&c.res, req)
	return true
}

// survive ends no more than the connection when something beside the handler
// panicked.
func (c *conn) survive() {
	if reason := recover(); reason != nil {
		c.srv.Log.Error("connection panicked", "panic", reason, "stack", string(debug.Stack()))
		c.nc.Close()
		c.res.release()
	}
}

// release ends the life of everything lent to the handler.
func (c *conn) release() {
	c.res.release()
	c.headerStore.expire()
	c.tmpl = http.Request{} // one by one: together they would pass through the stack of every exchange
	c.url = url.URL{}
	c.fields = fields{}
	c.body = nil
	if !c.owes() {
		c.current.Store(nil)
	}
	c.settle()
}

// settleBody takes the body away from the handler and decides what becomes of
// its rest before the head of the answer must say so. It reports a rest.
func (c *conn) settleBody() bool {
	b := c.body
	if b == nil {
		return false
	}
	_ = b.Close()
	switch {
	case c.readStopped.Load() || b.dec.err != nil && b.dec.err != io.EOF:
		c.res.closeAfter = true
	case b.dec.done() || !c.res.continuePending() && b.dec.skipBuffered():
		return false
	case c.res.continuePending() || b.leavesMuch():
		c.res.closeAfter = true
	}
	return true
}

// drainBody reads the small rest of a body nobody wanted, after the answer.
func (c *conn) drainBody() bool {
	dec := &c.body.dec
	dec.until = time.Now().Add(lingerTime)
	_, err := io.CopyN(io.Discard, readerFunc(dec.read), drainBytes)
	return err == io.EOF
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// refuse answers a request that was not understood and lets the client see
// the answer; the caller closes.
func (c *conn) refuse(r *Refusal) {
	c.srv.tell(r, c.client.remote)
	method := http.MethodGet
	if bytes.HasPrefix(bytes.TrimPrefix(c.buf[c.r:c.w], []byte("\r\n")), []byte("HEAD ")) {
		method = http.MethodHead
	}
	c.tmpl = http.Request{Method: method, ProtoMajor: 1, ProtoMinor: 1, Close: true}
	c.res.reset(&c.tmpl, false)
	c.res.idle = refusalTime
	if c.srv.OnRefuse != nil {
		c.srv.OnRefuse(&c.res, r)
	} else {
		if r.Status == http.StatusMethodNotAllowed {
			c.res.hdr.Set("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
		}
		c.res.hdr.Set("Content-Type", "text/plain; charset=utf-8")
		c.res.WriteHeader(r.Status)
		_, _ = c.res.WriteString(r.Reason + "\n")
	}
	if c.res.finish(false) == nil {
		c.linger()
	}
	c.res.release()
}

// linger keeps the connection half open, so that bytes still coming do not
// reset it before the client has read the answer (RFC 9112, 9.6).
func (c *conn) linger() {
	if c.closeWrite() != nil {
		return
	}
	end := time.Now().Add(lingerTime)
	c.nc.SetReadDeadline(end)
	scratch := borrow()
	defer scratch.giveBack()
	for rest := lingerBytes; rest > 0; {
		n, err := c.nc.Read(scratch.b)
		rest -= n
		if err != nil {
			return
		}
	}
	time.Sleep(time.Until(end)) // reading on would serve a client that never stops sending
}
