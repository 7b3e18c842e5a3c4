package live

import (
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"

	"outrigger/policy"
)

// Snapshot is one policy set made ready to serve. It is immutable.
type Snapshot struct {
	Set *policy.Set

	application *Target
	byName      map[string]*Target
	byHost      map[string]*Target
	nowhere     map[policy.Direction]*Target
	trusted     []netip.Prefix
}

// Target is an upstream with the ready stacks of its operations.
type Target struct {
	Upstream *policy.Upstream
	// InFlight counts the exchanges of this upstream and direction, across snapshots.
	InFlight *atomic.Int64

	routes    map[*policy.Operation]*Route
	unmatched *Route
}

// Route is one operation, ready to run.
type Route struct {
	Operation *policy.Operation
	Stack     http.RoundTripper
	Recorder  Recorder
	// Parts are the state below the stack; zero where no endpoint is known.
	Parts Parts
}

// Route returns the route of an operation of the target's upstream.
func (t *Target) Route(op *policy.Operation) *Route {
	if r := t.routes[op]; r != nil {
		return r
	}
	return t.unmatched
}

// Unmatched is the route of requests that match no operation.
func (t *Target) Unmatched() *Route { return t.unmatched }

// Application is the target of the inbound port, or nil.
func (s *Snapshot) Application() *Target { return s.application }

// Upstream is the target of a name, or nil.
func (s *Snapshot) Upstream(name string) *Target { return s.byName[name] }

// Host is the target that the outbound port knows by a lower-case host, or nil.
func (s *Snapshot) Host(host string) *Target { return s.byHost[host] }

// Nowhere is the target of requests that have none, so that they too are counted and logged. Its stack is nil.
func (s *Snapshot) Nowhere(d policy.Direction) *Target { return s.nowhere[d] }

// Trusts reports whether the policy believes the caller at a socket address.
func (s *Snapshot) Trusts(remote string) bool {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	addr := at.Addr().Unmap()
	for _, p := range s.trusted {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// build makes the snapshot of a set. Everything that could fail was refused by package compile.
func (l *Live) build(set *policy.Set) *Snapshot {
	s := &Snapshot{Set: set, byName: map[string]*Target{}, byHost: map[string]*Target{}, nowhere: map[policy.Direction]*Target{}}
	for _, cidr := range set.Trust.Callers {
		if p, err := netip.ParsePrefix(cidr); err == nil {
			s.trusted = append(s.trusted, p)
		}
	}
	for _, d := range []policy.Direction{policy.Inbound, policy.Outbound} {
		s.nowhere[d] = l.target(nowhere(d))
	}
	if set.Inbound != nil {
		s.application = l.target(set.Inbound.Application)
	}
	for _, u := range set.Upstreams {
		t := l.target(u)
		s.byName[u.Name] = t
		for _, host := range u.Hosts {
			s.byHost[strings.ToLower(host)] = t
		}
	}
	return s
}

// unknown is the upstream label of requests that lead nowhere.
const unknown = "unknown"

func nowhere(d policy.Direction) *policy.Upstream {
	return &policy.Upstream{Name: unknown, Direction: d, Unmatched: &policy.Operation{ID: policy.Unmatched}}
}

func (l *Live) target(u *policy.Upstream) *Target {
	t := &Target{Upstream: u, InFlight: l.state.counter(u), routes: map[*policy.Operation]*Route{}}
	for _, op := range u.Operations {
		t.routes[op] = l.route(u, op)
	}
	t.unmatched = l.route(u, u.Unmatched)
	return t
}

func (l *Live) route(u *policy.Upstream, op *policy.Operation) *Route {
	r := &Route{Operation: op, Recorder: l.options.Record(u, op)}
	if len(u.Endpoints) > 0 {
		r.Parts = l.parts(u, op)
		r.Stack = l.options.Stack(r.Parts)
	}
	return r
}
