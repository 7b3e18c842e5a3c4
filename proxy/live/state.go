package live

import (
	"sync/atomic"
	"time"

	"outrigger/policy"
	"outrigger/proxy/breaker"
	"outrigger/proxy/budget"
	"outrigger/proxy/limit"
)

// identity is what state is keyed by.
type identity struct {
	direction           policy.Direction
	upstream, operation string // operation is empty for what belongs to the whole upstream
}

func upstreamIdentity(u *policy.Upstream) identity { return identity{u.Direction, u.Name, ""} }

func operationIdentity(u *policy.Upstream, op *policy.Operation) identity {
	return identity{u.Direction, u.Name, op.ID}
}

// kept is a piece of state with the instant from which nobody owns it.
type kept[T any] struct {
	value    T
	orphaned time.Time // zero while a snapshot owns it
}

// shelf holds one kind of state.
type shelf[T any] map[identity]*kept[T]

// take returns the state of an identity, or of an earlier name of it, or makes it.
func (s shelf[T]) take(id identity, formerly []identity, build func() T) (value T, old bool) {
	for _, key := range append([]identity{id}, formerly...) {
		if k := s[key]; k != nil {
			delete(s, key)
			k.orphaned = time.Time{}
			s[id] = k
			return k.value, true
		}
	}
	s[id] = &kept[T]{value: build()}
	return s[id].value, false
}

// orphan marks everything as owned by nobody; what the next snapshot takes is owned again.
func (s shelf[T]) orphan(now time.Time) {
	for _, k := range s {
		if k.orphaned.IsZero() {
			k.orphaned = now
		}
	}
}

// drop forgets what nobody has owned since before.
func (s shelf[T]) drop(before time.Time, gone func(T)) {
	for id, k := range s {
		if !k.orphaned.IsZero() && !k.orphaned.After(before) {
			gone(k.value)
			delete(s, id)
		}
	}
}

// state is everything that outlives a snapshot.
type state struct {
	circuits shelf[*breaker.Circuit]
	limiters shelf[*limit.Limiter]
	budgets  shelf[*budget.Budget]
	pools    shelf[Endpoints]
	inFlight shelf[*atomic.Int64]
}

func newState() state {
	return state{
		circuits: shelf[*breaker.Circuit]{}, limiters: shelf[*limit.Limiter]{}, budgets: shelf[*budget.Budget]{},
		pools: shelf[Endpoints]{}, inFlight: shelf[*atomic.Int64]{},
	}
}

// begin orphans all state; building a snapshot takes back what its set still has.
func (s *state) begin(now time.Time) {
	s.circuits.orphan(now)
	s.limiters.orphan(now)
	s.budgets.orphan(now)
	s.pools.orphan(now)
	s.inFlight.orphan(now)
}

// drop forgets what nobody has owned since before, and closes the connections of endpoints.
func (s *state) drop(before time.Time) {
	s.circuits.drop(before, func(*breaker.Circuit) {})
	s.limiters.drop(before, func(*limit.Limiter) {})
	s.budgets.drop(before, func(*budget.Budget) {})
	s.pools.drop(before, Endpoints.Close)
	s.inFlight.drop(before, func(*atomic.Int64) {})
}

func (s *state) close() {
	for _, k := range s.pools {
		k.value.Close()
	}
}

func (s *state) counter(u *policy.Upstream) *atomic.Int64 {
	c, _ := s.inFlight.take(upstreamIdentity(u), former(u), func() *atomic.Int64 { return new(atomic.Int64) })
	return c
}

// former are the identities of an upstream's earlier names.
func former(u *policy.Upstream) []identity {
	var ids []identity
	for _, name := range u.Formerly {
		ids = append(ids, identity{u.Direction, name, ""})
	}
	return ids
}

// formerOperation are the identities of an operation's earlier names, under this and earlier names of the upstream.
func formerOperation(u *policy.Upstream, op *policy.Operation) []identity {
	var ids []identity
	for _, upstreamName := range append([]string{u.Name}, u.Formerly...) {
		for _, name := range append([]string{op.ID}, op.Formerly...) {
			ids = append(ids, identity{u.Direction, upstreamName, name})
		}
	}
	return ids
}
