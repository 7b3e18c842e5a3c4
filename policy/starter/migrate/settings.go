package migrate

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"outrigger/policy"
	"outrigger/policy/document"
	"outrigger/policy/starter/draft"
)

// upstream is what was found of one service that is called.
type upstream struct {
	name      string
	hosts     []string
	endpoints []string
	at        policy.Place
	where     string // why the endpoints are to be mended, "" where the file has them
	settings
	operations []*operation
	part       *draft.Part
	whole      bool // a route for all of its requests was found
	vague      []vague
}

// operation is a route that is one method and one path.
type operation struct {
	method, template string
	settings
}

// settings are in our words. Zero means that nothing was found.
type settings struct {
	request, attempt, connect, idle time.Duration
	retry                           *retry
	budget                          draft.Policy
	breaker, outlier                draft.Policy
	concurrency                     int
	choice                          string // of balance
	place                           policy.Place
}

// retry is found as a whole: other systems do not inherit the parts of it.
type retry struct {
	retries      int
	when         []string
	base, max    time.Duration
	respectAfter time.Duration
}

// The bounds of the policy language within which values are brought.
const (
	maxRetries  = 4
	maxBase     = time.Minute
	maxBackoff  = 10 * time.Minute
	maxConnect  = 5 * time.Minute
	maxTimeout  = 24 * time.Hour
	maxRespects = time.Hour
)

// fit lowers the number of retries to what the request timeout leaves room for: elsewhere the others simply never happen.
func (s *settings) fit(c *converter) {
	if s.attempt > 0 && s.request > 0 && s.attempt >= s.request {
		c.leaveAt(s.place, "a timeout of %s for one try is no shorter than that of the whole request, %s: the request's alone was kept",
			policy.Spell(s.attempt), policy.Spell(s.request))
		s.attempt = 0
	}
	r := s.retry
	if r == nil {
		return
	}
	if r.retries > maxRetries {
		c.leaveAt(s.place, "%d retries became %d: more than %d tries are never made here", r.retries, maxRetries, maxRetries+1)
		r.retries = maxRetries
	}
	if s.request > 0 && r.respectAfter >= s.request {
		r.respectAfter = max(s.request/2, time.Second).Round(time.Second)
		c.leaveAt(s.place, "the longest Retry-After to wait for became %s: a longer one never fits into %s", policy.Spell(r.respectAfter), policy.Spell(s.request))
	}
	if s.attempt <= 0 || s.request <= 0 {
		return
	}
	fits := r.retries
	for fits > 0 && s.request-s.worst(fits) < s.attempt/2 {
		fits--
	}
	if fits < r.retries {
		c.leaveAt(s.place, "%d retries became %d: tries of %s with their pauses leave no room for more within %s", r.retries, fits, policy.Spell(s.attempt), policy.Spell(s.request))
		r.retries = fits
	}
}

// worst is the latest instant at which the try after n retries may begin.
func (s *settings) worst(n int) time.Duration {
	b := policy.Backoff{Base: s.retry.base, Max: s.retry.max}
	if b.Base == 0 {
		b = policy.Backoff{Base: 25 * time.Millisecond, Max: 250 * time.Millisecond}
	}
	total := time.Duration(0)
	for i := 1; i <= n; i++ {
		total += s.attempt + b.Top(i)
	}
	return total
}

// draft writes the settings down. above are those that would be inherited, of which nothing may come through.
func (s *settings) draft(above *settings) draft.Policy {
	request, attempt := spell(s.request), spell(s.attempt)
	if request == "" && above != nil && above.request != 0 {
		request = "10s" // the default, which is not that of the upstream
	}
	if attempt == "" && above != nil && above.attempt > 0 {
		attempt = "off"
	}
	p := draft.Policy{{Key: "timeouts", Value: draft.Map(
		draft.Field{Key: "request", Value: request}, draft.Field{Key: "attempt", Value: attempt},
		draft.Field{Key: "connect", Value: spell(s.connect)}, draft.Field{Key: "idle", Value: spell(s.idle)},
	)}}
	p = append(p, draft.Field{Key: "retry", Value: s.retryText(above)})
	if s.concurrency > 0 {
		p = append(p, draft.Field{Key: "concurrency", Value: "{max: " + strconv.Itoa(s.concurrency) + "}", Note: "for each operation, not for all together"})
	}
	p = append(p, draft.Field{Key: "breaker", Value: draft.Map(s.breaker...)}, draft.Field{Key: "outlier", Value: draft.Map(s.outlier...)})
	if s.choice != "" {
		p = append(p, draft.Field{Key: "balance", Value: "{choice: " + s.choice + "}"})
	}
	return slices.DeleteFunc(p, func(f draft.Field) bool { return f.Value == "" })
}

func (s *settings) retryText(above *settings) string {
	budget := draft.Field{Key: "budget", Value: draft.Map(s.budget...)}
	r := s.retry
	if r == nil {
		if above != nil && above.retry != nil {
			return "{retries: 0}"
		}
		return draft.Map(budget)
	}
	if r.retries == 0 {
		return draft.Map(draft.Field{Key: "retries", Value: "0"}, budget)
	}
	backoff := draft.Map(draft.Field{Key: "base", Value: spell(r.base)}, draft.Field{Key: "max", Value: spell(r.max)})
	return draft.Map(
		draft.Field{Key: "retries", Value: strconv.Itoa(r.retries)}, draft.Field{Key: "when", Value: "[" + strings.Join(r.when, ", ") + "]"},
		draft.Field{Key: "backoff", Value: backoff}, draft.Field{Key: "respectRetryAfter", Value: spell(r.respectAfter)}, budget,
	)
}

