package migrate

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"outrigger/policy/document"
	"outrigger/policy/starter/draft"
)

// envoyTimeout is a route's where none is written.
const envoyTimeout = 15 * time.Second

// envoy reads virtual hosts and clusters wherever they stand: in a bootstrap, a listener, a route configuration, or a list of resources.
func (c *converter) envoy(roots []*document.Node) bool {
	var hosts, served []*document.Node
	for _, root := range roots {
		envoyParts(root, &hosts, &served)
	}
	for _, n := range served {
		c.envoyUpstream(n)
	}
	for _, n := range hosts {
		c.envoyHost(n)
	}
	return len(c.upstreams) > 0
}

// envoyParts collects virtual hosts and clusters; weighted_clusters are no clusters but shares of a route.
func envoyParts(n *document.Node, hosts, served *[]*document.Node) {
	for _, item := range n.Items() {
		envoyParts(item, hosts, served)
	}
	if strings.HasSuffix(n.Get("@type").Text(), ".Cluster") || get(n, "name") != nil && (get(n, "load_assignment") != nil || get(n, "lb_policy") != nil || get(n, "connect_timeout") != nil) {
		*served = append(*served, n)
		return
	}
	for _, e := range n.Entries() {
		switch snake(e.Key) {
		case "virtual_hosts":
			*hosts = append(*hosts, e.Value.Items()...)
		case "clusters":
			*served = append(*served, e.Value.Items()...)
		default:
			envoyParts(e.Value, hosts, served)
		}
	}
}

func (c *converter) envoyUpstream(n *document.Node) {
	name := get(n, "name").Text()
	if name == "" {
		c.leave(n, "a cluster without a name")
		return
	}
	u := c.upstream(upstreamName(name))
	u.at = n.Place()
	if u.connect = c.duration(get(n, "connect_timeout"), maxConnect); u.connect == 0 {
		u.connect = 5 * time.Second // Envoy's default
	}
	scheme := "http"
	if socket := get(n, "transport_socket"); strings.Contains(socket.Get("name").Text(), "tls") {
		scheme = "https"
		c.rest(get(socket, "typed_config"), "transport_socket", "@type", "sni")
	}
	for _, group := range get(n, "load_assignment", "endpoints").Items() {
		for _, e := range get(group, "lb_endpoints").Items() {
			address := get(e, "endpoint", "address", "socket_address")
			if host := address.Get("address").Text(); host != "" {
				u.endpoints = append(u.endpoints, fmt.Sprintf("%s://%s:%s", scheme, bracketed(host), get(address, "port_value").Text()))
			} else {
				c.leave(e, "an endpoint without a socket address")
			}
		}
	}
	for _, t := range get(n, "circuit_breakers", "thresholds").Items() {
		c.envoyThresholds(u, t)
	}
	c.rest(get(n, "circuit_breakers"), "circuit_breakers", "thresholds")
	c.envoyOutlier(u, get(n, "outlier_detection"))
	switch lb := get(n, "lb_policy"); lb.Text() {
	case "":
	case "ROUND_ROBIN":
		u.choice = "roundRobin"
	case "LEAST_REQUEST":
	default:
		c.leave(lb, "lb_policy %s", lb.Text())
	}
	c.rest(n, "cluster", "name", "@type", "type", "connect_timeout", "transport_socket", "load_assignment", "circuit_breakers", "outlier_detection",
		"lb_policy", "dns_lookup_family", "alt_stat_name")
}

// envoyThresholds reads one row of limits. A limit of Envoy's is of the whole cluster and of one proxy.
func (c *converter) envoyThresholds(u *upstream, t *document.Node) {
	if p := get(t, "priority"); p != nil && p.Text() != "DEFAULT" {
		c.leave(p, "the limits of priority %s: there are no priorities here", p.Text())
		return
	}
	if v, ok := c.number(get(t, "max_requests")); ok && v > 0 {
		u.concurrency = min(v, 1_000_000)
	}
	if b := get(t, "retry_budget"); b != nil {
		c.percent(u, get(b, "budget_percent", "value"))
		c.rest(b, "retry_budget", "budget_percent")
	}
	c.rest(t, "circuit_breakers", "priority", "max_requests", "retry_budget", "track_remaining")
}

// percent makes a retry budget of a share in percent.
func (c *converter) percent(u *upstream, n *document.Node) {
	if share, err := strconv.ParseFloat(n.Text(), 64); err == nil && share >= 0 && share <= 100 {
		u.budget = draft.Policy{{Key: "ratio", Value: strconv.FormatFloat(share, 'f', -1, 64) + "%"}}
	}
}

func (c *converter) envoyOutlier(u *upstream, n *document.Node) {
	keys := []struct{ theirs, ours, unit string }{
		{"consecutive_5xx", "consecutive", ""}, {"base_ejection_time", "ejectFor", "time"}, {"max_ejection_percent", "maxEjected", "%"},
	}
	handled := []string{}
	for _, k := range keys {
		handled = append(handled, k.theirs)
		value := get(n, k.theirs)
		if value == nil {
			continue
		}
		text := value.Text() + k.unit
		if k.unit == "time" {
			text = spell(c.duration(value, maxRespects))
		}
		u.outlier = append(u.outlier, draft.Field{Key: k.ours, Value: text})
	}
	c.rest(n, "outlier_detection", handled...)
}

