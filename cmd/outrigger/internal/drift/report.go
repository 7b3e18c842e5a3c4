// Package drift turns what a running sidecar counted beside the specs into a report, and into changes of the policy.
//
// It decides what counts as drift. It refuses to know how the sidecar is asked and how a policy file is changed.
package drift

import (
	"maps"
	"slices"

	"outrigger/policy"
	"outrigger/proxy/observe"
)

// Report is how the traffic of a sidecar differs from the specs, by upstream.
type Report struct {
	Version   int        `json:"version"`
	Upstreams []Upstream `json:"upstreams"`
	// Differs says that traffic and specs disagree. Operations that nobody calls are no disagreement.
	Differs bool `json:"differs"`
}

// Upstream is the drift of one upstream.
type Upstream struct {
	Name      string           `json:"name"`
	Direction policy.Direction `json:"direction"`
	// Spec says that a spec stands behind it; without one only the policy can declare operations.
	Spec     bool   `json:"spec"`
	Requests uint64 `json:"requests"` // all of them
	// Undeclared are requests that match no operation, Others how many more there were than are told of.
	Undeclared []observe.UndeclaredRequests `json:"undeclared_requests"`
	Others     uint64                       `json:"undeclared_others"`
	Statuses   []Status                     `json:"undeclared_statuses"`
	Deprecated []Deprecated                 `json:"deprecated_in_use"`
	// Uncalled are the operations of the spec that nobody called.
	Uncalled []string `json:"never_called"`
}

// Status is one that an operation answered with though its spec does not declare it.
type Status struct {
	Operation string `json:"operation"`
	Status    string `json:"status"`
	Answers   uint64 `json:"answers"`
}

// Deprecated is an operation that the spec gives up and that callers still use.
type Deprecated struct {
	Operation string `json:"operation"`
	Requests  uint64 `json:"requests"`
}

// Of reports on every upstream.
func Of(states []observe.UpstreamState) Report {
	report := Report{Version: 1, Upstreams: []Upstream{}}
	for i := range states {
		u := of(&states[i])
		report.Upstreams = append(report.Upstreams, u)
		report.Differs = report.Differs || u.differs()
	}
	return report
}

func of(s *observe.UpstreamState) Upstream {
	u := Upstream{
		Name: s.Name, Direction: s.Direction, Spec: s.Declared, Others: s.UndeclaredOthers,
		Undeclared: append([]observe.UndeclaredRequests{}, s.Undeclared...),
		Statuses:   []Status{}, Deprecated: []Deprecated{}, Uncalled: []string{},
	}
	for _, op := range s.Operations {
		u.Requests += op.Requests
		if op.Name == policy.Unmatched {
			continue
		}
		for _, status := range slices.Sorted(maps.Keys(op.UndeclaredStatuses)) {
			u.Statuses = append(u.Statuses, Status{op.Name, status, op.UndeclaredStatuses[status]})
		}
		switch {
		case op.Deprecated && op.Requests > 0:
			u.Deprecated = append(u.Deprecated, Deprecated{op.Name, op.Requests})
		case op.Requests == 0 && s.Declared:
			u.Uncalled = append(u.Uncalled, op.Name)
		}
	}
	return u
}

func (u *Upstream) differs() bool {
	return len(u.Undeclared) > 0 || len(u.Statuses) > 0 || len(u.Deprecated) > 0
}
