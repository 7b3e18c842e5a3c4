package live

import (
	"outrigger/policy"
	"outrigger/proxy/breaker"
	"outrigger/proxy/budget"
	"outrigger/proxy/limit"
)

// wholeUpstream is the operation label of a circuit that watches all operations of its upstream.
const wholeUpstream = "_upstream"

// parts takes or makes the state behind one operation, with the settings of the new set adopted.
func (l *Live) parts(u *policy.Upstream, op *policy.Operation) Parts {
	p := Parts{Upstream: u, Operation: op}
	budgets, ok := l.state.budgets.take(upstreamIdentity(u), former(u), func() *budget.Budget { return budget.New(u.Budget) })
	if ok {
		budgets.Adopt(u.Budget)
	}
	pool, ok := l.state.pools.take(upstreamIdentity(u), former(u), func() Endpoints { return l.options.Endpoints(u) })
	if ok {
		pool.Adopt(u)
	}
	p.Budget, p.Endpoints = budgets, pool
	p.Limiter, ok = l.state.limiters.take(operationIdentity(u, op), formerOperation(u, op), func() *limit.Limiter {
		return limit.New(op.Policy.Concurrency)
	})
	if ok {
		p.Limiter.Adopt(op.Policy.Concurrency)
	}
	p.Circuit = l.circuit(u, op)
	return p
}

// circuit takes or makes the circuit of an operation, or the one of its upstream where the policy says so.
func (l *Live) circuit(u *policy.Upstream, op *policy.Operation) *breaker.Circuit {
	id, formerly := operationIdentity(u, op), formerOperation(u, op)
	if op.Policy.Breaker.Scope == policy.ScopeUpstream {
		id.operation = wholeUpstream
		formerly = nil
		for _, f := range former(u) {
			formerly = append(formerly, identity{f.direction, f.upstream, wholeUpstream})
		}
	}
	c, old := l.state.circuits.take(id, formerly, func() *breaker.Circuit {
		c := breaker.New(op.Policy.Breaker, func(t breaker.Transition) { l.options.Transition(u.Name, id.operation, t) })
		c.Draw(l.options.Jitter)
		return c
	})
	if old {
		c.Adopt(op.Policy.Breaker)
	}
	return c
}
