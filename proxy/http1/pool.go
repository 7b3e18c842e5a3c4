package http1

import (
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// upstreamConn is one connection to the endpoint with all that its exchanges
// use again.
type upstreamConn struct {
	wire
	retire time.Time // not used again after this
	since  time.Time // idle since; set by the pool

	scan headScan
	headerStore
}

func newUpstreamConn(t *Transport, nc net.Conn) *upstreamConn {
	c := &upstreamConn{headerStore: newHeaderStore()}
	c.wire.init(nc)
	c.buffers = t.Buffers
	c.scan.response = true
	jitter := 0.9 + 0.2*rand.Float64()
	c.retire = time.Now().Add(time.Duration(float64(t.MaxAge) * jitter))
	return c
}

// Interrupt implements Interrupter.
func (c *upstreamConn) Interrupt() { c.interrupt() }

// pool keeps idle connections, the latest used on top, so that under light
// load the rest grow old and are closed.
type pool struct {
	limit  int
	limits *ChangingLimits

	mu     sync.Mutex
	idle   []*upstreamConn // oldest first
	open   int
	closed bool
	timer  *time.Timer // prunes; armed while there are idle connections
	armed  bool
}

// get takes the latest used connection that is alive, or nil.
func (p *pool) get(now time.Time) *upstreamConn {
	for {
		p.mu.Lock()
		n := len(p.idle)
		if n == 0 {
			p.mu.Unlock()
			return nil
		}
		c := p.idle[n-1]
		p.idle[n-1] = nil
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		if c.usable(now) && now.Sub(c.since) < p.idleTimeout() {
			return c
		}
		p.discard(c)
	}
}

// usable tells whether the connection may carry another exchange: young
// enough, and neither closed by the peer nor holding bytes that belong to no
// request.
func (c *upstreamConn) usable(now time.Time) bool {
	return now.Before(c.retire) && c.buffered() == 0 && !c.readStopped.Load() && !c.writeStopped.Load() &&
		(c.peeker == nil || c.peeker.peek() == quiet)
}

// put keeps c, or closes it when there are enough.
func (p *pool) put(c *upstreamConn, now time.Time) {
	c.settle()
	c.since = now
	p.mu.Lock()
	if p.closed || len(p.idle) >= p.limit || !now.Before(c.retire) {
		p.mu.Unlock()
		p.discard(c)
		return
	}
	p.idle = append(p.idle, c)
	if !p.armed {
		p.armed = true
		p.arm()
	}
	p.mu.Unlock()
}

func (p *pool) idleTimeout() time.Duration { return p.limits.load().transport.IdleTimeout }

// arm sets the one timer of the pool; it runs twice per idle timeout while
// there is something to prune.
func (p *pool) arm() {
	if p.timer == nil {
		p.timer = time.AfterFunc(p.idleTimeout()/2, p.sweep)
		return
	}
	p.timer.Reset(p.idleTimeout() / 2)
}

func (p *pool) sweep() {
	p.prune(time.Now().Add(-p.idleTimeout()))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed = len(p.idle) > 0 && !p.closed
	if p.armed {
		p.arm()
	}
}

// prune closes what has been idle since before the instant; zero means all.
func (p *pool) prune(before time.Time) {
	p.mu.Lock()
	n := 0
	for n < len(p.idle) && (before.IsZero() || !p.idle[n].since.After(before)) {
		n++
	}
	old := append([]*upstreamConn(nil), p.idle[:n]...)
	rest := copy(p.idle, p.idle[n:])
	clear(p.idle[rest:])
	p.idle = p.idle[:rest]
	p.mu.Unlock()
	for _, c := range old {
		p.discard(c)
	}
}

func (p *pool) discard(c *upstreamConn) {
	c.nc.Close()
	c.settle()
	p.mu.Lock()
	p.open--
	p.mu.Unlock()
}

// opened counts a new connection; false says the pool is closed.
func (p *pool) opened() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.open++
	return true
}

func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	if p.timer != nil {
		p.timer.Stop()
	}
	p.mu.Unlock()
	p.prune(time.Time{})
}

func (p *pool) count(open bool) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if open {
		return p.open
	}
	return len(p.idle)
}
