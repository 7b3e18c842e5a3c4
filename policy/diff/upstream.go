package diff

import (
	"slices"
	"strings"

	"outrigger/policy"
)

// upstreams pairs the upstreams of two sets by direction and name, or by a former name.
func (l *list) upstreams(before, after *policy.Set) {
	old := everyUpstream(before)
	paired := map[*policy.Upstream]bool{}
	for _, u := range everyUpstream(after) {
		was := upstreamNamed(old, u)
		if was == nil {
			what := "calls to it get its policy from now on"
			if u.Direction == policy.Inbound {
				what = "the sidecar carries calls to the application from now on"
			}
			l.add(Change{Effect: Neutral, What: "added: " + what, NewSource: u.Place.String()}, whole(u))
			continue
		}
		paired[was] = true
		if was.Name != u.Name {
			l.add(Change{
				Effect: Neutral, What: "renamed from " + was.Name + ": circuits, budget and connections stay",
				OldSource: was.Place.String(), NewSource: u.Place.String(),
			}, whole(u))
		}
		l.upstream(was, u)
	}
	for _, u := range old {
		if !paired[u] {
			what := "its hosts are unknown to the outbound port, and its own port is closed"
			if u.Direction == policy.Inbound {
				what = "the sidecar carries no calls to the application any more"
			}
			l.add(Change{Effect: Riskier, What: "removed: " + what, OldSource: u.Place.String()}, whole(u))
		}
	}
}

func everyUpstream(s *policy.Set) []*policy.Upstream {
	all := s.All()
	if s.Outbound != nil && s.Outbound.Unknown != nil {
		all = append(all, s.Outbound.Unknown)
	}
	return all
}

func upstreamNamed(old []*policy.Upstream, u *policy.Upstream) *policy.Upstream {
	for _, name := range append([]string{u.Name}, u.Formerly...) {
		for _, was := range old {
			if was.Direction == u.Direction && was.Name == name {
				return was
			}
		}
	}
	return nil
}

func whole(u *policy.Upstream) Where { return Where{Direction: u.Direction, Upstream: u.Name} }

// upstream compares what belongs to an upstream as a whole, then its operations.
func (l *list) upstream(was, is *policy.Upstream) {
	values := func(u *policy.Upstream) []setting {
		return []setting{
			{"listen", spellAddress(u.Listen), source(u.Listen.Place, u.Place)},
			{"hosts", spellList(u.Hosts), u.Place.String()},
			{"endpoints", spellEndpoints(u), source(firstEndpoint(u), u.Place)},
			{"unmatched", either(u.RefuseUnmatched, "refuse", "pass"), u.Place.String()},
			{"openapi", either(u.Declared, "given", "none"), u.Place.String()},
		}
	}
	now := values(is)
	for i, old := range values(was) {
		l.setting(old, now[i], whole(is))
	}
	l.operations(was, is)
	l.markAll(is)
}

// markAll finds the changes that leave no operation of an upstream out.
func (l *list) markAll(u *policy.Upstream) {
	ids := map[string]bool{u.Unmatched.ID: true}
	for _, op := range u.Operations {
		ids[op.ID] = true
	}
	for _, c := range l.changes {
		for i := range c.Where {
			w := &c.Where[i]
			if w.Upstream != u.Name || w.Direction != u.Direction || len(w.Operations) != len(ids) {
				continue
			}
			w.All = !slices.ContainsFunc(w.Operations, func(op Operation) bool { return !ids[op.ID] })
		}
	}
}

func spellAddress(a policy.Address) string {
	if a.HostPort == "" {
		return "off"
	}
	return a.HostPort
}

// spellList gives a set of words in one order, so that their order in the file says nothing.
func spellList(words []string) string {
	sorted := slices.Sorted(slices.Values(words))
	return "[" + strings.Join(sorted, ", ") + "]"
}

func spellEndpoints(u *policy.Upstream) string {
	var all []string
	for _, e := range u.Endpoints {
		all = append(all, e.Scheme+"://"+e.Host)
	}
	return spellList(all)
}

func firstEndpoint(u *policy.Upstream) policy.Place {
	if len(u.Endpoints) == 0 {
		return policy.Place{}
	}
	return u.Endpoints[0].Place
}

// source is the first place that is known, as people read it; "" where none is.
func source(places ...policy.Place) string {
	for _, p := range places {
		if p != (policy.Place{}) {
			return p.String()
		}
	}
	return ""
}

func either(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}
