package proxy

import (
	"context"
	"net"
	"net/http/httptest"

	"outrigger/policy"
	"outrigger/proxy/http1"
	"outrigger/proxy/observe"
	"outrigger/proxy/upstream"
)

// Dial opens connections to upstreams in place of the network.
type Dial = func(ctx context.Context, network, address string) (net.Conn, error)

// NewInMemory is New without a network: nothing is bound, and clients come by Serve.
func NewInMemory(o Options, dial Dial) (*Proxy, error) {
	return newProxy(o, upstream.Options{Dial: dial})
}

// InRoot makes the files of a system below root the ones that a sidecar looks at.
func InRoot(o Options, root string) Options {
	o.root = root
	return o
}

// Server is the server of the inbound port, or for a name of that upstream's port.
func (p *Proxy) Server(d policy.Direction, upstreamName string) *http1.Server {
	return p.entry("test", policy.Address{}, d, upstreamName).Server().(*http1.Server)
}

// Upstreams is what /operations shows.
func (p *Proxy) Upstreams() []observe.UpstreamState { return status{p}.Upstreams() }

// Decisions is what /decisions shows.
func (p *Proxy) Decisions() []observe.Decision {
	return p.observer.Decisions(observe.Filter{Limit: observe.MaxDecisions})
}

// Metrics is what /metrics shows.
func (p *Proxy) Metrics() string {
	w := httptest.NewRecorder()
	p.observer.Metrics().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

// End lets go of what New made.
func (p *Proxy) End() { p.live.Close() }
