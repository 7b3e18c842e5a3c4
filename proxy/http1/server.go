package http1

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Server serves HTTP/1 connections to Handler, one goroutine each. Set its
// fields before the first call. Its methods are safe for concurrent use.
//
// It differs from net/http's in that it guesses no Content-Type, and in what
// it refuses: see the package comment and Refusal.
type Server struct {
	Handler http.Handler
	Limits  Limits
	// Follow, where it is not nil, takes the place of Limits.
	Follow *ChangingLimits
	// Log receives panics of the handler and accept failures; nil discards.
	Log *slog.Logger
	// OnRefuse writes the answer to a refused request, which has Status r.Status;
	// the connection is closed after it. Nil writes one line of text.
	OnRefuse func(w http.ResponseWriter, r *Refusal)
	// Pressure is asked before a connection is taken on, and before an answer
	// keeps one; nil sets no bound beyond Limits.
	Pressure Pressure
	// Buffers bounds what buffers hold beyond the ordinary ones; nil does not.
	Buffers Buffers
	// OnLost is told of connections that get no answer at all: the error of an
	// Accept that failed, or ErrFlood. Nil logs the former.
	OnLost func(error)
	// AllowConnect passes CONNECT to Handler instead of refusing it with 405.
	AllowConnect bool

	once  sync.Once
	epoch time.Time
	clock atomic.Int64 // nanoseconds since epoch, a monitor tick behind at most
	date  atomic.Pointer[datum]

	draining atomic.Bool // answers carry Connection: close
	stopping atomic.Bool // idle connections are closed, too
	// idleRound counts the calls of CloseIdle: a wait that began before the
	// latest one ends.
	idleRound atomic.Int64
	refusing  chan struct{}

	mu         sync.Mutex
	listeners  map[net.Listener]struct{}
	conns      map[*conn]struct{}
	monitoring bool
	empty      chan struct{} // closed when the last connection ends while stopping
}

// Pressure bounds what several Servers take on together. It must be safe for
// concurrent use.
type Pressure interface {
	// Admit counts one more client connection, or says no.
	Admit() bool
	// Leave counts an admitted one out.
	Leave()
	// Closes says that answers end their connections.
	Closes() bool
}

// ErrFlood is why a connection over a limit was closed without an answer: too
// many others were being answered that they are over it.
var ErrFlood = errors.New("too many connections to refuse")

func (s *Server) init() {
	s.once.Do(func() {
		if s.Follow == nil {
			s.Follow = new(ChangingLimits)
			s.Follow.Set(s.Limits)
		}
		s.epoch = time.Now()
		s.listeners = map[net.Listener]struct{}{}
		s.conns = map[*conn]struct{}{}
		s.refusing = make(chan struct{}, 64)
		if s.Log == nil {
			s.Log = slog.New(slog.DiscardHandler)
		}
		s.tick()
	})
}

// limits are those of this moment.
func (s *Server) limits() *Limits { return &s.Follow.load().server }

// Serve accepts connections from l until Shutdown or Close, and then gives
// http.ErrServerClosed. A failing Accept (no file descriptors left, say) is
// tried again after 5 ms, doubling up to 1 s.
func (s *Server) Serve(l net.Listener) error {
	s.init()
	s.mu.Lock()
	if s.stopping.Load() {
		s.mu.Unlock()
		l.Close()
		return http.ErrServerClosed
	}
	s.listeners[l] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.listeners, l)
		s.mu.Unlock()
	}()
	var pause time.Duration
	for {
		nc, err := l.Accept()
		switch {
		case err == nil:
			pause = 0
			s.start(nc)
		case s.stopping.Load():
			return http.ErrServerClosed
		case errors.Is(err, net.ErrClosed):
			return err
		default:
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			s.lost(err, pause)
			time.Sleep(pause) // trying at once would spin while descriptors are short
		}
	}
}

