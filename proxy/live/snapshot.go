package live

import (
	"net/http"
	"net/netip"
	"slices"
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
	unknown     *Target
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
	// Parts are the state below the stack; zero where nothing leads anywhere.
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

// Port is the target of the port that an upstream of a name has at an address: that upstream, or the one that an edit gave its name
// or its port to, as long as connections to the old port last. Nil where the set has neither.
func (s *Snapshot) Port(name, address string) *Target {
	if t := s.byName[name]; t != nil {
		return t
	}
	fixed := address != "" && !strings.HasSuffix(address, ":0")
	for _, u := range s.Set.Upstreams {
		if fixed && u.Listen.HostPort == address || slices.Contains(u.Formerly, name) {
			return s.byName[u.Name]
		}
	}
	return nil
}

// Host is the target that the outbound port knows by a lower-case host, or nil.
func (s *Snapshot) Host(host string) *Target { return s.byHost[host] }

// Unknown is the target of hosts that no upstream lists where the policy lets them pass, or nil.
func (s *Snapshot) Unknown() *Target { return s.unknown }

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
		s.nowhere[d] = l.nowhere(d)
	}
	if set.Inbound != nil {
		s.application = l.target(set.Inbound.Application)
	}
	if set.Outbound != nil && set.Outbound.Unknown != nil {
		s.unknown = l.target(set.Outbound.Unknown)
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

// nowhere makes the target of requests that lead nowhere: it is counted, and has no stack.
func (l *Live) nowhere(d policy.Direction) *Target {
	u := &policy.Upstream{Name: policy.Unknown, Direction: d, Unmatched: &policy.Operation{ID: policy.Unmatched}}
	return &Target{Upstream: u, InFlight: l.state.counter(u), unmatched: &Route{Operation: u.Unmatched, Recorder: l.options.Record(u, u.Unmatched)}}
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
	parts := l.parts(u, op)
	return &Route{Operation: op, Recorder: l.options.Record(u, op), Parts: parts, Stack: l.options.Stack(parts)}
}
