package proxy

import (
	"context"
	"errors"
	"strconv"

	"outrigger/policy"
	"outrigger/proxy/admin"
	"outrigger/proxy/live"
	"outrigger/proxy/observe"
	"outrigger/proxy/source/file"
)

// status is the sidecar as operators see it: it answers admin and observe.
type status struct{ p *Proxy }

// Upstreams tells how every upstream of the current set stands.
func (s status) Upstreams() []observe.UpstreamState {
	var all []observe.UpstreamState
	for _, st := range s.p.live.Status() {
		all = append(all, s.upstream(st))
	}
	return all
}

func (s status) upstream(st live.Status) observe.UpstreamState {
	u := st.Target.Upstream
	state := observe.UpstreamState{Name: u.Name, Direction: u.Direction, InFlight: int(st.Target.InFlight.Load()), BudgetLeft: 1}
	for _, r := range st.Routes {
		op := operationState(r)
		op.UndeclaredStatuses = s.undeclaredStatuses(u, r.Operation)
		state.Operations = append(state.Operations, op)
	}
	s.undeclared(&state, u)
	parts := st.Target.Unmatched().Parts
	if parts.Endpoints == nil {
		return state
	}
	state.BudgetLeft = parts.Budget.AvailableRatio()
	for _, e := range parts.Endpoints.Status() {
		state.Endpoints = append(state.Endpoints, observe.EndpointState{Address: e.Address, State: e.State})
		state.Connections += e.Open
	}
	return state
}

func operationState(r *live.Route) observe.OperationState {
	state := observe.OperationState{Name: r.Operation.ID, Circuit: "off", Deprecated: r.Operation.Deprecated}
	if ended, ok := r.Recorder.(interface{ Ended() uint64 }); ok {
		state.Requests = ended.Ended()
	}
	if timed, ok := r.Recorder.(interface {
		Latency() (exchanges, attempts *observe.Latency)
	}); ok {
		state.Exchanges, state.Attempts = timed.Latency()
	}
	if c := r.Parts.Circuit; c != nil && !r.Operation.Policy.Breaker.Off {
		at := c.Status()
		state.Circuit, state.Since, state.FailureRate = string(at.State), at.Since, at.FailureRate
	}
	if l := r.Parts.Limiter; l != nil {
		state.InFlight, state.Queued, state.Peak = l.InFlight(), l.Queued(), l.Peak()
		if c := r.Operation.Policy.Concurrency; !c.Off {
			state.Limit = c.Max
		}
	}
	return state
}

// undeclared adds what was asked of an upstream that none of its operations declares.
func (s status) undeclared(state *observe.UpstreamState, u *policy.Upstream) {
	state.Declared = u.Declared
	told, others := s.p.drift.Requests(u.Direction, u.Name)
	for _, r := range told {
		state.Undeclared = append(state.Undeclared, observe.UndeclaredRequests{
			Method: r.Method, Template: r.Template, Requests: r.Count, Succeeded: r.Succeeded, Last: r.Last,
		})
	}
	state.UndeclaredOthers = others
}

func (s status) undeclaredStatuses(u *policy.Upstream, op *policy.Operation) map[string]uint64 {
	counted := s.p.drift.Statuses(u.Direction, u.Name, op.ID)
	if counted == nil {
		return nil
	}
	named := make(map[string]uint64, len(counted))
	for status, n := range counted {
		if status == 0 {
			named["_other"] = n
			continue
		}
		named[strconv.Itoa(status)] = n
	}
	return named
}

// ClientConnections counts the open connections of all ports that carry requests.
func (s status) ClientConnections() int { return s.p.ports.Connections() }

// Live never fails: whoever can answer is alive.
func (s status) Live() []admin.Check { return []admin.Check{{Name: "process"}} }

// Started passes once the ports are bound.
func (s status) Started() []admin.Check {
	c := admin.Check{Name: "ports"}
	if s.p.state.Load() == starting {
		c.Err = errors.New("the ports are not bound yet")
	}
	return []admin.Check{c}
}

// Ready fails before the first policy and while draining. An edit that was rejected is told, but the last good policy serves on.
func (s status) Ready() []admin.Check {
	serves := admin.Check{Name: "serving"}
	switch s.p.state.Load() {
	case starting:
		serves.Err = errors.New("the ports are not bound yet")
	case draining:
		serves.Err = errors.New("the sidecar drains")
	}
	return []admin.Check{serves, {Name: "policy", Note: s.note()}, {Name: "load", Note: s.strain()}}
}

func (s status) note() string {
	if err := s.p.rejected(); err != nil {
		return "the latest edit was rejected, version " + short(s.Current().Version) + " still serves: " + err.Error()
	}
	return ""
}

// Current is the served set.
func (s status) Current() *policy.Set {
	if snapshot := s.p.live.Current(); snapshot != nil {
		return snapshot.Set
	}
	return nil
}

// Reload reads the policy again. It ignores ctx: a reading is bounded by the size of its files.
func (s status) Reload(context.Context) (admin.Reload, error) {
	var done admin.Reload
	s.p.source.Reload(func(u file.Update) {
		before := s.Current().Version
		s.p.offer(u)
		done = admin.Reload{Version: s.Current().Version, Result: "applied", Problems: u.Problems}
		switch {
		case s.p.rejected() != nil:
			done.Result = "rejected"
			if err := s.p.last.Load().err; err != nil {
				done.Reason = err.Error()
			}
		case done.Version == before:
			done.Result = "unchanged"
		}
	})
	return done, nil
}
