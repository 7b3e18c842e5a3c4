package network

import (
	"fmt"

	"outrigger/policy"
	"outrigger/policy/rules"
)

// checkAdmin warns of an admin port that anybody may reach, and that asks nobody for a token.
func checkAdmin(set *policy.Set, report rules.Report) {
	host, _, _ := Split(set.Admin.Listen.HostPort)
	if set.Admin.Listen.HostPort == "" || isLoopback(host) || set.Admin.TokenFile != "" {
		return
	}
	report(policy.Problem{
		Code: CodeOpenAdmin, Severity: policy.Warning, Place: set.Admin.Listen.Place,
		Message:  fmt.Sprintf("admin port %s can be reached from outside without a token", set.Admin.Listen.HostPort),
		Expected: "a loopback address, or admin.tokenFile", Suggestion: "write listen: 127.0.0.1:9901; for scraping from outside there is metrics.listen",
	})
}