func (s *Server) lost(err error, pause time.Duration) {
	switch {
	case s.OnLost != nil:
		s.OnLost(err)
	case err != ErrFlood:
		s.Log.Warn("connection not accepted", "error", err, "pause", pause)
	}
}

func (s *Server) start(nc net.Conn) {
	c := newConn(s, nc, nil)
	if s.add(c, s.limits().Connections) {
		go c.serve()
		return
	}
	select {
	case s.refusing <- struct{}{}:
		go func() {
			defer func() { <-s.refusing }()
			defer c.survive()
			c.refuse(refuse(503, "connection limit reached", 0))
			nc.Close()
		}()
	default:
		nc.Close()
		s.lost(ErrFlood, 0)
	}
}

// ServeConn serves one connection and returns when it is over. received holds
// bytes already taken from it, at most 4 KiB. It is for listeners that look at
// the first bytes to choose a protocol.
func (s *Server) ServeConn(nc net.Conn, received []byte) {
	s.init()
	c := newConn(s, nc, received)
	if !s.add(c, s.limits().Connections) {
		c.refuse(refuse(503, "connection limit reached", 0))
		nc.Close()
		return
	}
	c.serve()
}

func (s *Server) add(c *conn, limit int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.conns) >= limit || s.Pressure != nil && !s.Pressure.Admit() {
		return false
	}
	s.conns[c] = struct{}{}
	if !s.monitoring {
		s.monitoring = true
		s.tick()
		go s.monitor()
	}
	return true
}

func (s *Server) remove(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	if s.Pressure != nil {
		s.Pressure.Leave()
	}
	if len(s.conns) == 0 && s.empty != nil {
		close(s.empty)
		s.empty = nil
	}
}

// Connections gives the number of open client connections.
func (s *Server) Connections() int {
	s.init()
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// tell writes at level debug which byte a client was refused for: what its
// author needs, and no log at another level may hold.
func (s *Server) tell(r *Refusal, client string) {
	if !s.Log.Enabled(context.Background(), slog.LevelDebug) {
		return
	}
	attrs := []any{"reason", r.Reason, "position", r.Offset, "client", client}
	if r.Byte >= 0 {
		attrs = append(attrs, "byte", fmt.Sprintf("0x%02x", r.Byte))
	}
	s.Log.Debug("request refused", attrs...)
}

// SetDraining makes answers carry Connection: close, so that clients move
// away while connections are still accepted; false takes it back.
func (s *Server) SetDraining(on bool) { s.draining.Store(on) }

// closes says that answers end their connections.
func (s *Server) closes() bool {
	return s.draining.Load() || s.Pressure != nil && s.Pressure.Closes()
}

// CloseIdle closes the connections that wait for a request.
func (s *Server) CloseIdle() {
	s.init()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idleRound.Add(1)
	for c := range s.conns {
		c.nc.SetReadDeadline(past) // wakes the idle ones; others go on
	}
}

// Shutdown stops accepting, closes idle connections and waits until the
// requests in flight are answered, or until ctx ends; it then gives the
// context's error and leaves the rest to Close.
func (s *Server) Shutdown(ctx context.Context) error {
	s.init()
	s.draining.Store(true)
	s.stopping.Store(true)
	s.mu.Lock()
	for l := range s.listeners {
		l.Close()
	}
	for c := range s.conns {
		c.nc.SetReadDeadline(past) // wakes the idle ones; others go on
	}
	if len(s.conns) == 0 {
		s.mu.Unlock()
		return nil
	}
	if s.empty == nil {
		s.empty = make(chan struct{})
	}
	empty := s.empty
	s.mu.Unlock()
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close stops accepting and closes every connection at once, hijacked ones
// included as long as their handler runs.
func (s *Server) Close() error {
	s.init()
	s.draining.Store(true)
	s.stopping.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.listeners {
		l.Close()
	}
	for c := range s.conns {
		c.nc.Close()
	}
	return nil
}
