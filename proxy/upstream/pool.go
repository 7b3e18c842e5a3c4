// Package upstream sends attempts to the endpoints of an upstream over connections that it keeps.
//
// It decides which endpoint an attempt goes to and owns the connections; what a reply means and whether another attempt follows it
// refuses to know. It stands at the end of the stack, above the wire. A Pool belongs to one upstream by name, outlives the policy set
// that configured it, and keeps the connections of endpoints that an edit leaves in place.
package upstream

import (
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

// Pool is the endpoints of one upstream, and the http.RoundTripper at the end of its stacks. It is safe for concurrent use.
type Pool struct {
	options Options
	current atomic.Pointer[[]*endpoint]

	mu     sync.Mutex // one edit at a time
	closed bool
}

// New returns a pool of the upstream's endpoints without connections.
func New(u *policy.Upstream, o Options) *Pool {
	p := &Pool{options: o}
	p.current.Store(&[]*endpoint{})
	p.Adopt(u)
	return p
}

// Adopt takes over the upstream's endpoints. Those that it knows by scheme and address keep their connections and counts; those
// that are gone get no new attempts and close when their last one has ended.
func (p *Pool) Adopt(u *policy.Upstream) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	known := map[string]*endpoint{}
	for _, e := range *p.current.Load() {
		known[e.identity()] = e
	}
	next := make([]*endpoint, 0, len(u.Endpoints))
	for _, declared := range u.Endpoints {
		e := newEndpoint(declared, u, p.options)
		if old, ok := known[e.identity()]; ok {
			e = old
			delete(known, old.identity())
		}
		next = append(next, e)
	}
	p.current.Store(&next)
	for _, gone := range known {
		gone.remove()
	}
}

// Close removes every endpoint: attempts in flight may end, new ones fail.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, e := range *p.current.Swap(&[]*endpoint{}) {
		e.remove()
	}
}

// RoundTrip sends the attempt to the less busy of two endpoints chosen at random, among those that this exchange has not tried as
// long as there are any. The request is the attempt's own.
func (p *Pool) RoundTrip(req *http.Request) (*http.Response, error) {
	a := exchange.AttemptOf(req.Context())
	e := p.take(a)
	if e == nil {
		return nil, failure.New(failure.Internal, "the upstream has no endpoint any more")
	}
	a.Endpoint = e.address
	a.OnEnd(e, 0)
	if req.Host == "" {
		req.Host = e.host
	}
	return e.transport.RoundTrip(req)
}

// take chooses an endpoint and counts the attempt there. One that was removed in the same moment is given back.
func (p *Pool) take(a *exchange.Attempt) *endpoint {
	for {
		list := *p.current.Load()
		if len(list) == 0 {
			return nil
		}
		e := choose(list, a)
		e.inFlight.Add(1)
		if !e.removed.Load() {
			return e
		}
		e.EndAttempt(a, 0)
	}
}

func choose(list []*endpoint, a *exchange.Attempt) *endpoint {
	if len(list) == 1 {
		return list[0]
	}
	untried := 0
	for _, e := range list {
		if !tried(a, e) {
			untried++
		}
	}
	all := untried == 0
	if all {
		untried = len(list)
	}
	first := rand.IntN(untried)
	second := first
	if untried > 1 {
		second = (first + 1 + rand.IntN(untried-1)) % untried
	}
	var one, other *endpoint
	for _, e := range list {
		if !all && tried(a, e) {
			continue
		}
		if first == 0 {
			one = e
		}
		if second == 0 {
			other = e
		}
		first--
		second--
	}
	if other.inFlight.Load() < one.inFlight.Load() {
		return other
	}
	return one
}

// tried looks at the earlier attempts of the exchange; the last one is the attempt itself. One that met a dead pooled connection
// did not really meet the endpoint.
func tried(a *exchange.Attempt, e *endpoint) bool {
	for _, earlier := range a.Attempts[:len(a.Attempts)-1] {
		if earlier.Endpoint == e.address && earlier.Verdict.Outcome != policy.Stale {
			return true
		}
	}
	return false
}

// Endpoint is one endpoint as people see it.
type Endpoint struct {
	Address  string `json:"address"`
	State    string `json:"state"` // healthy, as long as nothing ejects endpoints
	InFlight int64  `json:"-"`
	Open     int    `json:"-"` // connections, with those that wait for reuse
	Idle     int    `json:"-"`
}

// Status lists the endpoints in the order of the policy.
func (p *Pool) Status() []Endpoint {
	list := *p.current.Load()
	status := make([]Endpoint, 0, len(list))
	for _, e := range list {
		status = append(status, e.status())
	}
	return status
}
