package network

import (
	"fmt"

	"outrigger/policy"
)

// listener is a port that the sidecar opens.
type listener struct {
	key     string
	address policy.Address
	host    string
	port    int
}

func listeners(set *policy.Set) []listener {
	var all []listener
	add := func(key string, a policy.Address) {
		if host, port, ok := Split(a.HostPort); ok && a.HostPort != "" {
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

// twoListeners speaks of the one that a file names; both may be.
func twoListeners(l, earlier listener, nothing policy.Place) policy.Problem {
	if l.address.Place.File == "" {
		l, earlier = earlier, l
	}
	at := l.address.Place
	if at.File == "" {
		at = nothing
	}
	return policy.Problem{
		Code: CodeTwoListeners, Severity: policy.Error, Place: at, Because: earlier.address.Place,
		Message:  fmt.Sprintf("%s %s is the port of %s %s (%s) too", l.key, l.address.HostPort, earlier.key, earlier.address.HostPort, earlier.address.Place),
		Expected: "a port of its own for each listener", Suggestion: fmt.Sprintf("write another port for %s", l.key),
	}
}
