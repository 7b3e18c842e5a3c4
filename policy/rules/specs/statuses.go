package specs

import (
	"fmt"
	"slices"

	"outrigger/policy"
	"outrigger/policy/rules"
	"outrigger/policy/spelling"
)

// AnyHop are statuses that any hop may send, so that specs hardly ever declare them.
var AnyHop = policy.Statuses(408, 425, 429, 500, 502, 503, 504)

// checkStatuses warns of a status that the operation never answers by its spec.
func checkStatuses(u *rules.Upstream, o *rules.Operation, report rules.Report) {
	if u.Catalog == nil {
		return
	}
	for _, list := range []struct {
		key   string
		items []rules.Condition
	}{{"retry.when", o.When}, {"breaker.failures", o.Failures}} {
		v, ok := o.Value(list.key)
		if !ok || v.Named {
			continue
		}
		for _, item := range list.items {
			switch {
			case item.Status == 0 || AnyHop.Has(item.Status):
			case v.Level == rules.Own && !declares(o, item.Status):
				undeclared(list.key, item, o, report)
			case v.Level == rules.Shared && !slices.ContainsFunc(u.Operations, func(o *rules.Operation) bool { return declares(o, item.Status) }):
				undeclaredByAny(list.key, item, u, report)
			}
		}
	}
}

// checkNamedStatuses is checkStatuses for what named policies bring to operations: of those that use one, one must declare the status.
func checkNamedStatuses(u *rules.Upstream, report rules.Report) {
	if u.Catalog == nil {
		return
	}
	type use struct {
		key      string
		item     rules.Condition
		declared bool
	}
	uses := map[policy.Place]*use{}
	var order []*use
	for _, o := range u.Operations {
		for key, items := range map[string][]rules.Condition{"retry.when": o.When, "breaker.failures": o.Failures} {
			v, ok := o.Value(key)
			if !ok || !v.Named || v.Level != rules.Own {
				continue
			}
			for _, item := range items {
				if item.Status == 0 || AnyHop.Has(item.Status) {
					continue
				}
				one := uses[item.Place]
				if one == nil {
					one = &use{key: key, item: item}
					uses[item.Place] = one
					order = append(order, one)
				}
				one.declared = one.declared || declares(o, item.Status)
			}
		}
	}
	for _, one := range order {
		if !one.declared {
			report(unknownStatus(one.key, one.item, "any operation of "+u.Title+" that uses the policy"))
		}
	}
}

// declares reports whether the spec has a response for code; an operation whose spec names none at all says nothing of any.
func declares(o *rules.Operation, code int) bool {
	if o.Spec == nil {
		return false
	}
	st := o.Spec.Statuses
	return st.Literal.IsZero() && st.Ranges.IsZero() && !st.Default || st.Declares(code)
}

func undeclared(key string, item rules.Condition, o *rules.Operation, report rules.Report) {
	p := unknownStatus(key, item, "operation "+o.ID)
	if o.Spec != nil {
		p.Because = o.Spec.Place
	}
	report(p)
}

func undeclaredByAny(key string, item rules.Condition, u *rules.Upstream, report rules.Report) {
	report(unknownStatus(key, item, "any operation of "+u.Title))
}

func unknownStatus(key string, item rules.Condition, who string) policy.Problem {
	p := policy.Problem{
		Code: CodeUndeclaredStatus, Severity: policy.Warning, Place: item.Place,
		Message:  fmt.Sprintf("%s: status %d is not declared by %s", key, item.Status, who),
		Expected: "a status that the spec declares, or one that any hop may send: " + codes(AnyHop), Suggestion: "remove it, or declare the response in the spec",
	}
	if item.Status == 409 && key == "retry.when" {
		p.Severity, p.Expected = policy.Error, "409 only where the spec says that the operation answers it"
	}
	return p
}

func codes(s policy.StatusSet) string {
	var all []string
	for _, code := range s.Codes() {
		all = append(all, fmt.Sprint(code))
	}
	return spelling.List(all)
}
