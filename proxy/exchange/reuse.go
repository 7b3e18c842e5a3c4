package exchange

import (
	"net/http"
	"sync"

	"outrigger/policy"
)

// spare holds the memory of exchanges that are over: two kilobytes each, most of what an ordinary exchange needs.
var spare = sync.Pool{New: func() any { return new(Exchange) }}

// Release gives the memory of an ended exchange to a later one. The wire calls it when the reply has been sent, because the
// header of the reply lies in that memory too. It does nothing where another goroutine may know the exchange: only one attempt
// without a body, whose end nobody asked for, was certainly this goroutine's alone.
func (e *Exchange) Release() {
	if !e.alone() {
		return
	}
	if e.lent != nil {
		e.lent.Release()
	}
	*e = Exchange{}
	if !poisoned {
		spare.Put(e)
	}
}

// Lend has l released together with the exchange, or never. The last of several attempts is not known to be the only one that
// is used, so what they lend is not released.
func (e *Exchange) Lend(l interface{ Release() }) { e.lent = l }

func (e *Exchange) alone() bool {
	r := &e.request
	return e.ended && len(e.finishers) == 0 && len(e.Attempts) == 1 && e.Attempts[0] == &e.first && e.first.ended &&
		e.Outcome == policy.OK && e.Status != http.StatusSwitchingProtocols && (r.Body == nil || r.Body == http.NoBody) &&
		e.done.unasked()
}
