package gate

import (
	"net"
	"net/http"
	"strings"

	"outrigger/policy"
	"outrigger/proxy/failure"
	"outrigger/proxy/live"
)

// target finds the upstream that a request is for. Without one it returns the target that stands for nowhere, and the reason.
func (e Entry) target(s *live.Snapshot, r *http.Request) (*live.Target, *failure.Error) {
	switch {
	case e.Direction == policy.Inbound:
		if t := s.Application(); t != nil {
			return t, nil
		}
		return s.Nowhere(e.Direction), failure.New(failure.NoRoute, "the policy has no inbound port any more")
	case e.Upstream != "":
		if t := s.Port(e.Upstream, e.Address); t != nil {
			return t, nil
		}
		return s.Nowhere(e.Direction), failure.New(failure.NoRoute, "the policy has no upstream "+e.Upstream+" any more")
	}
	if t := byHost(s, r.Host); t != nil {
		return t, nil
	}
	if t := s.Unknown(); t != nil {
		return t, nil
	}
	return s.Nowhere(e.Direction), failure.New(failure.NoRoute,
		"no upstream of the policy has the host "+printable(r.Host)+"; list it under upstreams.NAME.hosts or its endpoints")
}

// byHost matches the host case-insensitively, with its port where the policy gives one, else without.
func byHost(s *live.Snapshot, host string) *live.Target {
	host = strings.ToLower(host)
	if t := s.Host(host); t != nil {
		return t
	}
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		return nil
	}
	return s.Host(name)
}

// printable bounds what a client's host adds to a message.
func printable(host string) string {
	const most = 100
	if len(host) > most {
		host = host[:most] + "…"
	}
	return "\"" + strings.ToValidUTF8(host, "?") + "\""
}
