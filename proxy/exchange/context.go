package exchange

import (
	"context"
	"net/http"
	"time"
)

// Deadline is the total deadline; see context.Context.
func (e *Exchange) Deadline() (time.Time, bool) {
	after := e.deadline.Load()
	if after == 0 {
		return time.Time{}, false
	}
	return e.Start.Add(time.Duration(after)), true
}

// Done is closed when the client goes away or the total deadline passes. The first call arms a timer, so a layer that only
// needs to bound a wait asks Deadline instead.
func (e *Exchange) Done() <-chan struct{} {
	e.done.mu.Lock()
	defer e.done.mu.Unlock()
	if e.done.ctx == nil {
		e.done.ctx, e.done.cancel = context.WithCancelCause(e.client)
		if deadline, ok := e.Deadline(); ok {
			cancel := e.done.cancel
			e.done.timer = time.AfterFunc(time.Until(deadline), func() { cancel(context.DeadlineExceeded) })
		}
	}
	return e.done.ctx.Done()
}

// Err tells why the context has ended, or nil.
func (e *Exchange) Err() error {
	if err := e.client.Err(); err != nil {
		return err
	}
	if deadline, ok := e.Deadline(); ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return e.done.err()
}

// Value finds the exchange itself and whatever the client's context carries.
func (e *Exchange) Value(k any) any {
	if _, ours := k.(key); ours {
		return e
	}
	return e.client.Value(k)
}

// Interim is called by the wire for every interim reply of an upstream, and passes it on to the client at once.
func (e *Exchange) Interim(status int, header http.Header) error {
	if e.Reply == nil {
		return nil
	}
	h := e.Reply.Header()
	for name, values := range header {
		h[name] = values
	}
	e.Reply.WriteHeader(status)
	clear(h)
	return nil
}
