package specs

import (
	"fmt"
	"strings"

	"outrigger/policy"
	"outrigger/policy/openapi"
	"outrigger/policy/rules"
)

// checkDeprecated remarks on a policy of its own for an operation that is to go away.
func checkDeprecated(o *rules.Operation, report rules.Report) {
	if o.Spec == nil || !o.Spec.Deprecated || o.Key.File == "" {
		return
	}
	report(policy.Problem{
		Code: CodeDeprecated, Severity: policy.Info, Place: o.Key, Because: o.Spec.Place,
		Message:  fmt.Sprintf("operation %s is deprecated by its spec", o.ID),
		Expected: "an operation that stays", Suggestion: "call the operation that takes its place, and remove this policy with the last call",
	})
}

// hopByHop are fields that end at the next hop (RFC 9110 section 7.6.1), and so at the sidecar.
var hopByHop = []string{"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade"}

// checkSchemes warns of credentials that never pass the sidecar: in a field that ends at every hop, in one of its own control
// fields, or in a client certificate, for it is the sidecar that opens the connection.
func checkSchemes(u *rules.Upstream, report rules.Report) {
	if u.Catalog == nil {
		return
	}
	for _, s := range u.Catalog.Schemes {
		why := stripped(s)
		if why == "" {
			continue
		}
		report(policy.Problem{
			Code: CodeStrippedScheme, Severity: policy.Warning, Place: s.Place,
			Message:  fmt.Sprintf("security scheme %s of %s cannot pass the sidecar: %s", s.Name, u.Title, why),
			Expected: "credentials in Authorization, in a cookie or in a field of their own", Suggestion: "ask the owner of the service for another scheme, or let its clients call it without a sidecar",
		})
	}
}

func stripped(s openapi.Scheme) string {
	if s.Type == "mutualTLS" {
		return "the certificate of a client ends where the sidecar opens a connection of its own"
	}
	if s.Type != "apiKey" || s.In != "header" {
		return ""
	}
	for _, name := range hopByHop {
		if strings.EqualFold(name, s.Header) {
			return "field " + name + " ends at every hop"
		}
	}
	if len(s.Header) > len("Outrigger-") && strings.EqualFold(s.Header[:len("Outrigger-")], "Outrigger-") {
		return "fields that begin with Outrigger- are the sidecar's own, and removed from what clients send"
	}
	return ""
}
