package migrate

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"outrigger/policy/document"
	"outrigger/policy/starter/draft"
)

// dapr reads a Resiliency: its named policies as its targets use them. A timeout is that of one try there, and nothing bounds the whole.
func (c *converter) dapr(roots []*document.Node) bool {
	for _, root := range flattened(roots) {
		if kind := root.Get("kind"); kind.Text() != "Resiliency" {
			c.leave(kind, "a document of kind %s", kind.Text())
			continue
		}
		c.resiliency(root.Get("spec"))
		c.rest(root, "Resiliency", "api_version", "kind", "metadata", "spec", "scopes")
	}
	return len(c.upstreams) > 0
}

func (c *converter) resiliency(spec *document.Node) {
	policies, targets := spec.Get("policies"), spec.Get("targets")
	used := map[string]bool{}
	for _, app := range targets.Get("apps").Entries() {
		u := c.upstream(upstreamName(app.Key))
		u.at, u.place = app.KeyPlace, app.KeyPlace
		u.hosts = append(u.hosts, strings.ToLower(u.name))
		named := func(part, word string) *document.Node {
			name := get(app.Value, word).Text()
			used[part+"."+name] = true
			found := get(policies, part).Get(name)
			if name != "" && found == nil {
				c.leave(get(app.Value, word), "%s %s is not in this file", word, name)
			}
			return found
		}
		u.attempt = c.duration(named("timeouts", "timeout"), maxTimeout)
		c.daprRetry(u, named("retries", "retry"))
		c.daprBreaker(u, named("circuit_breakers", "circuit_breaker"))
		u.request = c.daprWhole(u)
		c.rest(app.Value, "apps."+app.Key, "timeout", "retry", "circuit_breaker", "circuit_breaker_cache_size")
	}
	if len(c.upstreams) > 0 {
		c.leave(targets.Get("apps"), "calls by Dapr's API: the service calls http://APP/... through the outbound port now")
	}
	c.rest(targets, "targets", "apps")
	for _, part := range policies.Entries() {
		for _, p := range part.Value.Entries() {
			switch {
			case strings.HasPrefix(p.Key, "Default"):
				c.leaveAt(p.KeyPlace, "%s.%s: Dapr gives it to targets that name none; write it under defaults", part.Key, p.Key)
			case !used[snake(part.Key)+"."+p.Key]:
				c.leaveAt(p.KeyPlace, "%s.%s: no app of this file uses it", part.Key, p.Key)
			}
		}
	}
	c.rest(spec, "spec", "policies", "targets")
}

// daprWhole adds up how long an exchange can take there, for the timeout of the whole that Dapr has not.
func (c *converter) daprWhole(u *upstream) time.Duration {
	if u.attempt == 0 {
		if u.retry != nil {
			c.leaveAt(u.at, "%s: Dapr bounds neither a try nor a call; the default of 10s is for all tries together", u.name)
		}
		return 0
	}
	if u.retry == nil || u.retry.retries == 0 {
		whole := u.attempt
		u.attempt = 0
		return whole
	}
	u.fit(c) // brings the number of retries within bounds
	whole := (u.worst(u.retry.retries) + u.attempt).Round(time.Millisecond)
	c.leaveAt(u.at, "%s: Dapr bounds no call as a whole; timeouts.request became what all tries and pauses come to", u.name)
	return min(whole, maxTimeout)
}

