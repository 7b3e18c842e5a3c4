package admin

import (
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"outrigger/policy"
	"outrigger/policy/explain"
)

// effectiveSet is the served set as people read it: every value in the spelling of policy files, with its origin.
type effectiveSet struct {
	Version   string              `json:"version"`
	Service   string              `json:"service"`
	Files     []string            `json:"files"`
	Settings  []setting           `json:"settings"` // of the sidecar as a whole
	Upstreams []effectiveUpstream `json:"upstreams"`
}

type effectiveUpstream struct {
	Name       string               `json:"name"`
	Direction  policy.Direction     `json:"direction"`
	Source     string               `json:"source"`
	Hosts      []string             `json:"hosts,omitempty"`
	Endpoints  []string             `json:"endpoints"`
	Unmatched  string               `json:"unmatched"` // pass or refuse
	Operations []effectiveOperation `json:"operations"`
}

type effectiveOperation struct {
	Name       string          `json:"name"`
	Method     string          `json:"method,omitempty"`
	Template   string          `json:"template,omitempty"`
	Declared   string          `json:"declared,omitempty"` // where the spec or the policy declares it
	Idempotent bool            `json:"idempotent"`
	Streaming  policy.Stream   `json:"streaming,omitempty"`
	Effective  []explain.Value `json:"effective"`
}

// setting is one effective value of the sidecar as a whole. Source is file:line, or "default"; absent where a set does not carry it.
type setting struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Source string `json:"source,omitempty"`
}

// policy answers with the served set. Its version is the ETag, so that asking again costs nothing until it changes.
func (p *port) policy(w http.ResponseWriter, r *http.Request) {
	set := p.Policies.Current()
	if set == nil {
		refuse(w, http.StatusServiceUnavailable, "no policy is served yet")
		return
	}
	tag := strconv.Quote(set.Version)
	w.Header().Set("Etag", tag)
	w.Header().Set("Cache-Control", "no-cache")
	if holds(r.Header.Values("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	answer(w, http.StatusOK, effective(set))
}

// holds compares entity tags weakly, as If-None-Match asks (RFC 9110 section 13.1.2).
func holds(lines []string, tag string) bool {
	for _, line := range lines {
		for candidate := range strings.SplitSeq(line, ",") {
			candidate = strings.TrimSpace(candidate)
			if candidate == "*" || strings.TrimPrefix(candidate, "W/") == tag {
				return true
			}
		}
	}
	return false
}

func effective(set *policy.Set) effectiveSet {
	e := effectiveSet{Version: set.Version, Service: set.Service, Files: append([]string{}, set.Files...), Upstreams: []effectiveUpstream{}}
	whole := lister{}
	if set.Inbound != nil {
		whole.list("inbound.listen", reflect.ValueOf(set.Inbound.Listen))
	}
	if set.Outbound != nil {
		whole.list("outbound.listen", reflect.ValueOf(set.Outbound.Listen))
		whole.add("outbound.unknown", word(set.Outbound.PassUnknown, "pass", "refuse"))
	}
	whole.list("admin", reflect.ValueOf(set.Admin))
	whole.list("metrics", reflect.ValueOf(set.Metrics))
	whole.list("log", reflect.ValueOf(set.Log))
	whole.list("limits", reflect.ValueOf(set.Limits))
	whole.list("trust", reflect.ValueOf(set.Trust))
	e.Settings = whole.found
	for _, u := range set.All() {
		e.Upstreams = append(e.Upstreams, effectiveOf(u))
	}
	return e
}

func effectiveOf(u *policy.Upstream) effectiveUpstream {
	e := effectiveUpstream{
		Name: u.Name, Direction: u.Direction, Source: u.Place.String(), Hosts: u.Hosts, Endpoints: []string{},
		Unmatched: word(u.RefuseUnmatched, "refuse", "pass"), Operations: []effectiveOperation{},
	}
	for _, endpoint := range u.Endpoints {
		e.Endpoints = append(e.Endpoints, endpoint.Scheme+"://"+endpoint.Host)
	}
	for _, op := range append(append([]*policy.Operation{}, u.Operations...), u.Unmatched) {
		if op == nil {
			continue
		}
		named := effectiveOperation{
			Name: op.ID, Method: op.Method, Template: op.Template, Idempotent: op.Idempotent, Streaming: op.Streaming,
			Effective: explain.Effective(u, op),
		}
		if op.Place.File != "" {
			named.Declared = op.Place.String()
		}
		e.Operations = append(e.Operations, named)
	}
	return e
}

// lister lists settings by the names of their fields, so that a setting which is new to the vocabulary shows here by itself.
type lister struct{ found []setting }

func (l *lister) add(key, value string) { l.found = append(l.found, setting{Key: key, Value: value}) }

func (l *lister) list(key string, v reflect.Value) {
	if address, ok := v.Interface().(policy.Address); ok {
		l.found = append(l.found, setting{Key: key, Value: word(address.HostPort == "", "off", address.HostPort), Source: address.Place.String()})
		return
	}
	if value, isLeaf := spell(v); isLeaf {
		l.add(key, value)
		return
	}
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		l.list(key+"."+name, v.Field(i))
	}
}

// spell writes a value as policy files do. A struct that is no value of its own is no leaf.
func spell(v reflect.Value) (value string, isLeaf bool) {
	switch x := v.Interface().(type) {
	case time.Duration:
		return policy.Spell(x), true
	case float64:
		return policy.SpellShare(x), true
	case int64:
		return policy.SpellSize(x), true
	case string:
		return word(x == "", "off", x), true
	case []string:
		return "[" + strings.Join(x, ", ") + "]", true
	}
	return fmt.Sprint(v.Interface()), v.Kind() != reflect.Struct
}

func word(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}
