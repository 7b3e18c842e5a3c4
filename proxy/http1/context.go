package http1

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Interrupter is something that waits and can be made to stop. It is an alias,
// so that contexts of other packages are Cancellable without importing this one.
type Interrupter = interface{ Interrupt() }

// requestContext is the context of one request. It costs one allocation; what
// somebody must wait for (a Done channel, children) is made when first asked
// for.
//
// Life: open → cancelled, once, by the client going away (cause ErrClientGone)
// or by ServeHTTP returning (cause context.Canceled).
type requestContext struct {
	client *clientInfo
	born   int64 // monitor tick at which the handler started
	// bodyRead is set once nothing but the next request can arrive from the
	// client, so that what arrives tells of its health.
	bodyRead atomic.Bool

	mu        sync.Mutex
	cause     error
	interrupt Interrupter
	std       context.Context // the standard library's twin, or nil
	lent      interface{ Release() }
	cancelStd context.CancelCauseFunc
}

// clientInfo is what every request of a connection shares.
type clientInfo struct {
	local  net.Addr
	remote string
}

// Interrupts registers the one thing to interrupt when the context is
// cancelled; nil takes it back, and once that returned, Interrupt is neither
// running nor called. It is called at once when the context is over already.
// Interrupt must not call back into the context.
func (c *requestContext) Interrupts(i Interrupter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil && i != nil {
		i.Interrupt()
		return
	}
	c.interrupt = i
}

func (c *requestContext) cancel(cause error) {
	c.mu.Lock()
	if c.cause != nil {
		c.mu.Unlock()
		return
	}
	c.cause = cause
	if c.interrupt != nil {
		c.interrupt.Interrupt()
		c.interrupt = nil
	}
	cancel := c.cancelStd
	c.mu.Unlock()
	if cancel != nil {
		cancel(cause)
	}
}

// Lend has l released when the reply has been sent, or given up, and nothing
// of the request and the reply is used any more. Only for the goroutine of the
// handler; a hijacked connection releases nothing.
func (c *requestContext) Lend(l interface{ Release() }) { c.lent = l }

func (c *requestContext) release() {
	if c.lent != nil {
		c.lent.Release()
	}
}

func (c *requestContext) over() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause != nil
}

// twin makes the context of the standard library that children and waiters
// hang on.
func (c *requestContext) twin() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.std == nil {
		c.std, c.cancelStd = context.WithCancelCause(context.Background())
		if c.cause != nil {
			c.cancelStd(c.cause)
		}
	}
	return c.std
}

// Deadline implements context.Context; a request has none of its own.
func (c *requestContext) Deadline() (time.Time, bool) { return time.Time{}, false }

// Done implements context.Context.
func (c *requestContext) Done() <-chan struct{} { return c.twin().Done() }

// Err implements context.Context.
func (c *requestContext) Err() error {
	if c.over() {
		return context.Canceled
	}
	return nil
}

// Value implements context.Context. A key of type *int is how the context
// package asks for its own kind of context, to find causes and to attach
// children without a goroutine: the twin answers that.
func (c *requestContext) Value(key any) any {
	if key == http.LocalAddrContextKey {
		return c.client.local
	}
	if _, ok := key.(*int); ok {
		return c.twin().Value(key)
	}
	return nil
}

// request gives the parsed request its context. With a body it gets memory of
// its own: the goroutine that sends a body may know the request for longer. It
// is not inlined, or a copy would lie on the stack of every waiting exchange.
//
//go:noinline
func (c *conn) request(ctx *requestContext) *http.Request {
	if c.body != nil {
		return c.tmpl.WithContext(ctx)
	}
	c.tmpl = *c.tmpl.WithContext(ctx)
	return &c.tmpl
}
