package upstream

import (
	"net"
	"net/http"
	"strings"
	"sync"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

// mostHosts bounds the hosts whose connections Anywhere keeps; beyond it the one that was used least recently gives way.
const mostHosts = 256

// Anywhere sends attempts to the host that the request itself names, for the outbound port's unknown: pass. It is an
// http.RoundTripper at the end of a stack, like Pool, and safe for concurrent use.
type Anywhere struct {
	options Options
	unknown *policy.Upstream

	mu     sync.Mutex
	known  map[string]*endpoint // by host:port
	recent []string             // least recently used first
}

// NewAnywhere returns an Anywhere under the policy of u, which has no endpoints of its own.
func NewAnywhere(u *policy.Upstream, o Options) *Anywhere {
	return &Anywhere{options: o, unknown: u, known: map[string]*endpoint{}}
}

// RoundTrip sends the attempt to the request's host over plain HTTP.
func (w *Anywhere) RoundTrip(req *http.Request) (*http.Response, error) {
	a := exchange.AttemptOf(req.Context())
	address := strings.ToLower(req.Host)
	if address == "" {
		return nil, failure.New(failure.NoRoute, "the request names no host")
	}
	if _, _, err := net.SplitHostPort(address); err != nil {
		address = net.JoinHostPort(strings.Trim(address, "[]"), "80")
	}
	e := w.take(address)
	a.Endpoint = e.address
	a.OnEnd(e, 0)
	return e.transport.RoundTrip(req)
}

// take finds or makes the endpoint of an address and counts the attempt there.
func (w *Anywhere) take(address string) *endpoint {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := w.known[address]
	if e == nil {
		e = newEndpoint(policy.Endpoint{Scheme: "http", Host: address}, w.unknown, w.options)
		w.known[address] = e
	}
	w.touch(address)
	e.inFlight.Add(1)
	return e
}

// touch makes address the most recent, and lets the least recent give way where there are too many. Requires mu.
func (w *Anywhere) touch(address string) {
	for i, other := range w.recent {
		if other == address {
			w.recent = append(w.recent[:i], w.recent[i+1:]...)
			break
		}
	}
	w.recent = append(w.recent, address)
	if len(w.recent) > mostHosts {
		w.known[w.recent[0]].remove()
		delete(w.known, w.recent[0])
		w.recent = w.recent[1:]
	}
}

// Adopt takes over the policy of u for connections that are made from now on.
func (w *Anywhere) Adopt(u *policy.Upstream) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unknown = u
}

// Status lists the hosts that are known, the most recent last.
func (w *Anywhere) Status() []Endpoint {
	w.mu.Lock()
	defer w.mu.Unlock()
	status := make([]Endpoint, 0, len(w.recent))
	for _, address := range w.recent {
		status = append(status, w.known[address].status())
	}
	return status
}

// Close removes every endpoint: attempts in flight may end.
func (w *Anywhere) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for address, e := range w.known {
		e.remove()
		delete(w.known, address)
	}
	w.recent = nil
}
