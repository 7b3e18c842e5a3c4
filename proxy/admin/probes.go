package admin

import (
	"fmt"
	"net/http"
	"strings"
)

// Probes say how the process stands, for those who start and stop it. Implementations are safe for concurrent use.
type Probes interface {
	// Live never depends on an upstream or a policy: when it fails, only a restart helps.
	Live() []Check
	// Ready fails before the first policy and while draining.
	Ready() []Check
	// Started passes once everything is bound, and from then on.
	Started() []Check
}

// Check is one thing that was looked at; it passes without an error. A note is told to whoever asks for details.
type Check struct {
	Name string
	Err  error
	Note string
}

// probe answers in the manner of the Kubernetes health endpoints: ok, or 503 with what fails; ?verbose lists everything.
func probe(name string, look func() []Check) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var all, failing strings.Builder
		for _, c := range look() {
			if c.Err == nil {
				note := c.Note
				if note != "" {
					note = ": " + note
				}
				fmt.Fprintf(&all, "[+]%s ok%s\n", c.Name, note)
				continue
			}
			line := fmt.Sprintf("[-]%s failed: %v\n", c.Name, c.Err)
			all.WriteString(line)
			failing.WriteString(line)
		}
		status, body := http.StatusOK, "ok\n"
		if failing.Len() > 0 {
			status, body = http.StatusServiceUnavailable, failing.String()+name+" check failed\n"
		}
		if r.URL.Query().Has("verbose") {
			body = all.String() + name + " check passed\n"
			if failing.Len() > 0 {
				body = all.String() + name + " check failed\n"
			}
		}
		text(w, status, body)
	})
}
