package explain

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"outrigger/policy"
)

// Question is one request to explain.
type Question struct {
	Set *policy.Set
	// Inbound asks about calls to the application, Upstream about calls to the upstream of that name. With neither, the target
	// decides by its host, or the set by having only one.
	Inbound  bool
	Upstream string
	Method   string
	// Target is a path with or without a query, or an absolute URL.
	Target string
	// Header holds the fields of the request, by canonical name.
	Header map[string]string
}

// Answer is what the policy says. Its JSON is the contract of outrigger explain --output json.
type Answer struct {
	Operation string           `json:"operation"`
	Upstream  string           `json:"upstream"`
	Direction policy.Direction `json:"direction"`
	Method    string           `json:"method"`
	Path      string           `json:"path"`
	// Template and Declared are empty for the unmatched operation.
	Template  string   `json:"template,omitempty"`
	Declared  string   `json:"declared,omitempty"` // file:line of the spec, or of the policy without one
	Endpoints []string `json:"endpoints"`
	// Plain tells it in a few sentences.
	Plain      string   `json:"plain"`
	Effective  []Value  `json:"effective"`
	Worst      Worst    `json:"worst_case"`
	Retried    []Reason `json:"retried"`
	NotRetried []Reason `json:"not_retried"`
	// Notes are what a reader should know besides.
	Notes []string `json:"notes,omitempty"`
	// Refused is the code of our own answer, where the request would never reach an endpoint.
	Refused string `json:"refused,omitempty"`
}

// Reason is something that may happen, and why it is retried or not.
type Reason struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// Explain answers a question. The error says which part of the question has no answer in this set, and what to ask instead.
func Explain(q Question) (*Answer, error) {
	u, path, err := find(q)
	if err != nil {
		return nil, err
	}
	canonical, ok := policy.Canonical(path)
	if !ok {
		return nil, fmt.Errorf("path %q climbs above its root or holds a broken escape: the sidecar answers it with 400 request_invalid", path)
	}
	op := u.Match(q.Method, canonical)
	a := &Answer{
		Operation: op.ID, Upstream: u.Name, Direction: u.Direction, Method: q.Method, Path: canonical, Template: op.Template,
		Endpoints: []string{}, Effective: Effective(u, op), Retried: []Reason{}, NotRetried: []Reason{},
	}
	for _, e := range u.Endpoints {
		a.Endpoints = append(a.Endpoints, e.Scheme+"://"+e.Host)
	}
	if op == u.Unmatched {
		a.unmatched(u, q)
	} else {
		a.Declared = op.Place.String()
	}
	if a.Refused != "" {
		a.Worst.Steps = []Step{}
		return a, nil
	}
	c := newCase(u, op, q)
	a.Worst = c.worst()
	a.Plain = c.plain(canonical, a.Worst)
	a.Retried, a.NotRetried = c.retried()
	a.Notes = append(a.Notes, c.notes()...)
	return a, nil
}

func (a *Answer) unmatched(u *policy.Upstream, q Question) {
	switch {
	case u.RefuseUnmatched:
		a.Refused = "no_route"
		a.Notes = append(a.Notes, "no operation matches and unmatched is refuse: the sidecar answers 404 no_route")
	case u.Declared:
		a.Notes = append(a.Notes, "no operation of the spec matches: the upstream's own policy holds, and outrigger_undeclared_requests_total counts the request")
	case len(u.Operations) > 0:
		a.Notes = append(a.Notes, "no operation of the policy matches: the upstream's own policy holds")
	}
	upper := strings.ToUpper(q.Method)
	if upper != q.Method && u.Match(upper, a.Path) != u.Unmatched {
		a.Notes = append(a.Notes, fmt.Sprintf("methods are told apart by case: %s %s is operation %s", upper, a.Path, u.Match(upper, a.Path).ID))
	}
}

// find gives the upstream a question is about, and the path of its target.
func find(q Question) (*policy.Upstream, string, error) {
	path, host := q.Target, ""
	if strings.Contains(path, "://") {
		target, err := url.Parse(path)
		if err != nil || target.Host == "" {
			return nil, "", fmt.Errorf("target %q is not a URL: write a path such as /orders/42, or http://host/path", q.Target)
		}
		host, path = strings.ToLower(target.Host), target.EscapedPath()
		if path == "" {
			path = "/"
		}
	}
	path, _, _ = strings.Cut(path, "?")
	if !strings.HasPrefix(path, "/") && path != "*" {
		return nil, "", fmt.Errorf("target %q is not a path: write it from its slash on, as in /orders/42", q.Target)
	}
	u, err := choose(q, host)
	return u, path, err
}

func choose(q Question, host string) (*policy.Upstream, error) {
	switch {
	case q.Inbound && q.Upstream != "":
		return nil, errors.New("inbound and an upstream are asked for at once: name one")
	case q.Inbound && q.Set.Inbound == nil:
		return nil, errors.New("the policy has no inbound")
	case q.Inbound:
		return q.Set.Inbound.Application, nil
	case q.Upstream != "":
		return byName(q.Set, q.Upstream)
	case host != "":
		return byHost(q.Set, host)
	}
	if all := q.Set.All(); len(all) == 1 {
		return all[0], nil
	}
	return nil, fmt.Errorf("a path alone does not say whose call it is: add %s, or write a URL", choices(q.Set))
}

func byName(set *policy.Set, name string) (*policy.Upstream, error) {
	for _, u := range set.Upstreams {
		if u.Name == name {
			return u, nil
		}
	}
	return nil, fmt.Errorf("the policy has no upstream %q: choose %s", name, choices(set))
}

// byHost chooses as the outbound port does: with the port where the policy's host has one, else without.
func byHost(set *policy.Set, host string) (*policy.Upstream, error) {
	bare := host
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		bare = host[:i]
	}
	for _, name := range []string{host, bare} {
		for _, u := range set.Upstreams {
			for _, h := range u.Hosts {
				if h == name {
					return u, nil
				}
			}
		}
	}
	if set.Outbound != nil && set.Outbound.Unknown != nil {
		return set.Outbound.Unknown, nil
	}
	return nil, fmt.Errorf("no upstream has host %q: the outbound port answers 404 no_route. List it under hosts, or write outbound.unknown: pass", host)
}

func choices(set *policy.Set) string {
	var all []string
	if set.Inbound != nil {
		all = append(all, "--inbound")
	}
	for _, u := range set.Upstreams {
		all = append(all, "--upstream "+u.Name)
	}
	if len(all) == 0 {
		return "an upstream to the policy"
	}
	return strings.Join(all, " or ")
}
