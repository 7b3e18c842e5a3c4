package stage

import (
	"strings"
	"sync"
)

// Booked counts the reservations that inventory has made for the orders of one path.
type Booked struct {
	Orders     int // different orders that units were reserved for
	Twice      int // reservations made again for an order that had one
	Unanswered int // reservations whose answer was cut or stalled: who repeats one of these books twice
}

// remembered bounds the orders that the ledger can recognise. A repetition comes within a second, this many within minutes.
const remembered = 1 << 14

// ledger knows which orders inventory has reserved units for. Orders are named PATH/NUMBER.
type ledger struct {
	mu     sync.Mutex
	seen   map[string]bool
	oldest []string // a ring of what is in seen
	next   int
	booked map[string]*Booked
}

func newLedger() *ledger {
	return &ledger{seen: map[string]bool{}, oldest: make([]string, remembered), booked: map[string]*Booked{}}
}

// book makes a reservation: unlike a careful inventory, this one does it as often as it is asked to.
func (l *ledger) book(order string, answered bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	path, _, _ := strings.Cut(order, "/")
	b := l.booked[path]
	if b == nil {
		b = &Booked{}
		l.booked[path] = b
	}
	if !answered {
		b.Unanswered++
	}
	if l.seen[order] {
		b.Twice++
		return
	}
	b.Orders++
	delete(l.seen, l.oldest[l.next])
	l.seen[order], l.oldest[l.next] = true, order
	l.next = (l.next + 1) % remembered
}

func (l *ledger) of(path string) Booked {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b := l.booked[path]; b != nil {
		return *b
	}
	return Booked{}
}
