package exchange

import (
	"context"
	"sync"
)

// interrupter is something that waits and can be made to stop; the wire's connections are.
type interrupter = interface{ Interrupt() }

// interruptible is a client context that calls back without a goroutine of its own; the wire's are.
type interruptible interface{ Interrupts(interrupter) }

// wires are what the attempts of one exchange wait on. A client context takes one registration only, while an exchange may hold
// the unread reply of one attempt and run the next: the exchange registers itself and passes the interruption on.
//
// Order of locks: the client context's own, then mu. So nothing is registered while mu is held.
type wires struct {
	mu         sync.Mutex
	held       []wire
	backing    [2]wire
	registered bool
	stopWatch  func() bool // of a client context that only context.AfterFunc can watch
}

type wire struct {
	attempt *Attempt
	what    interrupter
}

// set makes what the one thing that attempt a waits on; nil for nothing. Requires mu.
func (w *wires) set(a *Attempt, what interrupter) {
	for i := range w.held {
		if w.held[i].attempt == a {
			w.held = append(w.held[:i], w.held[i+1:]...)
			break
		}
	}
	if what == nil {
		return
	}
	if w.held == nil {
		w.held = w.backing[:0]
	}
	w.held = append(w.held, wire{a, what})
}

// Interrupts registers the one thing that this attempt waits on, to be interrupted when the client goes away; nil takes it back,
// and once that has returned, Interrupt is neither running nor called. It is called at once where the client has gone already.
func (a *Attempt) Interrupts(i interface{ Interrupt() }) {
	w := &a.wires
	w.mu.Lock()
	w.set(a, i)
	first := i != nil && !w.registered
	w.registered = w.registered || first
	w.mu.Unlock()
	switch {
	case first:
		a.register()
	case i != nil && a.client.Err() != nil:
		a.Interrupt()
	}
}

func (e *Exchange) register() {
	if c, ok := e.client.(interruptible); ok {
		c.Interrupts(e)
		return
	}
	stop := context.AfterFunc(e.client, e.Interrupt)
	e.wires.mu.Lock()
	e.wires.stopWatch = stop
	e.wires.mu.Unlock()
}

// Interrupt makes everything that the exchange's attempts wait on stop. The client's context calls it when the client goes away.
func (e *Exchange) Interrupt() {
	e.wires.mu.Lock()
	defer e.wires.mu.Unlock()
	for _, h := range e.wires.held {
		h.what.Interrupt()
	}
}

func (w *wires) unregister(client context.Context) {
	w.mu.Lock()
	registered, stop := w.registered, w.stopWatch
	w.registered, w.stopWatch = false, nil
	w.mu.Unlock()
	switch c, ok := client.(interruptible); {
	case !registered:
	case ok:
		c.Interrupts(nil)
	case stop != nil:
		stop()
	}
}
