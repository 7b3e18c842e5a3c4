package arithmetic

import (
	"fmt"
	"strings"
	"time"

	"outrigger/policy"
	"outrigger/policy/rules"
)

// worst is the latest instant, counted from the start of an exchange, at which the attempt after n retries begins: every attempt
// before it takes its whole time, every back-off is at the top of its jitter.
func worst(n int, attempt time.Duration, b policy.Backoff) time.Duration {
	total := time.Duration(0)
	for i := 1; i <= n; i++ {
		total += attempt + b.Top(i)
	}
	return total
}

// checkAttempts says when the last attempt could never start in time, or would be cut too short to be of use.
func checkAttempts(u *rules.Upstream, o *rules.Operation, report rules.Report) {
	t, r := o.Settings.Timeouts, o.Settings.Retry
	_, retries := o.Written("retry.retries", rules.Defaults)
	_, attempts := o.Written("timeouts.attempt", rules.Defaults)
	if !retries || !attempts || r.Retries == 0 || t.Attempt == 0 || t.Request == 0 || takesAll(o) {
		return
	}
	each := t.Attempt
	if !rules.BeyondNotSent(r.When) && t.Connect > 0 {
		each = min(each, t.Connect) // only what failed to connect is retried, which takes no longer
	}
	start := worst(r.Retries, each, r.Backoff)
	left := t.Request - start
	if left >= t.Attempt/2 {
		return
	}
	key, v, _ := o.Deepest("retry.retries", "timeouts.request", "timeouts.attempt")
	who := u.Title
	if v.Level == rules.Own {
		who = "operation " + o.ID
	}
	n := fitting(r.Retries, each, o.Settings)
	p := policy.Problem{
		Code: CodeNeverStarts, Severity: policy.Error, Place: rules.Spot(v, involved(o)...), Expected: fits(n),
		Message: fmt.Sprintf("%s: attempt %d could never start: %s, and the request timeout is %s", who, r.Retries+1, sum(r.Retries, each, r.Backoff), spell(t.Request)),
	}
	if left > 0 {
		p.Code, p.Severity = CodeShortAttempt, policy.Warning
		p.Message = fmt.Sprintf("%s: attempt %d would have %s of its %s left: %s, and the request timeout is %s",
			who, r.Retries+1, spell(left), spell(t.Attempt), sum(r.Retries, each, r.Backoff), spell(t.Request))
	}
	for _, other := range involved(o) {
		if other.Level != v.Level { // what was inherited stands elsewhere
			p.Because = other.Origin
			break
		}
	}
	p.Suggestion = fmt.Sprintf("lower retries, or raise timeouts.request to %s", spell(start+t.Attempt))
	if n == 0 {
		p.Suggestion = fmt.Sprintf("lower timeouts.attempt, or raise timeouts.request to %s", spell(start+t.Attempt))
	}
	if key == "retry.retries" && !v.Named && n > 0 { // that no retry fits does not say that none is wanted
		p.Fix = policy.Edit{Place: v.Place, Text: fmt.Sprint(n)}
	}
	report(p)
}

// takesAll reports whether an attempt may take the whole request, as without an attempt timeout: because one that is inherited is cut
// to the request's, or because it is above it, which is another problem.
func takesAll(o *rules.Operation) bool {
	t := o.Settings.Timeouts
	request, _ := o.Value("timeouts.request")
	attempt, _ := o.Value("timeouts.attempt")
	return t.Attempt > t.Request || t.Attempt == t.Request && request.Level > attempt.Level
}

// involved are the written values that the worst case is made of.
func involved(o *rules.Operation) []rules.Value {
	var all []rules.Value
	for _, key := range []string{"retry.retries", "timeouts.request", "timeouts.attempt"} {
		if v, ok := o.Value(key); ok {
			all = append(all, v)
		}
	}
	return all
}

// sum works the worst case out: "2 attempts of 500ms + back-offs of 25ms + 50ms = 1s75ms".
func sum(retries int, attempt time.Duration, b policy.Backoff) string {
	var tops []string
	for i := 1; i <= retries; i++ {
		tops = append(tops, spell(b.Top(i)))
	}
	attempts, backoffs := "attempts", "back-offs"
	if retries == 1 {
		attempts, backoffs = "attempt", "a back-off"
	}
	text := fmt.Sprintf("%d %s of %s", retries, attempts, spell(attempt))
	if b.Base > 0 {
		text += fmt.Sprintf(" + %s of %s", backoffs, strings.Join(tops, " + "))
	}
	return text + " = " + spell(worst(retries, attempt, b))
}

// fitting is the number of retries of which the last has at least half of its time.
func fitting(retries int, attempt time.Duration, s policy.Policy) int {
	n := retries
	for n > 0 && worst(n, attempt, s.Retry.Backoff)+s.Timeouts.Attempt/2 > s.Timeouts.Request {
		n--
	}
	return n
}

func fits(n int) string {
	if n == 0 {
		return "retries: 0, for none fits"
	}
	return fmt.Sprintf("retries: %d, which fits (%d attempts in all)", n, n+1)
}
