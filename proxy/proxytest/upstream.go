package proxytest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
)

// Upstream is a service that answers by a script: its n-th request, over all connections, meets the n-th step; the last step goes
// on for ever. Without steps it answers 200. It is safe for concurrent use.
type Upstream struct {
	t        testing.TB
	listener net.Listener // nil in memory
	running  sync.WaitGroup

	mu       sync.Mutex
	steps    []Step
	requests []*Request
	conns    []*Conn
	closed   bool
}

// Step answers one request. When it returns, the connection waits for the next request, unless the step closed it.
type Step func(c *Conn, r *Request)

// Request is one that arrived, with its head complete.
type Request struct {
	*http.Request
	// Head is the head as it was on the wire.
	Head string
	// Conn counts the connections of its upstream, from 1.
	Conn int

	mu       sync.Mutex
	body     []byte
	complete bool
}

// Take reads the rest of the body. It reports whether the body came to its end.
func (r *Request) Take() (body string, complete bool) {
	b, err := io.ReadAll(r.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.body, r.complete = append(r.body, b...), err == nil
	return string(r.body), r.complete
}

// Taken is what Take has read so far, and whether the request was seen whole.
func (r *Request) Taken() (body string, complete bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return string(r.body), r.complete
}

// Conn is one connection to a scripted upstream.
type Conn struct {
	net.Conn
	R *bufio.Reader

	recorder *recorder
	number   int
	reset    func()
}

// Reset ends the connection with a reset.
func (c *Conn) Reset() { c.reset() }

// Send writes raw bytes; that nobody reads them is no failure of a script.
func (c *Conn) Send(raw string) { _, _ = io.WriteString(c, raw) }

// Gone waits until the other side has closed or reset the connection.
func (c *Conn) Gone() { _, _ = io.Copy(io.Discard, c.R) }

// NewUpstream listens on a free loopback port until the end of the test.
func NewUpstream(t testing.TB, steps ...Step) *Upstream {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u := &Upstream{t: t, listener: l, steps: steps}
	t.Cleanup(u.Close)
	u.running.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			tcp := nc.(*net.TCPConn)
			u.start(nc, func() {
				_ = tcp.SetLinger(0)
				_ = tcp.Close()
			})
		}
	})
	return u
}

// NewPipe is reached by Dial only, without a network, so that it runs in a bubble of testing/synctest.
func NewPipe(t testing.TB, steps ...Step) *Upstream {
	u := &Upstream{t: t, steps: steps}
	t.Cleanup(u.Close)
	return u
}

// Dial connects to the upstream in memory. Its type is that of net.Dialer.DialContext.
func (u *Upstream) Dial(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	own := &pipe{Conn: near}
	if !u.start(far, func() { own.cut(); far.Close() }) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	return own, nil
}

// pipe is the sidecar's end of a connection in memory that can be reset.
type pipe struct {
	net.Conn
	mu     sync.Mutex
	broken bool
}

func (p *pipe) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken = true
}

func (p *pipe) error(op string, err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil && p.broken && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe)) {
		return &net.OpError{Op: op, Net: "tcp", Err: syscall.ECONNRESET}
	}
	return err
}

// Read tells of a reset as a network does.
func (p *pipe) Read(b []byte) (int, error) {
	n, err := p.Conn.Read(b)
	return n, p.error("read", err)
}

// Write tells of a reset as a network does.
func (p *pipe) Write(b []byte) (int, error) {
	n, err := p.Conn.Write(b)
	return n, p.error("write", err)
}

// Host is the host and port that the upstream is reached at.
func (u *Upstream) Host() string {
	if u.listener == nil {
		return "upstream.test:80"
	}
	return u.listener.Addr().String()
}

// URL is the endpoint as a policy writes it.
func (u *Upstream) URL() string { return "http://" + u.Host() }

// Requests are those whose head arrived, in order.
func (u *Upstream) Requests() []*Request {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append([]*Request(nil), u.requests...)
}

// Seen is the number of requests whose head arrived.
func (u *Upstream) Seen() int { return len(u.Requests()) }

// Connections is the number of connections made so far.
func (u *Upstream) Connections() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.conns)
}

// Close ends every connection and waits for the script.
func (u *Upstream) Close() {
	u.mu.Lock()
	u.closed = true
	conns := u.conns
	u.mu.Unlock()
	if u.listener != nil {
		u.listener.Close()
	}
	for _, c := range conns {
		c.Close()
	}
	u.running.Wait()
}

func (u *Upstream) start(nc net.Conn, reset func()) bool {
	rec := &recorder{Reader: nc}
	c := &Conn{Conn: nc, recorder: rec, R: bufio.NewReader(rec), reset: reset}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed {
		nc.Close()
		return false
	}
	u.conns = append(u.conns, c)
	c.number = len(u.conns)
	u.running.Go(func() { u.serve(c) })
	return true
}

func (u *Upstream) serve(c *Conn) {
	defer c.Close()
	for {
		r, err := c.request()
		if err != nil {
			return
		}
		u.step(r)(c, r)
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
	}
}

// step records a request and says what it meets.
func (u *Upstream) step(r *Request) Step {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.requests = append(u.requests, r)
	if len(u.steps) == 0 {
		return Answer(http.StatusOK, "")
	}
	return u.steps[min(len(u.requests), len(u.steps))-1]
}

// request reads one head.
func (c *Conn) request() (*Request, error) {
	c.recorder.forget(c.R.Buffered())
	parsed, err := http.ReadRequest(c.R)
	if err != nil {
		return nil, err
	}
	return &Request{Request: parsed, Head: c.recorder.before(c.R.Buffered()), Conn: c.number}, nil
}

// recorder remembers what was read since the last request.
type recorder struct {
	io.Reader
	seen bytes.Buffer
}

// most bounds what is remembered: more than any head that a sidecar passes on.
const most = 1 << 20

// Read remembers what it reads.
func (r *recorder) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if r.seen.Len() < most {
		r.seen.Write(p[:n])
	}
	return n, err
}

// forget drops all but the last n bytes.
func (r *recorder) forget(n int) {
	rest := append([]byte(nil), r.seen.Bytes()[max(0, r.seen.Len()-n):]...)
	r.seen.Reset()
	r.seen.Write(rest)
}

// before is all but the last n bytes.
func (r *recorder) before(n int) string { return string(r.seen.Bytes()[:max(0, r.seen.Len()-n)]) }
