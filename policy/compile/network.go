package compile

import (
	"fmt"
	"net/netip"
	"strings"

	"outrigger/policy"
)

// listener is a port that the sidecar opens.
type listener struct {
	key     string
	address policy.Address
	host    string
	port    int
}

// checkNetwork looks at ports and addresses.
func (c *compiler) checkNetwork(set *policy.Set) {
	all := listeners(set)
	for i, l := range all {
		for _, earlier := range all[:i] {
			if l.port == earlier.port && l.port != 0 && overlap(l.host, earlier.host) {
				c.twoListeners(l, earlier)
			}
		}
	}
	for _, u := range set.All() {
		for _, e := range u.Endpoints {
			c.checkOwnPort(u, e, all)
		}
	}
	if host, _, _ := splitHostPort(set.Admin.Listen.HostPort); set.Admin.Listen.HostPort != "" && !isLoopback(host) && set.Admin.TokenFile == "" {
		c.report(policy.Problem{
			Code: codeOpenAdmin, Severity: policy.Warning, Place: set.Admin.Listen.Place,
			Message:  fmt.Sprintf("admin port %s can be reached from outside without a token", set.Admin.Listen.HostPort),
			Expected: "a loopback address, or admin.tokenFile", Suggestion: "write listen: " + defaultAdmin + "; for scraping from outside there is metrics.listen",
		})
	}
}

func listeners(set *policy.Set) []listener {
	var all []listener
	add := func(key string, a policy.Address) {
		if host, port, ok := splitHostPort(a.HostPort); ok && a.HostPort != "" {
			all = append(all, listener{key, a, host, port})
		}
	}
	if set.Inbound != nil {
		add("inbound.listen", set.Inbound.Listen)
	}
	if set.Outbound != nil {
		add("outbound.listen", set.Outbound.Listen)
	}
	for _, u := range set.Upstreams {
		add("upstreams."+u.Name+".listen", u.Listen)
	}
	add("admin.listen", set.Admin.Listen)
	add("metrics.listen", set.Metrics.Listen)
	return all
}

// twoListeners reports at the one that a file names; both may be.
func (c *compiler) twoListeners(l, earlier listener) {
	if l.address.Place.File == "" {
		l, earlier = earlier, l
	}
	at := l.address.Place
	if at.File == "" {
		at = c.roots[0].Place()
	}
	c.fail(codeTwoListeners, at, fmt.Sprintf("%s %s is the port of %s %s (%s) too", l.key, l.address.HostPort, earlier.key, earlier.address.HostPort, earlier.address.Place),
		"a port of its own for each listener", fmt.Sprintf("write another port for %s", l.key))
}

// overlap reports whether two hosts that listen take each other's port: the same one, or one of them every interface.
func overlap(a, b string) bool {
	return isWildcard(a) || isWildcard(b) || strings.EqualFold(a, b) || isLocalName(a) && isLoopback(b) || isLocalName(b) && isLoopback(a)
}

func isWildcard(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "" || err == nil && addr.IsUnspecified()
}

func isLocalName(host string) bool {
	return strings.EqualFold(strings.TrimSuffix(host, "."), "localhost")
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return isLocalName(host) || err == nil && addr.Unmap().IsLoopback()
}

// checkOwnPort refuses an endpoint that is one of our own ports: the request would come back to us until its deadline.
func (c *compiler) checkOwnPort(u *policy.Upstream, e policy.Endpoint, all []listener) {
	host, port, _ := splitHostPort(e.Host)
	for _, l := range all {
		reaches := strings.EqualFold(host, l.host) || (isLoopback(host) || isWildcard(host)) && (isWildcard(l.host) || isLoopback(l.host) && overlap(host, l.host))
		if port == l.port && port != 0 && reaches {
			what := "upstream " + u.Name
			if u.Direction == policy.Inbound {
				what = "inbound.application"
			}
			c.fail(codeOwnPort, e.Place, fmt.Sprintf("%s points at the sidecar itself: %s is %s (%s)", what, e.Host, l.key, l.address.Place),
				"the address of another process", "name the port that the service itself listens on")
			return
		}
	}
}
