// Package gate is where a request enters: it finds the upstream and the operation, cleans the header as an intermediary must,
// opens the exchange, runs the operation's ready stack, and copies the reply or writes the failure.
//
// It decides nothing about retries, limits or circuits: those stand in the stack. It knows no files and no metrics; it hands
// the ended exchange to the route's recorder. One Gate serves all ports of a sidecar and is safe for concurrent use.
package gate

import (
	"context"
	"net/http"
	"strings"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
	"outrigger/proxy/http1"
	"outrigger/proxy/live"
	"outrigger/proxy/observe"
)

// Gate serves clients under the current snapshot.
type Gate struct {
	live  *live.Live
	via   via
	sheds func() bool

	buffers http1.Buffers
}

// Options are what a gate needs beside the snapshots.
type Options struct {
	// Instance tells this sidecar from every other in Via fields, so that a request which comes back to it is recognised (RFC 9110
	// section 7.6.3).
	Instance string
	// Sheds is asked before each exchange whether new ones are turned away.
	Sheds func() bool
	// Buffers bounds what tunnels hold while they copy.
	Buffers http1.Buffers
}

// New returns a gate over the current snapshots of l.
func New(l *live.Live, o Options) *Gate {
	return &Gate{live: l, via: newVia(failure.ProxyName + "-" + o.Instance), sheds: o.Sheds, buffers: o.Buffers}
}

// comeBack is what a client is told to wait that was turned away: a moment in which others end.
const comeBack = time.Second

// Entry is one way in: the inbound port, the outbound proxy port, or the port of one upstream.
type Entry struct {
	Direction policy.Direction
	// Upstream names the upstream of a port of its own; empty for the outbound proxy port.
	Upstream string
	// Address is what the policy says that the port listens on; a renamed upstream is found by it.
	Address string
}

// Handler returns the handler of one entry.
func (g *Gate) Handler(e Entry) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.serve(&e, w, r) })
}

func (g *Gate) serve(e *Entry, w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	s := g.live.Current()
	target, refusal := e.target(s, r)
	path := rawPath(r)
	route := target.Unmatched()
	if refusal == nil {
		route, refusal = match(target, r.Method, path)
	}
	if refusal == nil && g.sheds() {
		refusal = &failure.Error{Code: failure.Overload, Detail: "memory is short, new requests are not taken on", RetryAfter: comeBack}
	}

	ex := exchange.New(r.Context(), target.Upstream, route.Operation, start)
	ex.Version, ex.Method, ex.Path, ex.Client = s.Set.Version, r.Method, path, r.RemoteAddr
	observe.Trace(r.Header, ex)
	if c, ok := r.Context().(http1.Lender); ok {
		c.Lend(ex)
	}
	target.InFlight.Add(1)
	v := &visit{gate: g, snapshot: s, entry: e, route: route, target: target, ex: ex, w: w}
	defer v.end()

	trusted := s.Trusts(r.RemoteAddr)
	if refusal == nil {
		refusal = g.clean(r, ex, hop{direction: e.Direction, trusted: trusted, forwarded: s.Set.Trust.Forwarded})
	}
	if refusal != nil {
		v.fail(refusal)
		return
	}
	if r.Method == http.MethodTrace || r.Method == http.MethodOptions {
		if answered := v.maxForwards(r); answered {
			return
		}
	}
	ex.Reply = w
	v.run(r)
}

// match finds the route of a path, or says why there is none.
func match(t *live.Target, method, path string) (*live.Route, *failure.Error) {
	canonical, ok := policy.Canonical(path)
	if !ok && path != "*" {
		return t.Unmatched(), failure.New(failure.RequestInvalid, "the path climbs above its root or holds a broken escape")
	}
	if method == http.MethodConnect {
		return t.Unmatched(), &failure.Error{Code: failure.RequestInvalid, Status: http.StatusMethodNotAllowed, Detail: "CONNECT is not enabled"}
	}
	op := t.Upstream.Match(method, canonical)
	route := t.Route(op)
	if op == t.Upstream.Unmatched && t.Upstream.RefuseUnmatched {
		return route, failure.New(failure.NoRoute, "no operation of "+t.Upstream.Name+" matches, and its policy says unmatched: refuse")
	}
	return route, nil
}

// rawPath is the path as the client wrote it, without its query.
func rawPath(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		path, _, _ := strings.Cut(r.RequestURI, "?")
		return path
	}
	if r.RequestURI == "*" {
		return "*"
	}
	if p := r.URL.EscapedPath(); p != "" {
		return p
	}
	return "/"
}

// Refuse answers what the wire could not read as a request, and counts and logs it like any other exchange.
func (g *Gate) Refuse(e Entry) func(w http.ResponseWriter, r *http1.Refusal) {
	return func(w http.ResponseWriter, r *http1.Refusal) {
		s := g.live.Current()
		target := s.Nowhere(e.Direction)
		switch {
		case e.Direction == policy.Inbound && s.Application() != nil:
			target = s.Application()
		case e.Upstream != "" && s.Port(e.Upstream, e.Address) != nil:
			target = s.Port(e.Upstream, e.Address)
		}
		route := target.Unmatched()
		ex := exchange.New(context.Background(), target.Upstream, route.Operation, time.Now())
		ex.Version = s.Set.Version
		observe.Trace(http.Header{}, ex)
		target.InFlight.Add(1)
		v := &visit{gate: g, snapshot: s, entry: &e, route: route, target: target, ex: ex, w: w}
		defer v.end()
		f := &failure.Error{Code: failure.RequestInvalid, Status: r.Status, Detail: r.Reason}
		if r.Status == http.StatusServiceUnavailable {
			f.Code, f.RetryAfter = failure.Overload, comeBack
		}
		v.fail(f)
	}
}