func (c *converter) envoyHost(n *document.Node) {
	var hosts []string
	for _, d := range n.Get("domains").Items() {
		if strings.Contains(d.Text(), "*") {
			continue
		}
		hosts = append(hosts, strings.ToLower(d.Text()))
	}
	served := map[string]bool{}
	for _, r := range n.Get("routes").Items() {
		if u := c.envoyRoute(r, get(n, "retry_policy")); u != nil {
			served[u.name] = true
		}
	}
	for name := range served {
		if len(served) == 1 {
			c.byName[name].hosts = append(c.byName[name].hosts, hosts...)
		} else if len(hosts) > 0 {
			c.leave(n.Get("domains"), "domains %s are of several upstreams: each is called by its own name here", strings.Join(hosts, ", "))
			break
		}
	}
	c.rest(n, "virtual_host", "name", "domains", "routes", "retry_policy")
}

// envoyRoute reads one route; it returns the upstream that it leads to.
func (c *converter) envoyRoute(n, inherited *document.Node) *upstream {
	action := n.Get("route")
	name := action.Get("cluster").Text()
	if name == "" {
		what := "a route that leads to no single cluster"
		if weights := get(action, "weighted_clusters"); weights != nil {
			what = "weighted_clusters: traffic is not split here"
		}
		c.leave(n, "%s", what)
		return nil
	}
	u := c.upstream(upstreamName(name))
	s := settings{request: envoyTimeout, place: n.Place()}
	if t := action.Get("timeout"); t != nil {
		s.request = c.timeout(t)
	}
	s.idle = c.duration(get(action, "idle_timeout"), maxTimeout)
	policy := get(action, "retry_policy")
	if policy == nil {
		policy = inherited
	}
	c.envoyRetry(&s, policy)
	c.rest(action, "route", "cluster", "timeout", "idle_timeout", "retry_policy")
	c.envoyMatch(u, n, s)
	c.rest(n, "route", "name", "match", "route")
	return u
}

// envoyRetry reads a retry policy. num_retries counts tries after the first, as here.
func (c *converter) envoyRetry(s *settings, n *document.Node) {
	if n == nil {
		return
	}
	r := &retry{retries: 1, when: c.conditions(get(n, "retry_on"))}
	if v, ok := c.number(get(n, "num_retries")); ok {
		r.retries = v
	}
	for _, code := range get(n, "retriable_status_codes").Items() {
		if strings.Contains(get(n, "retry_on").Text(), "retriable-status-codes") {
			r.when = append(r.when, c.status(code, code.Text())...)
		}
	}
	r.when = tidy(r.when)
	if len(r.when) == 0 {
		r.retries = 0
	}
	s.attempt = c.duration(get(n, "per_try_timeout"), maxTimeout)
	if back := get(n, "retry_back_off"); back != nil {
		r.base = c.duration(get(back, "base_interval"), maxBase)
		if r.max = c.duration(get(back, "max_interval"), maxBackoff); r.max == 0 {
			r.max = min(10*r.base, maxBackoff)
		}
	}
	if limited := get(n, "rate_limited_retry_back_off"); limited != nil {
		if r.respectAfter = c.duration(get(limited, "max_interval"), maxRespects); r.respectAfter == 0 {
			r.respectAfter = 5 * time.Minute
		}
	}
	s.retry = r
	// Another endpoint than those tried is taken here by itself.
	c.rest(n, "retry_policy", "retry_on", "num_retries", "retriable_status_codes", "per_try_timeout", "retry_back_off", "rate_limited_retry_back_off",
		"retry_host_predicate", "host_selection_retry_max_attempts")
}

// envoyMatch finds which requests a route is of: all, one operation, or what cannot be told here.
func (c *converter) envoyMatch(u *upstream, n *document.Node, s settings) {
	match := n.Get("match")
	m := matched{method: envoyMethod(match), s: s, at: match}
	for _, h := range match.Get("headers").Items() {
		if h.Get("name").Text() != ":method" {
			c.leave(h, "a route for requests with header %s: its settings are left with it", h.Get("name").Text())
			return
		}
	}
	switch template := get(match, "path_match_policy", "typed_config", "path_template"); {
	case match.Get("path") != nil:
		m.template = match.Get("path").Text()
	case template != nil:
		m.template, m.templated = template.Text(), true
	case match.Get("prefix").Text() == "/" && m.method == "":
		m.all = true
	case match.Get("prefix") != nil:
		c.fallBack(u, match.Get("prefix"), s, "a route for everything below "+match.Get("prefix").Text())
		return
	case get(match, "safe_regex", "regex") != nil:
		m.template = get(match, "safe_regex", "regex").Text()
		c.pattern(u, m)
		return
	default:
		c.fallBack(u, match, s, "a route by something else than a path")
		return
	}
	c.rest(match, "match", "path", "prefix", "path_match_policy", "headers")
	c.matched(u, m)
}

func envoyMethod(match *document.Node) string {
	for _, h := range match.Get("headers").Items() {
		if h.Get("name").Text() != ":method" {
			continue
		}
		if exact := get(h, "string_match", "exact"); exact != nil {
			return exact.Text()
		}
		return get(h, "exact_match").Text()
	}
	return ""
}

// bracketed writes an IPv6 address as URLs have it.
func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return url.PathEscape(host)
}
