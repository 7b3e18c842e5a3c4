package compile

import (
	"fmt"
	"strings"
	"time"

	"outrigger/policy"
)

// checkArithmetic adds up what an operation's times come to. Where nobody wrote a number nobody is warned.
func (c *compiler) checkArithmetic(s *source, d *declared) {
	c.checkAttempts(s, d)
	c.checkAttemptAbove(d)
	c.checkBaseOverMax(d)
	t, r := d.settings.Timeouts, d.settings.Retry
	if v, ok := d.layer.written("retry.respectRetryAfter", levelDefaults); ok && t.Request > 0 && r.RespectRetryAfter >= t.Request && r.Retries > 0 {
		c.reportOnce(policy.Problem{
			Code: codeLongRespected, Severity: policy.Info, Place: v.origin.Place,
			Message:    fmt.Sprintf("retry.respectRetryAfter %s never fits the request timeout of %s", spell(r.RespectRetryAfter), spell(t.Request)),
			Expected:   "a wait that leaves time for another attempt",
			Suggestion: "an answer that asks for a longer wait than is left is returned at once",
		})
	}
}

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
func (c *compiler) checkAttempts(s *source, d *declared) {
	t, r := d.settings.Timeouts, d.settings.Retry
	_, retries := d.layer.written("retry.retries", levelDefaults)
	_, attempts := d.layer.written("timeouts.attempt", levelDefaults)
	// An attempt timeout that reaches the request's is cut to it: the first try may use the whole time, as with none.
	if !retries || !attempts || r.Retries == 0 || t.Attempt == 0 || t.Request == 0 || t.Attempt >= t.Request {
		return
	}
	each := t.Attempt
	if !beyondNotSent(r.When) && t.Connect > 0 {
		each = min(each, t.Connect) // only what failed to connect is retried, which takes no longer
	}
	start := worst(r.Retries, each, r.Backoff)
	left := t.Request - start
	if left >= t.Attempt/2 {
		return
	}
	_, v := d.layer.deepest("retry.retries", "timeouts.request", "timeouts.attempt")
	who := s.title()
	if v.level == levelOperation {
		who = "operation " + d.ID
	}
	p := policy.Problem{
		Code: codeNeverStarts, Severity: policy.Error, Place: d.written(v), Expected: fits(r.Retries, each, d.settings),
		Message: fmt.Sprintf("%s: attempt %d could never start: %s, and the request timeout is %s", who, r.Retries+1, sum(r.Retries, each, r.Backoff), spell(t.Request)),
	}
	if left > 0 {
		p.Code, p.Severity = codeShortAttempt, policy.Warning
		p.Message = fmt.Sprintf("%s: attempt %d would have %s of its %s left: %s, and the request timeout is %s",
			who, r.Retries+1, spell(left), spell(t.Attempt), sum(r.Retries, each, r.Backoff), spell(t.Request))
	}
	p.Suggestion = fmt.Sprintf("lower retries, or raise timeouts.request to %s", spell(start+t.Attempt))
	c.reportOnce(p)
}

// sum works the worst case out: "2 attempts of 500ms + back-offs of 25ms and 50ms = 1s75ms".
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
		text += fmt.Sprintf(" + %s of %s", backoffs, strings.ReplaceAll(list(tops), ", ", " + "))
	}
	return strings.Replace(text, " and ", " + ", 1) + " = " + spell(worst(retries, attempt, b))
}

// fits names the number of retries of which the last has at least half of its time.
func fits(retries int, attempt time.Duration, s settings) string {
	n := retries
	for n > 0 && worst(n, attempt, s.Retry.Backoff)+s.Timeouts.Attempt/2 > s.Timeouts.Request {
		n--
	}
	if n == 0 {
		return "retries: 0, for none fits"
	}
	return fmt.Sprintf("retries: %d, which fits (%d attempts in all)", n, n+1)
}

// checkAttemptAbove refuses an attempt timeout above the request timeout beside it. An inherited one is cut, and explain says so.
func (c *compiler) checkAttemptAbove(d *declared) {
	attempt, written := d.layer.written("timeouts.attempt", levelDefaults)
	request, both := d.layer.written("timeouts.request", levelDefaults)
	t := d.settings.Timeouts
	if !written || !both || attempt.level != request.level || t.Request == 0 || t.Attempt <= t.Request {
		return
	}
	c.reportOnce(policy.Problem{
		Code: codeAttemptAbove, Severity: policy.Error, Place: d.written(attempt),
		Message:  fmt.Sprintf("timeouts.attempt %s is longer than timeouts.request %s beside it", spell(t.Attempt), spell(t.Request)),
		Expected: "an attempt timeout below the request timeout", Suggestion: "lower it, or remove it: an attempt then may use the whole time",
	})
}

// checkBaseOverMax refuses what grows from above its own end.
func (c *compiler) checkBaseOverMax(d *declared) {
	s := d.settings
	for _, grows := range []struct {
		from, to     string
		first, limit time.Duration
	}{
		{"retry.backoff.base", "retry.backoff.max", s.Retry.Backoff.Base, s.Retry.Backoff.Max},
		{"breaker.openFor", "breaker.openForMax", s.Breaker.OpenFor, s.Breaker.OpenForMax},
	} {
		key, v := d.layer.deepest(grows.from, grows.to)
		if key == "" || grows.first <= grows.limit {
			continue
		}
		c.reportOnce(policy.Problem{
			Code: codeBaseOverMax, Severity: policy.Error, Place: d.written(v),
			Message:  fmt.Sprintf("%s %s is longer than %s %s (%s)", grows.from, spell(grows.first), grows.to, spell(grows.limit), d.settings.Source(grows.to)),
			Expected: fmt.Sprintf("%s at most %s", grows.from, grows.to), Suggestion: fmt.Sprintf("write both, such as %s: %s", grows.to, spell(grows.first)),
		})
	}
}

// checkBudget warns where nothing bounds the retries of a whole upstream.
func (c *compiler) checkBudget(s *source) {
	v, ok := s.layer.values["retry.budget"]
	if !ok || !s.Budget.Off {
		return
	}
	for _, d := range s.ops {
		if d.settings.Retry.Retries > 0 {
			c.reportOnce(policy.Problem{
				Code: codeNoBudget, Severity: policy.Warning, Place: v.origin.Place,
				Message:  fmt.Sprintf("%s retries without a budget: while it fails, every request becomes %d", s.title(), d.settings.Retry.Retries+1),
				Expected: "a budget such as {ratio: 20%, floor: 10, window: 10s}", Suggestion: "remove \"budget: off\"",
			})
			return
		}
	}
}
