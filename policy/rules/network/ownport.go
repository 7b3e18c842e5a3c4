package network

import (
	"fmt"

	"outrigger/policy"
	"outrigger/policy/rules"
)

// checkOwnPort refuses an endpoint that is one of our own ports: the request would come back to us until its deadline.
func checkOwnPort(u *policy.Upstream, e policy.Endpoint, all []listener, report rules.Report) {
	host, port, _ := Split(e.Host)
	for _, l := range all {
		reaches := sameHost(host, l.host) || (isLoopback(host) || isWildcard(host)) && (isWildcard(l.host) || isLoopback(l.host) && overlap(host, l.host))
		if port == l.port && port != 0 && reaches {
			what := "upstream " + u.Name
			if u.Direction == policy.Inbound {
				what = "inbound.application"
			}
			report(policy.Problem{
				Code: CodeOwnPort, Severity: policy.Error, Place: e.Place, Because: l.address.Place,
				Message:  fmt.Sprintf("%s points at the sidecar itself: %s is %s (%s)", what, e.Host, l.key, l.address.Place),
				Expected: "the address of another process", Suggestion: "name the port that the service itself listens on",
			})
			return
		}
	}
}
