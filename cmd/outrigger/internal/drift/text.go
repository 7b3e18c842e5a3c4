package drift

import (
	"fmt"
	"strings"
	"time"
)

// uncalledShown bounds the operations that nobody calls in the text; JSON has them all.
const uncalledShown = 10

// Text writes a report for people.
func (r Report) Text() string {
	var b strings.Builder
	for i := range r.Upstreams {
		if u := &r.Upstreams[i]; u.differs() || len(u.Uncalled) > 0 {
			u.text(&b)
		}
	}
	if b.Len() == 0 {
		return "traffic and specs agree, and every declared operation was called\n"
	}
	return b.String()
}

func (u *Upstream) text(b *strings.Builder) {
	declares := "its spec"
	if !u.Spec {
		declares = "the policy"
	}
	fmt.Fprintf(b, "%s, %s: %s\n", u.Name, u.Direction, counted(u.Requests, "request"))
	if len(u.Undeclared) > 0 {
		fmt.Fprintf(b, "  requests that %s does not declare\n", declares)
	}
	for _, q := range u.Undeclared {
		fmt.Fprintf(b, "    %-7s %-40s %s, %d succeeded, last at %s\n", q.Method, q.Template, counted(q.Requests, "request"), q.Succeeded, q.Last.UTC().Format(time.RFC3339))
	}
	if u.Others > 0 {
		fmt.Fprintf(b, "    and %s of other shapes\n", counted(u.Others, "request"))
	}
	if len(u.Statuses) > 0 {
		fmt.Fprintf(b, "  statuses that its spec does not declare\n")
	}
	for _, s := range u.Statuses {
		fmt.Fprintf(b, "    %-48s %s, %s\n", s.Operation, s.Status, counted(s.Answers, "answer"))
	}
	if len(u.Deprecated) > 0 {
		fmt.Fprintf(b, "  deprecated operations in use\n")
	}
	for _, d := range u.Deprecated {
		fmt.Fprintf(b, "    %-48s %s\n", d.Operation, counted(d.Requests, "request"))
	}
	if n := len(u.Uncalled); n > 0 {
		shown := u.Uncalled[:min(n, uncalledShown)]
		fmt.Fprintf(b, "  never called since the sidecar started: %s", strings.Join(shown, ", "))
		if n > len(shown) {
			fmt.Fprintf(b, " and %d more", n-len(shown))
		}
		b.WriteByte('\n')
	}
}

func counted(n uint64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
