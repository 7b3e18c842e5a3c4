package admin

import (
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"outrigger/policy"
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
	Name       string        `json:"name"`
	Method     string        `json:"method,omitempty"`
	Template   string        `json:"template,omitempty"`
	Declared   string        `json:"declared,omitempty"` // where the spec or the policy declares it
	Idempotent bool          `json:"idempotent"`
	Streaming  policy.Stream `json:"streaming,omitempty"`
	Effective  []setting     `json:"effective"`
}

// setting is one effective value. Source is file:line, or "default"; From is the level that decided. Both are absent where a
// set does not carry them.
type setting struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Source string `json:"source,omitempty"`
	From   string `json:"from,omitempty"`
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
		values := lister{origin: originIn(op.Policy.Origins)}
		values.list("", reflect.ValueOf(op.Policy))
		values.list("retry.budget", reflect.ValueOf(u.Budget))
		named := effectiveOperation{
			Name: op.ID, Method: op.Method, Template: op.Template, Idempotent: op.Idempotent, Streaming: op.Streaming, Effective: values.found,
		}
		if op.Place.File != "" {
			named.Declared = op.Place.String()
		}
		e.Operations = append(e.Operations, named)
	}
	return e
}

// lister lists settings by the names of their fields, so that a setting which is new to the vocabulary shows here by itself.
type lister struct {
	origin func(key string) (source, from string) // nil where origins are not known
	found  []setting
}

func (l *lister) add(key, value string) {
	s := setting{Key: key, Value: value}
	if l.origin != nil {
		s.Source, s.From = l.origin(key)
	}
	l.found = append(l.found, s)
}

// originIn finds where a value was written: at its key, or at one above it ("breaker: off").
func originIn(origins map[string]policy.Origin) func(key string) (source, from string) {
	return func(key string) (source, from string) {
		for {
			if o, ok := origins[key]; ok {
				return o.Place.String(), o.From
			}
			above := strings.LastIndexByte(key, '.')
			if above < 0 {
				return policy.Place{}.String(), "default"
			}
			key = key[:above]
		}
	}
}

func (l *lister) list(key string, v reflect.Value) {
	if address, ok := v.Interface().(policy.Address); ok {
		l.found = append(l.found, setting{Key: key, Value: word(address.HostPort == "", "off", address.HostPort), Source: address.Place.String()})
		return
	}
	if value, isLeaf := spell(v); isLeaf {
		l.add(key, value)
		return
	}
	if off := v.FieldByName("Off"); off.IsValid() && off.Bool() {
		l.add(key, "off")
		return
	}
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if name == "" || name == "off" || name == "origins" {
			continue
		}
		if key != "" {
			name = key + "." + name
		}
		l.list(name, v.Field(i))
	}
}

// spell writes a value as policy files do. A struct that is no value of its own is no leaf.
func spell(v reflect.Value) (value string, isLeaf bool) {
	switch x := v.Interface().(type) {
	case time.Duration:
		return policy.Spell(x), true
	case policy.Conditions:
		return conditions(x), true
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

// conditions lists what a policy would, with statuses in a row as a range.
func conditions(c policy.Conditions) string {
	var words []string
	for _, w := range []struct {
		name string
		is   bool
	}{{"connect", c.Connect}, {"refused", c.Refused}, {"reset", c.Reset}, {"timeout", c.Timeout}} {
		if w.is {
			words = append(words, w.name)
		}
	}
	codes := c.Statuses.Codes()
	for i := 0; i < len(codes); {
		j := i
		for j+1 < len(codes) && codes[j+1] == codes[j]+1 {
			j++
		}
		run := strconv.Itoa(codes[i])
		if j > i {
			run += "-" + strconv.Itoa(codes[j])
		}
		words = append(words, run)
		i = j + 1
	}
	return "[" + strings.Join(words, ", ") + "]"
}
