package migrate

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"outrigger/policy/document"
	"outrigger/policy/starter/draft"
)

// linkerd reads HTTPRoutes, ServiceProfiles, and Services with annotations.
func (c *converter) linkerd(roots []*document.Node) bool {
	for _, root := range flattened(roots) {
		switch kind := root.Get("kind"); kind.Text() {
		case "HTTPRoute":
			c.httpRoute(root)
		case "ServiceProfile":
			c.serviceProfile(root)
		case "Service":
			u := c.kubernetesService(root.Get("metadata").Get("name").Text(), "", root)
			s := settings{place: root.Place()}
			c.annotations(&s, &u.settings, root)
			if !u.whole { // a route says it nearer
				u.take(s)
			}
			for _, p := range root.Get("spec").Get("ports").Items() {
				u.endpoints, u.where = []string{"http://" + u.name + ":" + p.Get("port").Text()}, ""
				break
			}
		default:
			c.leave(kind, "a document of kind %s", kind.Text())
		}
	}
	return len(c.upstreams) > 0
}

// kubernetesService finds the upstream of a Service by its name or its full name.
func (c *converter) kubernetesService(name, port string, at *document.Node) *upstream {
	u := c.upstream(upstreamName(name))
	if u.at.Line == 0 {
		u.at = at.Place()
	}
	if host := strings.ToLower(name); !slices.Contains(u.hosts, host) {
		u.hosts = append(u.hosts, host)
	}
	switch host := strings.ToLower(name); {
	case port != "":
		u.endpoints, u.where = []string{"http://" + host + ":" + port}, ""
	case len(u.endpoints) == 0:
		u.endpoints, u.where = []string{"http://" + host + ":80"}, "the file does not say the port: check it"
	}
	return u
}

// annotations reads those of a route or a Service into s, and those that only a Service has into whole.
func (c *converter) annotations(s, whole *settings, root *document.Node) {
	r := &retry{retries: 1, when: nil}
	breaker := draft.Policy{}
	for _, e := range root.Get("metadata").Get("annotations").Entries() {
		v := e.Value
		switch e.Key {
		case "retry.linkerd.io/http":
			r.when = append([]string{"reset"}, c.linkerdStatuses(v)...)
		case "retry.linkerd.io/limit":
			r.retries, _ = c.number(v)
		case "retry.linkerd.io/timeout":
			s.attempt = c.duration(v, maxTimeout)
		case "timeout.linkerd.io/request":
			s.request = c.timeout(v)
		case "timeout.linkerd.io/idle":
			s.idle = c.duration(v, maxTimeout)
		case "balancer.linkerd.io/failure-accrual":
			if v.Text() != "consecutive" {
				c.leave(v, "failure-accrual %s", v.Text())
			} else if len(breaker) == 0 {
				breaker = draft.Policy{{Key: "consecutiveFailures", Value: "7"}, {Key: "openFor", Value: "1s"}, {Key: "openForMax", Value: "1m"}, {Key: "probes", Value: "1"}}
			}
		case "balancer.linkerd.io/failure-accrual-consecutive-max-failures", "balancer.linkerd.io/failure-accrual-consecutive-min-penalty",
			"balancer.linkerd.io/failure-accrual-consecutive-max-penalty":
			// Read below, once it is known that there is failure accrual at all.
		default:
			if strings.Contains(e.Key, "linkerd.io/") {
				c.leaveAt(e.KeyPlace, "annotation %s has nothing here that is the same", e.Key)
			}
		}
	}
	if len(breaker) > 0 {
		c.accrual(breaker, root.Get("metadata").Get("annotations"))
		whole.breaker = breaker
		c.leave(root.Get("metadata").Get("annotations"), "failure accrual is of each endpoint in Linkerd; here it is a circuit of each operation")
	}
	if r.when = tidy(r.when); len(r.when) > 0 {
		s.retry = r
	}
}

func (c *converter) accrual(b draft.Policy, annotations *document.Node) {
	const prefix = "balancer.linkerd.io/failure-accrual-consecutive-"
	if v, ok := c.number(annotations.Get(prefix + "max-failures")); ok && v > 0 {
		b[0].Value = strconv.Itoa(v)
	}
	first, longest := c.duration(annotations.Get(prefix+"min-penalty"), time.Hour), c.duration(annotations.Get(prefix+"max-penalty"), maxTimeout)
	if first == 0 {
		first = time.Second
	}
	if longest == 0 {
		longest = time.Minute
	}
	b[1].Value, b[2].Value = spell(first), spell(max(first, longest))
}

// linkerdStatuses reads 5xx, gateway-error, and statuses with ranges of them.
func (c *converter) linkerdStatuses(n *document.Node) []string {
	var when []string
	for part := range strings.SplitSeq(n.Text(), ",") {
		switch part = strings.TrimSpace(part); part {
		case "":
		case "5xx":
			when = append(when, "5xx")
		case "gateway-error":
			when = append(when, "gateway")
		default:
			when = append(when, c.status(n, part)...)
		}
	}
	return when
}

