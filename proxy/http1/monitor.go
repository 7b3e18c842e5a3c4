package http1

import (
	"net/http"
	"sync"
	"time"
)

const (
	tickLength = 25 * time.Millisecond
	// answeredWait is how long after its beginning an answered request is
	// looked at: by then its client's next one has been read, if that came
	// behind the answer, unless we are slower than anybody would wait for.
	answeredWait = 4 * tickLength
)

// datum is the value of the Date field during one second.
type datum struct {
	second int64
	text   string
}

func (s *Server) tick() {
	now := time.Now()
	s.clock.Store(int64(now.Sub(s.epoch)))
	if d := s.date.Load(); d == nil || d.second != now.Unix() {
		s.date.Store(&datum{now.Unix(), now.UTC().Format(http.TimeFormat)})
	}
}

// now is the time, up to one tick ago. It costs a load.
func (s *Server) now() time.Time { return s.epoch.Add(time.Duration(s.clock.Load())) }

// monitor is the one goroutine of a server beside its connections; it runs
// while there are any. It moves the clock, and it asks the kernel about the
// clients of requests that have been running for a tick, so that a client that
// went away is noticed within 100 ms although no goroutine waits for it, and
// one that sent more before it had its answer is not forgotten.
func (s *Server) monitor() {
	var slow []*conn
	ticker := time.NewTicker(tickLength)
	defer ticker.Stop()
	for round := 0; ; round++ {
		<-ticker.C
		before := s.clock.Load()
		s.tick()
		s.mu.Lock()
		if len(s.conns) == 0 {
			s.monitoring = false
			s.mu.Unlock()
			return
		}
		for c := range s.conns {
			if ctx := c.current.Load(); ctx != nil && ctx.born < before && ctx.bodyRead.Load() {
				slow = append(slow, c)
			}
		}
		s.mu.Unlock()
		for _, c := range slow {
			c.checkClient()
		}
		clear(slow)
		slow = slow[:0]
	}
}

func (c *conn) checkClient() {
	ctx := c.current.Load()
	switch {
	case ctx == nil:
	case ctx.over():
		if ctx.born < c.srv.clock.Load()-int64(answeredWait) {
			c.checkAnswered(ctx)
		}
	case c.peeker == nil:
		c.background.start(c, ctx)
	case c.peeker.peek() >= gone:
		ctx.cancel(ErrClientGone)
	}
}

// checkAnswered wakes the read behind an answer when something had come before
// it. A connection whose client does that asks the kernel itself from then on.
func (c *conn) checkAnswered(ctx *requestContext) {
	if c.peeker != nil && c.peeker.peek() != quiet {
		c.ahead.Store(true)
		c.nc.SetReadDeadline(past)
	}
	c.current.CompareAndSwap(ctx, nil)
}

// canLeave tells whether an answer may be left to the read of the next request.
func (c *conn) canLeave() bool {
	return c.direct != nil && c.peeker != nil && c.buffered() == 0 && !c.ahead.Load()
}

// owes tells whether an answer was left to the next read.
func (c *conn) owes() bool { return c.direct != nil && c.direct.lead.out != nil }

// next receives more of a head, after the answer that was left to it.
func (c *conn) next(limit int) error {
	if !c.owes() {
		return c.fill(limit)
	}
	err := c.fillLate()
	if c.owes() {
		return c.sendLead() // what ended the read before it began ends the next one, too
	}
	return err
}

// stopsWaiting is asked when an idle connection is woken by Shutdown or
// CloseIdle. What has already arrived is served; a connection that never
// carried a request gets a moment for its first.
func (c *conn) stopsWaiting() bool {
	stopping := c.srv.stopping.Load()
	if !c.waiting || !stopping && (!c.served || c.round == c.srv.idleRound.Load()) {
		return false
	}
	if p := newPeeker(c.nc); p != nil && p.peek() == pending { // the monitor has c.peeker
		return false
	}
	if !stopping {
		return true
	}
	if !c.served && !c.graced {
		c.graced = true
		c.read.want = time.Now().Add(lingerTime)
		return false
	}
	return !c.graced || c.read.expired()
}

// background reads one byte from a connection whose kernel state cannot be
// asked for (TLS, a pipe), to learn that the client went away.
type background struct {
	mu      sync.Mutex
	banned  bool          // the connection was hijacked
	running chan struct{} // closed when the read has ended
	b       [1]byte
	n       int
}

func (g *background) start(c *conn, ctx *requestContext) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.banned || g.active() || c.current.Load() != ctx || ctx.over() {
		return
	}
	c.read.armed = time.Time{}
	c.nc.SetReadDeadline(time.Time{})
	done := make(chan struct{})
	g.running = done
	go func() {
		defer close(done)
		n, err := c.nc.Read(g.b[:])
		g.n = n
		if err != nil && !isTimeout(err) {
			ctx.cancel(ErrClientGone)
		}
	}()
}

// active is false where there is no read, or none any more: Shutdown and
// CloseIdle wake every connection, and a read that was woken has nothing.
func (g *background) active() bool {
	if g.running == nil {
		return false
	}
	select {
	case <-g.running:
		return g.n > 0
	default:
		return true
	}
}

// stop ends the read and puts the byte it may have got where the next read of
// c finds it. No read starts again for a context that is over, or after ban.
func (g *background) stop(c *conn, ban bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.banned = g.banned || ban
	if g.running == nil {
		return
	}
	c.nc.SetReadDeadline(past)
	<-g.running
	g.running = nil
	c.nc.SetReadDeadline(time.Time{})
	if g.n > 0 {
		c.push(g.b[0])
		g.n = 0
	}
}
