package load

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Loop keeps connections busy with one request after the other, as wrk does, but tells a connection that was closed between two
// requests, which is the right of every server, from a request that was sent and not answered, which is a failure.
// It makes a new connection where the old one ended. Its counters are safe for concurrent use.
type Loop struct {
	Address, Path string
	Connections   int

	ending   atomic.Bool
	answered atomic.Int64
	mu       sync.Mutex
	tally    Tally
}

// Tally is what a Loop saw.
type Tally struct {
	Answered int64
	// Announced counts connections that the server ended with Connection: close, Closed those it ended between two requests.
	Announced, Closed int64
	// FirstRefused is when the server first refused a connection after Expect was called; zero when it never did.
	FirstRefused time.Time
	Failures     []Failure
}

// Failure is a request that was sent and got no 200, or a connection that could not be made though it should.
type Failure struct {
	Dialled, Sent time.Time
	// First says that the connection had carried no answer before.
	First bool
	Err   error
}

// Expect says that from now on refused connections are right, and end the worker that meets one.
func (l *Loop) Expect() { l.ending.Store(true) }

// Answered is how many requests were answered up to now.
func (l *Loop) Answered() int64 { return l.answered.Load() }

// Run works until the context ends or every worker was refused.
func (l *Loop) Run(ctx context.Context) Tally {
	var workers sync.WaitGroup
	for range l.Connections {
		workers.Go(func() { l.work(ctx) })
	}
	workers.Wait()
	l.tally.Answered = l.answered.Load()
	return l.tally
}

func (l *Loop) work(ctx context.Context) {
	var conn *Conn
	defer func() {
		if conn != nil {
			conn.Close()
		}
	}()
	for ctx.Err() == nil {
		if conn == nil {
			var stop bool
			if conn, stop = l.connect(); stop {
				return
			}
			if conn == nil {
				time.Sleep(10 * time.Millisecond)
			}
			continue
		}
		if !l.ask(conn) {
			conn.Close()
			conn = nil
		}
	}
}

// connect returns a connection or none, and whether the worker should stop because the server is gone.
func (l *Loop) connect() (*Conn, bool) {
	begun := time.Now()
	conn, err := Dial(l.Address)
	if err == nil {
		return conn, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ending.Load() && errors.Is(err, syscall.ECONNREFUSED) {
		if l.tally.FirstRefused.IsZero() {
			l.tally.FirstRefused = begun
		}
		return nil, true
	}
	l.fail(Failure{Dialled: begun, Sent: begun, First: true, Err: err})
	return nil, l.ending.Load()
}

// ask makes one request and reports whether the connection can carry another.
func (l *Loop) ask(conn *Conn) bool {
	sent := time.Now()
	answer, err := conn.Get(l.Path)
	if err == nil && answer.Status != http.StatusOK {
		err = fmt.Errorf("status %d, want 200: %.200s", answer.Status, answer.Body)
	}
	if err == nil {
		l.answered.Add(1)
		if !answer.Close {
			return true
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		l.tally.Announced++
	case errors.Is(err, ErrClosedBetween):
		l.tally.Closed++
	default:
		l.fail(Failure{Dialled: conn.Dialled, Sent: sent, First: conn.Answers == 0, Err: err})
	}
	return false
}

// fail keeps the first thousand failures: more would say nothing new.
func (l *Loop) fail(f Failure) {
	if len(l.tally.Failures) < 1000 {
		l.tally.Failures = append(l.tally.Failures, f)
	}
}
