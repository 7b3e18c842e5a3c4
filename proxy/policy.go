package proxy

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"outrigger/policy"
	"outrigger/proxy/listen"
	"outrigger/proxy/source/file"
)

// offer is the life of a policy edit from here on: refuse what is invalid and keep the last good set, or bind, adopt, swap and serve.
func (p *Proxy) offer(u file.Update) {
	if u.Err != nil || u.Set == nil {
		p.reject(u.Problems, u.Err)
		return
	}
	if u.Set.Version == p.live.Current().Set.Version {
		p.last.Store(&verdictOnPolicy{problems: u.Problems})
		p.observer.Unchanged()
		return
	}
	change, err := p.ports.Bind(p.wanted(u.Set))
	if err != nil {
		p.reject(nil, err)
		return
	}
	p.live.Apply(u.Set)
	change.Commit(p.running)
	p.adopted(u.Set)
	p.last.Store(&verdictOnPolicy{problems: u.Problems})
	p.warn(u.Problems)
	p.log.Info("policy applied", "policy", short(u.Set.Version), "source", p.options.Policy)
}

// reject keeps the last good set, loudly.
func (p *Proxy) reject(problems policy.Problems, err error) {
	p.last.Store(&verdictOnPolicy{problems: problems, err: err})
	p.observer.Rejected()
	if err != nil {
		p.log.Error("policy rejected, the last good one stays", "source", p.options.Policy, "error", err)
	}
	for _, problem := range problems {
		if problem.Severity == policy.Error {
			p.log.LogAttrs(context.Background(), slog.LevelError, "policy rejected, the last good one stays", place(problem)...)
		}
	}
}

// warn logs what does not stop a policy.
func (p *Proxy) warn(problems policy.Problems) {
	for _, problem := range problems {
		if problem.Severity == policy.Warning {
			p.log.LogAttrs(context.Background(), slog.LevelWarn, "policy warning", place(problem)...)
		}
	}
}

// place tells a problem as log fields.
func place(problem policy.Problem) []slog.Attr {
	return []slog.Attr{
		slog.String("file", problem.Place.File), slog.Int("line", problem.Place.Line), slog.Int("column", problem.Place.Column),
		slog.String("code", problem.Code), slog.String("problem", problem.Message), slog.String("suggestion", problem.Suggestion),
	}
}

// adopted lets the parts that a set steers beside the live snapshot follow it.
func (p *Proxy) adopted(set *policy.Set) {
	p.memory.Adopt(set.Limits.BufferBytes)
	p.bounds.adopt(set)
	p.observer.Adopt(set, p.options.Policy)
	p.drift.Adopt(set)
	if p.options.LogLevel == "" {
		_ = p.level.UnmarshalText([]byte(set.Log.Level))
	}
}

// rejected is what keeps an edit from being served, or nil.
func (p *Proxy) rejected() error {
	last := p.last.Load()
	switch {
	case last.err != nil:
		return last.err
	case last.problems.HasErrors():
		return &InvalidPolicy{last.problems}
	}
	return nil
}

// wanted are the ports of a set.
func (p *Proxy) wanted(set *policy.Set) []listen.Port {
	var ports []listen.Port
	if set.Inbound != nil {
		ports = append(ports, p.entry("inbound", set.Inbound.Listen, policy.Inbound, ""))
	}
	if set.Outbound != nil && set.Outbound.Listen.HostPort != "" {
		ports = append(ports, p.entry("outbound", set.Outbound.Listen, policy.Outbound, ""))
	}
	for _, u := range set.Upstreams {
		if u.Listen.HostPort != "" {
			ports = append(ports, p.entry("upstream "+u.Name, u.Listen, policy.Outbound, u.Name))
		}
	}
	return append(ports, p.operatorPorts(set)...)
}

// Environment are the variables that a service beside us wants to know.
func (p *Proxy) Environment() []string {
	set := p.live.Current().Set
	var env []string
	if set.Inbound != nil {
		if _, port, ok := cutPort(set.Inbound.Application.Endpoints[0].Host); ok {
			env = append(env, "PORT="+port)
		}
	}
	for name, address := range p.ports.Addresses() {
		url := "http://" + reachable(address)
		switch {
		case name == "outbound":
			env = append(env, "HTTP_PROXY="+url, "http_proxy="+url, "OUTRIGGER_OUTBOUND="+url)
		case name == "admin":
			env = append(env, "OUTRIGGER_ADMIN="+reachable(address))
		case name == "inbound":
			env = append(env, "OUTRIGGER_INBOUND="+url)
		case strings.HasPrefix(name, "upstream "):
			env = append(env, "OUTRIGGER_UPSTREAM_"+variable(strings.TrimPrefix(name, "upstream "))+"="+url)
		}
	}
	slices.Sort(env)
	return env
}

// reachable turns an address that means every interface into one that can be called.
func reachable(address string) string {
	host, port, ok := cutPort(address)
	if ok && (host == "0.0.0.0" || host == "[::]" || host == "") {
		return "127.0.0.1:" + port
	}
	return address
}

func cutPort(address string) (host, port string, ok bool) {
	i := strings.LastIndexByte(address, ':')
	if i < 0 {
		return address, "", false
	}
	return address[:i], address[i+1:], true
}

// variable is an upstream's name as part of an environment variable.
func variable(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			return r
		}
		return '_'
	}, name)
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

// attrName is the name of a port as a log field.
func attrName(port string) string { return strings.ReplaceAll(port, " ", "_") }

// short is the form of a version in logs.
func short(version string) string { return version[:min(12, len(version))] }