func (c *converter) httpRoute(root *document.Node) {
	spec := root.Get("spec")
	var parents []*upstream
	for _, p := range get(spec, "parent_refs").Items() {
		if p.Get("kind").Text() != "Service" {
			c.leave(p, "a parent that is no Service")
			continue
		}
		parents = append(parents, c.kubernetesService(p.Get("name").Text(), p.Get("port").Text(), p))
	}
	for _, rule := range spec.Get("rules").Items() {
		s := settings{place: rule.Place()}
		if t := rule.Get("timeouts"); t != nil {
			if r := t.Get("request"); r != nil {
				s.request = c.timeout(r)
			}
			s.attempt = c.duration(get(t, "backend_request"), maxTimeout)
		}
		for _, u := range parents {
			c.annotations(&s, &u.settings, root)
			c.linkerdRule(u, rule, s)
		}
		if refs := get(rule, "backend_refs"); refs.Len() > 1 {
			c.leave(refs, "a route to %d services: traffic is not split here", refs.Len())
		}
		c.rest(rule, "rules", "matches", "timeouts", "backend_refs", "name")
	}
	c.rest(spec, "HTTPRoute", "parent_refs", "rules", "hostnames")
}

func (c *converter) linkerdRule(u *upstream, rule *document.Node, s settings) {
	matches := rule.Get("matches").Items()
	if len(matches) == 0 {
		c.matched(u, matched{all: true, s: s, at: rule})
	}
	for _, m := range matches {
		path, method := m.Get("path"), m.Get("method").Text()
		value, kind := path.Get("value").Text(), path.Get("type").Text()
		switch {
		case m.Get("headers") != nil || get(m, "query_params") != nil:
			c.leave(m, "a route for requests by headers or query: its settings are left with it")
		case kind == "Exact":
			c.matched(u, matched{method: method, template: value, s: s, at: m})
		case method == "" && (path == nil || value == "/" && kind != "RegularExpression"):
			c.matched(u, matched{all: true, s: s, at: m})
		case kind == "RegularExpression":
			c.pattern(u, matched{method: method, template: value, s: s, at: m})
		default:
			c.fallBack(u, m, s, "a route for everything below "+value)
		}
	}
}

// pattern takes a route by a regular expression that is no more than a path template.
func (c *converter) pattern(u *upstream, m matched) {
	template, ok := templateOf(m.template)
	if !ok {
		c.fallBack(u, m.at, m.s, fmt.Sprintf("a route by the pattern %q", m.template))
		return
	}
	m.template, m.templated = template, true
	c.matched(u, m)
}

var plainSegment = regexp.MustCompile(`^([A-Za-z0-9_~-]|\\\.|\\-)*$`)

// templateOf reads a regular expression whose segments are texts, or one parameter each.
func templateOf(pattern string) (string, bool) {
	pattern = strings.TrimSuffix(strings.TrimPrefix(pattern, "^"), "$")
	// A class of everything but a slash holds a slash itself: it is a parameter before the path is split.
	for _, parameter := range []string{"[^/]*", "[^/]+"} {
		pattern = strings.ReplaceAll(pattern, "/"+parameter, "/{}")
	}
	segments := strings.Split(pattern, "/")
	if segments[0] != "" || len(segments) < 2 {
		return "", false
	}
	n := 0
	for i, segment := range segments {
		rest, parameter := strings.CutPrefix(segment, "{}")
		if !plainSegment.MatchString(rest) {
			return "", false
		}
		segments[i] = strings.ReplaceAll(rest, `\`, "")
		if parameter {
			n++
			segments[i] = fmt.Sprintf("{p%d}%s", n, segments[i])
		}
	}
	return strings.Join(segments, "/"), true
}

// serviceProfile reads the routes of a Service, of which those that are retryable are retried as often as a budget allows.
func (c *converter) serviceProfile(root *document.Node) {
	spec := root.Get("spec")
	u := c.kubernetesService(root.Get("metadata").Get("name").Text(), "", root)
	for _, r := range spec.Get("routes").Items() {
		s := settings{place: r.Place(), request: c.duration(r.Get("timeout"), maxTimeout)}
		if get(r, "is_retryable").Text() == "true" {
			s.retry = &retry{retries: 1, when: []string{"reset", "5xx"}}
		}
		condition := r.Get("condition")
		pattern := get(condition, "path_regex").Text()
		if pattern == "" {
			c.leave(condition, "a route by something else than a path: its settings are left with it")
			continue
		}
		c.pattern(u, matched{method: condition.Get("method").Text(), template: pattern, s: s, at: condition})
		c.rest(condition, "condition", "method", "path_regex")
		c.rest(r, "routes", "name", "condition", "timeout", "is_retryable")
	}
	if b := get(spec, "retry_budget"); b != nil {
		c.profileBudget(u, b)
	}
	c.rest(spec, "ServiceProfile", "routes", "retry_budget")
}

func (c *converter) profileBudget(u *upstream, b *document.Node) {
	share, err := strconv.ParseFloat(get(b, "retry_ratio").Text(), 64)
	if err != nil || share < 0 || share > 1 {
		c.leave(b, "retryRatio %q is no share", get(b, "retry_ratio").Text())
		return
	}
	window := c.duration(b.Get("ttl"), 10*time.Minute)
	if window < time.Second {
		window = 10 * time.Second
	}
	u.budget = draft.Policy{{Key: "ratio", Value: strconv.FormatFloat(share*100, 'f', -1, 64) + "%"}}
	if perSecond, ok := c.number(get(b, "min_retries_per_second")); ok {
		u.budget = append(u.budget, draft.Field{Key: "floor", Value: strconv.Itoa(min(perSecond*int(window/time.Second), 100_000))})
	}
	u.budget = append(u.budget, draft.Field{Key: "window", Value: spell(window)})
}
