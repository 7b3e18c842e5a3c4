package http1

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// Transport sends requests to one endpoint. It implements
// http.RoundTripper; the caller's goroutine does the work. It never sends a
// request twice: what an attempt may have done is in the *Error it gives, and
// whether to try again is for its user to decide. It adds no User-Agent and no
// Accept-Encoding, and decompresses nothing.
//
// The errors of RoundTrip and of reading the body are *Error, *ProtocolError
// or *RequestBodyError. What the request's body panics with is raised again by
// RoundTrip, or by reading or closing the response's body.
//
// Set the fields before the first call. All methods are safe for concurrent
// use.
type Transport struct {
	// Dial opens a connection to the endpoint, TLS included.
	Dial   func(ctx context.Context) (net.Conn, error)
	Limits Limits
	// Follow, where it is not nil, takes the place of Limits.
	Follow *ChangingLimits
	// Buffers bounds what buffers hold beyond the ordinary ones; nil does not.
	Buffers Buffers
	// MaxIdle bounds the connections kept for reuse. Default 1,024: as many as
	// a burst may leave, at about 6 KiB each.
	MaxIdle int
	// MaxAge is how long a connection is used at all, give or take a tenth, so
	// that changes behind a name are noticed. Default 5 min.
	MaxAge time.Duration

	once sync.Once
	pool pool
}

// A context may say more about an exchange than the standard interface does.
// Transport looks for these methods on the context of the request itself.
type (
	// HeadDeadliner gives the instant by which the head of the response must
	// have arrived; zero means none.
	HeadDeadliner interface{ HeadDeadline() time.Time }
	// BodyIdler gives the longest wait for the next bytes of the response's
	// body, and for the endpoint to accept any of the request's, in place of
	// Limits.BodyTimeout and Limits.WriteTimeout; zero keeps those.
	BodyIdler interface{ BodyIdle() time.Duration }
	// FreshDialler asks for a new connection instead of a pooled one.
	FreshDialler interface{ FreshConnection() bool }
	// InterimReceiver is handed the 1xx responses other than 101. The header
	// is valid during the call. An error ends the exchange.
	InterimReceiver interface {
		Interim(status int, header http.Header) error
	}
	// Cancellable is a context that interrupts one waiter when it is
	// cancelled, without a goroutine. See the request context of Server.
	Cancellable interface{ Interrupts(i Interrupter) }
	// Lender is a context that has what it is lent released when nothing of
	// the exchange and of its response is used any more, so that their memory
	// can be used again. It may also never do so. The request context of
	// Server is one, too.
	Lender interface {
		Lend(l interface{ Release() })
	}
)

func (t *Transport) init() {
	t.once.Do(func() {
		if t.Follow == nil {
			t.Follow = new(ChangingLimits)
			t.Follow.Set(t.Limits)
		}
		integer(&t.MaxIdle, 1024)
		duration(&t.MaxAge, 5*time.Minute)
		t.pool.limit, t.pool.limits = t.MaxIdle, t.Follow
	})
}

// RoundTrip implements http.RoundTripper. The response's Header is valid until
// its Body is closed, which must happen also when there is nothing to read;
// closing before the end gives the connection up.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	t.init()
	x, err := t.begin(req)
	if err != nil {
		closeBody(req)
		return nil, err
	}
	res, err := x.run()
	if err != nil {
		x.stopSender()
		x.end(false)
		closeBody(req)
		x.sender.raise()
		return nil, err
	}
	return res, nil
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		req.Body.Close()
	}
}

// begin gives the exchange a connection.
func (t *Transport) begin(req *http.Request) (*exchange, error) {
	ctx := req.Context()
	if ctx.Err() != nil {
		cause := context.Cause(ctx)
		return nil, &Error{Phase: PhaseDial, Err: cause, Timeout: isTimeout(cause)}
	}
	if err := validRequest(req); err != nil {
		return nil, &RequestBodyError{err}
	}
	x := newExchange(ctx)
	x.t, x.limits, x.req, x.ctx, x.start = t, &t.Follow.load().transport, req, ctx, time.Now()
	fresh := false
	if f, ok := ctx.(FreshDialler); ok {
		fresh = f.FreshConnection()
	}
	if !fresh {
		x.c = t.pool.get(x.start)
	}
	if x.c == nil {
		nc, err := t.Dial(ctx)
		if err != nil {
			return nil, dialError(ctx, err)
		}
		x.c = newUpstreamConn(t, nc)
		if !t.pool.opened() {
			nc.Close()
			return nil, &Error{Phase: PhaseDial, Err: net.ErrClosed}
		}
	} else {
		x.reused = true
	}
	return x, nil
}

// CloseIdle closes the connections that wait for reuse.
func (t *Transport) CloseIdle() {
	t.init()
	t.pool.prune(time.Time{})
}

// Close closes idle connections, lets exchanges in flight finish and keeps no
// connection after them; new exchanges that would dial fail.
func (t *Transport) Close() {
	t.init()
	t.pool.close()
}

// Open gives the number of open connections, Idle how many of them wait for
// reuse.
func (t *Transport) Open() int { return t.pool.count(true) }

// Idle gives the number of connections that wait for reuse.
func (t *Transport) Idle() int { return t.pool.count(false) }
