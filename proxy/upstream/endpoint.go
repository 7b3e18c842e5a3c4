package upstream

import (
	"strings"
	"sync/atomic"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/http1"
)

// endpoint is one address with its connections.
//
// Life: listed → removed, by an edit → closed, when no attempt is in flight there. An attempt counts itself before it looks whether
// the endpoint was removed, and removal looks at the count after it is marked: one of the two always sees the other.
type endpoint struct {
	scheme    string
	address   string // host:port
	host      string // for the Host field: without a port that the scheme implies
	transport *http1.Transport
	inFlight  atomic.Int64
	removed   atomic.Bool
}

func newEndpoint(declared policy.Endpoint, u *policy.Upstream, o Options) *endpoint {
	e := &endpoint{scheme: declared.Scheme, address: declared.Host}
	port := map[string]string{"http": ":80", "https": ":443"}[declared.Scheme]
	e.host = strings.TrimSuffix(declared.Host, port)
	e.transport = &http1.Transport{Dial: o.dial(declared), Follow: o.Limits, Buffers: o.Buffers}
	if u.Unmatched != nil {
		e.transport.Limits.BodyTimeout = u.Unmatched.Policy.Timeouts.Idle
	}
	return e
}

func (e *endpoint) identity() string { return e.scheme + "://" + e.address }

// EndAttempt counts the attempt out.
func (e *endpoint) EndAttempt(*exchange.Attempt, uint64) {
	if e.inFlight.Add(-1) == 0 && e.removed.Load() {
		e.transport.Close()
	}
}

func (e *endpoint) status() Endpoint {
	return Endpoint{Address: e.address, State: "healthy", InFlight: e.inFlight.Load(), Open: e.transport.Open(), Idle: e.transport.Idle()}
}

func (e *endpoint) remove() {
	e.removed.Store(true)
	if e.inFlight.Load() == 0 {
		e.transport.Close()
		return
	}
	e.transport.CloseIdle()
}
