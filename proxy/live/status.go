package live

import (
	"errors"

	"outrigger/policy"
)

// Status is how the parts of one operation stand.
type Status struct {
	Target *Target
	Routes []*Route // in the order of the policy, the unmatched one last
}

// Status lists every target of the current snapshot with its routes.
func (l *Live) Status() []Status {
	s := l.Current()
	if s == nil {
		return nil
	}
	var all []Status
	for _, u := range s.Set.All() {
		t := s.byName[u.Name]
		if u.Direction == policy.Inbound {
			t = s.application
		}
		st := Status{Target: t}
		for _, op := range u.Operations {
			st.Routes = append(st.Routes, t.routes[op])
		}
		all = append(all, Status{t, append(st.Routes, t.unmatched)})
	}
	if s.unknown != nil {
		all = append(all, Status{s.unknown, []*Route{s.unknown.unmatched}})
	}
	return all
}

// What Force fails with.
var (
	ErrNoOperation = errors.New("the policy has no such operation")
	ErrNoCircuit   = errors.New("the policy switches the breaker of this operation off")
)

// Force holds the circuit of an operation open or closed, or gives it back to its rules with auto.
func (l *Live) Force(upstream, operation, state string) error {
	for _, s := range l.Status() {
		for _, r := range s.Routes {
			if s.Target.Upstream.Name != upstream || r.Operation.ID != operation {
				continue
			}
			if r.Parts.Circuit == nil || r.Operation.Policy.Breaker.Off {
				return ErrNoCircuit
			}
			return r.Parts.Circuit.Force(state)
		}
	}
	return ErrNoOperation
}