// daprRetry reads a retry policy; maxRetries counts tries after the first, -1 being no end to them.
func (c *converter) daprRetry(u *upstream, n *document.Node) {
	if n == nil {
		return
	}
	r := &retry{when: []string{"connect", "refused", "reset", "timeout", "5xx", "408", "425", "429"}}
	u.retry = r
	limit := get(n, "max_retries")
	switch v, err := strconv.Atoi(limit.Text()); {
	case limit == nil || err == nil && v < 0:
		at := limit
		if at == nil {
			at = n
		}
		c.leave(at, "retries without end became %d", maxRetries)
		r.retries = maxRetries
	default:
		r.retries, _ = c.number(limit)
	}
	longest := c.duration(get(n, "max_interval"), maxBackoff)
	switch policy := n.Get("policy"); policy.Text() {
	case "exponential":
		if r.base, r.max = 500*time.Millisecond, longest; r.max == 0 {
			r.max = time.Minute
		}
		r.base = min(r.base, r.max)
	case "", "constant":
		if r.base = c.duration(n.Get("duration"), maxBase); r.base == 0 {
			r.base = 5 * time.Second
		}
		r.max = r.base
		c.leave(n, "a pause of always %s became one drawn between 0 and %s, so that clients do not come back all at once", spell(r.base), spell(r.base))
	default:
		c.leave(policy, "retry policy %s", policy.Text())
	}
	matching := n.Get("matching")
	if matching == nil { // some pages of Dapr have another name for it
		matching = n.Get("matches")
	}
	if statuses := get(matching, "http_status_codes"); statuses != nil {
		r.when = []string{"connect", "refused", "reset", "timeout"}
		for part := range strings.SplitSeq(statuses.Text(), ",") {
			r.when = append(r.when, c.status(statuses, strings.TrimSpace(part))...)
		}
	} else {
		c.leave(n, "retries on every status but 2xx and 3xx became those on 408, 425, 429 and 5xx: another try cannot change a 404")
	}
	r.when = tidy(r.when)
	c.rest(matching, "matching", "http_status_codes")
	c.rest(n, "retries", "policy", "duration", "max_interval", "max_retries", "matching", "matches")
}

func (c *converter) daprBreaker(u *upstream, n *document.Node) {
	if n == nil {
		return
	}
	b := draft.Policy{}
	trip := n.Get("trip")
	if trip == nil {
		b = append(b, draft.Field{Key: "consecutiveFailures", Value: "6"}) // consecutiveFailures > 5
	} else {
		b = append(b, c.trip(trip)...)
	}
	if window := n.Get("interval"); window != nil {
		if d := c.duration(window, 10*time.Minute); d > 0 {
			b = append(b, draft.Field{Key: "window", Value: spell(max(d, time.Second))})
		}
	}
	open := 60 * time.Second
	if t := n.Get("timeout"); t != nil {
		open = c.duration(t, time.Hour)
	}
	probes := "1"
	if v, ok := c.number(get(n, "max_requests")); ok && v > 0 {
		probes = strconv.Itoa(min(v, 1000))
	}
	b = append(b, draft.Field{Key: "openFor", Value: spell(open)}, draft.Field{Key: "openForMax", Value: spell(max(open, time.Minute))}, draft.Field{Key: "probes", Value: probes})
	u.breaker = b
	c.rest(n, "circuitBreakers", "trip", "interval", "timeout", "max_requests")
}

var (
	tripTerm  = regexp.MustCompile(`^\(*\s*(consecutiveFailures|requests)\s*(>=?)\s*(\d{1,6})\s*\)*$`)
	tripShare = regexp.MustCompile(`^\(*\s*\(*\s*(?:double\()?totalFailures\)?\s*/\s*(?:double\()?requests\)?\s*\)*\s*(>=?)\s*(0?\.\d+|1\.0|1)\s*\)*$`)
)

// trip reads an expression of terms that must all hold. One that it cannot read leaves the whole expression.
func (c *converter) trip(n *document.Node) draft.Policy {
	var b draft.Policy
	for term := range strings.SplitSeq(n.Text(), "&&") {
		term = strings.TrimSpace(term)
		if m := tripTerm.FindStringSubmatch(term); m != nil {
			count, _ := strconv.Atoi(m[3])
			if m[2] == ">" {
				count++
			}
			key := map[string]string{"consecutiveFailures": "consecutiveFailures", "requests": "minimumRequests"}[m[1]]
			b = append(b, draft.Field{Key: key, Value: strconv.Itoa(max(count, 1))})
			continue
		}
		m := tripShare.FindStringSubmatch(term)
		if m == nil {
			c.leave(n, "trip %q: the circuit opens at 50%% of 20 requests in 10s, or at 5 failures in a row", n.Text())
			return nil
		}
		share, _ := strconv.ParseFloat(m[2], 64)
		b = append(b, draft.Field{Key: "failureRate", Value: strconv.FormatFloat(max(share*100, 1), 'f', -1, 64) + "%"})
	}
	has := func(key string) bool {
		return slices.ContainsFunc(b, func(f draft.Field) bool { return f.Key == key })
	}
	switch {
	case has("consecutiveFailures") && len(b) > 1:
		c.leave(n, "trip: its terms hold together there; here failures in a row are enough, and so is the rate")
	case has("failureRate"):
		b = append(b, draft.Field{Key: "consecutiveFailures", Value: "off"})
	}
	return b
}
