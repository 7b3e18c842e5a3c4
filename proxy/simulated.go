package proxy

import (
	"context"
	"io"
	"log/slog"
	"net"
	"slices"
	"time"

	"outrigger/policy"
	"outrigger/proxy/http1"
	"outrigger/proxy/observe"
	"outrigger/proxy/source/file"
	"outrigger/proxy/upstream"
)

// Simulated is a sidecar that is only tried out: the gate, the stacks and the wire of a running one, without ports, without a
// network, without a log, and without chance. It lives by the clock of whoever made it, which may be a fake one. Its methods are
// safe for concurrent use, but for Close.
type Simulated struct{ proxy *Proxy }

// Simulate makes a simulated sidecar of a compiled set. Dial takes the place of the network; its type is that of
// net.Dialer.DialContext; what it gives is never encrypted, also where the policy says https. Every wait that chance would shorten takes its whole time: a back-off the end of its range, an open
// circuit the tenth that it may last longer.
func Simulate(set *policy.Set, dial func(ctx context.Context, network, address string) (net.Conn, error)) (*Simulated, error) {
	p := &Proxy{
		options: Options{Stderr: io.Discard, LogLevel: "error"}, reach: upstream.Options{Dial: dial},
		jitter: func(below time.Duration) time.Duration { return below },
		level:  new(slog.LevelVar), asked: make(chan struct{}), source: file.New("", slog.New(slog.DiscardHandler)),
	}
	if err := p.assemble(plain(set)); err != nil {
		return nil, err
	}
	p.last.Store(&verdictOnPolicy{})
	return &Simulated{p}, nil
}

// Server is the wire of the inbound port, of the outbound port, or of the port that an upstream has or could have: serve it
// connections. It opens nothing by itself.
func (s *Simulated) Server(d policy.Direction, upstreamName string) *http1.Server {
	return s.proxy.entry("simulated", policy.Address{}, d, upstreamName).Server().(*http1.Server)
}

// Decisions are the exchanges that ended last, the latest first, at most observe.MaxDecisions.
func (s *Simulated) Decisions() []observe.Decision {
	return s.proxy.observer.Decisions(observe.Filter{Limit: observe.MaxDecisions})
}

// Upstreams tells how every upstream stands at this moment.
func (s *Simulated) Upstreams() []observe.UpstreamState { return status{s.proxy}.Upstreams() }

// Close ends every connection to an upstream. Nothing may be served after it.
func (s *Simulated) Close() { s.proxy.live.Close() }

// plain is a set whose endpoints are called without TLS.
func plain(set *policy.Set) *policy.Set {
	open := func(u *policy.Upstream) *policy.Upstream {
		c := *u
		c.Endpoints = slices.Clone(u.Endpoints)
		for i := range c.Endpoints {
			c.Endpoints[i].Scheme = "http"
		}
		return &c
	}
	c := *set
	c.Upstreams = slices.Clone(set.Upstreams)
	for i, u := range c.Upstreams {
		c.Upstreams[i] = open(u)
	}
	if set.Inbound != nil {
		c.Inbound = &policy.InboundPort{Listen: set.Inbound.Listen, Application: open(set.Inbound.Application)}
	}
	return &c
}
