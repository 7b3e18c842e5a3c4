package drift

import (
	"fmt"

	"outrigger/cmd/outrigger/internal/patch"
	"outrigger/policy"
	"outrigger/policy/mend"
)

// enough requests without a single undeclared one speak for a spec that is whole.
const enough = 10_000

// Changes are what the report calls for in the policy that set was compiled from: operations that a policy without a spec should
// know, and refusing what a spec that has proven whole does not declare.
func (r Report) Changes(set *policy.Set) []patch.Change {
	var all []patch.Change
	reported := map[string]*Upstream{}
	for i := range r.Upstreams {
		u := &r.Upstreams[i]
		reported[string(u.Direction)+" "+u.Name] = u
	}
	for _, u := range set.All() {
		drift := reported[string(u.Direction)+" "+u.Name]
		if drift == nil {
			continue
		}
		path := []string{"upstreams", u.Name}
		if u.Direction == policy.Inbound {
			path = []string{"inbound"}
		}
		for _, c := range drift.changes(u) {
			c.Path = append(append([]string{}, path...), c.Path...)
			all = append(all, patch.Change{File: u.Place.File, Change: c})
		}
	}
	return all
}

func (u *Upstream) changes(of *policy.Upstream) []mend.Change {
	if u.Spec {
		if len(u.Undeclared) == 0 && u.Others == 0 && u.Requests >= enough && !of.RefuseUnmatched {
			return []mend.Change{{Path: []string{"unmatched"}, Value: "refuse"}}
		}
		return nil
	}
	var all []mend.Change
	for _, q := range u.Undeclared {
		if q.Succeeded > 0 && q.Method != "_other" {
			all = append(all, mend.Change{Path: []string{"operations", q.Method + " " + q.Template}, Value: "{}"})
		}
	}
	return all
}

// ForSpecs are the lines that the specs lack, as their owners would write them; empty where they lack none.
func (r Report) ForSpecs() string {
	text := ""
	for i := range r.Upstreams {
		u := &r.Upstreams[i]
		if !u.Spec {
			continue
		}
		lines := ""
		for _, q := range u.Undeclared {
			if q.Succeeded > 0 {
				lines += fmt.Sprintf("  paths, %s: %s\n", q.Template, q.Method)
			}
		}
		for _, s := range u.Statuses {
			lines += fmt.Sprintf("  operation %s, responses: %q\n", s.Operation, s.Status)
		}
		if lines != "" {
			text += fmt.Sprintf("the spec of %s lacks\n%s", u.Name, lines)
		}
	}
	return text
}