// off is a timeout that is written and switched off.
const off = time.Duration(-1)

func spell(d time.Duration) string {
	switch {
	case d == off:
		return "off"
	case d <= 0:
		return ""
	}
	return policy.Spell(d)
}

// timeout reads a duration of which 0 means that there is no such timeout.
func (c *converter) timeout(n *document.Node) time.Duration {
	if d, err := time.ParseDuration(strings.TrimSpace(n.Text())); err == nil && d == 0 {
		return off
	}
	return c.duration(n, maxTimeout)
}

// duration reads a duration, in a form of Go or as seconds with a fraction, brought to whole milliseconds and at most longest. What
// is none, or 0, is 0 and left with a word.
func (c *converter) duration(n *document.Node, longest time.Duration) time.Duration {
	switch n.Kind() {
	case document.Null:
		return 0
	case document.Scalar:
	default:
		c.leave(n, "%s where a duration is expected", n.Kind())
		return 0
	}
	d, err := time.ParseDuration(strings.TrimSpace(n.Text()))
	if err != nil || d < 0 {
		c.leave(n, "%q is not a duration", n.Text())
		return 0
	}
	switch {
	case d == 0:
		return 0
	case d < time.Millisecond:
		c.leave(n, "%s became 1ms, the shortest time there is here", n.Text())
		return time.Millisecond
	case d > longest:
		c.leave(n, "%s became %s, the longest time there is here", n.Text(), policy.Spell(longest))
		return longest
	}
	return d.Round(time.Millisecond)
}

// number reads a whole number of at least 0; ok is false where there is none.
func (c *converter) number(n *document.Node) (v int, ok bool) {
	if n.Kind() != document.Scalar {
		return 0, false
	}
	v, err := strconv.Atoi(strings.TrimSpace(n.Text()))
	if err != nil || v < 0 {
		c.leave(n, "%q is not a whole number", n.Text())
		return 0, false
	}
	return v, true
}

// matched says which requests settings are of.
type matched struct {
	all      bool
	method   string // "" for every method
	template string
	// templated says that braces in template are parameters.
	templated bool
	s         settings
	at        *document.Node
}

var pathForm = regexp.MustCompile(`^/[[:graph:]]{0,400}$`)

// everyMethod are those that a route without a method is written for.
var everyMethod = []string{"GET", "POST", "PUT", "PATCH", "DELETE"}

// matched gives settings to an upstream or to operations of it. The first route that matches has a request, in all systems.
func (c *converter) matched(u *upstream, m matched) {
	if u.at.Line == 0 {
		u.at = m.s.place
	}
	if m.all {
		if u.whole {
			c.leave(m.at, "a second route for everything of %s: it is never reached", u.name)
			return
		}
		u.take(m.s)
		u.whole = true
		return
	}
	if !pathForm.MatchString(m.template) || !m.templated && strings.ContainsAny(m.template, "{}") {
		c.leave(m.at, "a route of the path %q, which is no path here: its settings are left with it", m.template)
		return
	}
	methods := everyMethod
	if m.method != "" {
		methods = []string{m.method}
	}
	for _, method := range methods {
		op := &operation{method: method, template: m.template, settings: m.s}
		if m.s.retry != nil {
			again := *m.s.retry
			again.when = slices.Clone(again.when)
			op.retry = &again
		}
		c.safeRetry(op, m.at)
		u.operations = append(u.operations, op)
	}
}

// vague is a route whose requests cannot be told from others here.
type vague struct {
	at   *document.Node
	s    settings
	what string
}

// fallBack puts a route aside that cannot be told from others.
func (c *converter) fallBack(u *upstream, at *document.Node, s settings, what string) {
	if u.at.Line == 0 {
		u.at = s.place
	}
	u.vague = append(u.vague, vague{at, s, what})
}

// settle takes the settings of the first vague route for the whole upstream, where no route is of all of it, and says what became of
// the others.
func (c *converter) settle(u *upstream) {
	for _, v := range u.vague {
		if u.whole || u.request != 0 || u.retry != nil {
			c.leave(v.at, "%s: there are no policies of patterns and folders here, so its settings are left with it", v.what)
			continue
		}
		c.leave(v.at, "%s: there are no policies of patterns and folders here, so its settings are those of all of %s", v.what, u.name)
		u.take(v.s)
	}
}

// take adds what a route says to what is known of the upstream itself.
func (u *upstream) take(s settings) {
	u.request, u.attempt, u.retry = s.request, s.attempt, s.retry
	if s.idle > 0 {
		u.idle = s.idle
	}
	u.place = s.place
	if u.at.Line == 0 {
		u.at = s.place
	}
}

// upstreamName makes a name that policies may have of one that other systems have: outbound|80||inventory.prod.svc is inventory.
func upstreamName(name string) string {
	if i := strings.LastIndexByte(name, '|'); i >= 0 {
		name = name[i+1:]
	}
	if head, _, found := strings.Cut(name, "."); found && strings.Contains(name, ".svc") {
		name = head
	}
	var b strings.Builder
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() == 0 || strings.HasSuffix(b.String(), "-"):
		case r == '_':
			b.WriteRune(r)
		default:
			b.WriteByte('-')
		}
		if b.Len() == 60 { // a label of a host has 63 characters
			break
		}
	}
	name = strings.TrimRight(b.String(), "-_")
	if name == "" || name == policy.Application || name == policy.Unknown {
		return strings.TrimRight("upstream-"+strings.Trim(name, "_"), "-")
	}
	return name
}
