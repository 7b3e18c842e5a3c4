package migrate

import (
	"strings"
	"time"

	"outrigger/policy/document"
	"outrigger/policy/starter/draft"
)

// istio reads VirtualServices and DestinationRules, of any version of their group.
func (c *converter) istio(roots []*document.Node) bool {
	for _, root := range flattened(roots) {
		switch kind := root.Get("kind"); kind.Text() {
		case "VirtualService":
			c.virtualService(root)
		case "DestinationRule":
			c.destinationRule(root)
		default:
			c.leave(kind, "a document of kind %s", kind.Text())
		}
	}
	return len(c.upstreams) > 0
}

// flattened takes Lists of Kubernetes apart.
func flattened(roots []*document.Node) []*document.Node {
	var all []*document.Node
	for _, root := range roots {
		if root.Get("kind").Text() == "List" {
			all = append(all, root.Get("items").Items()...)
		} else {
			all = append(all, root)
		}
	}
	return all
}

func (c *converter) virtualService(root *document.Node) {
	spec := root.Get("spec")
	var hosts []string
	for _, h := range spec.Get("hosts").Items() {
		if !strings.Contains(h.Text(), "*") {
			hosts = append(hosts, strings.ToLower(h.Text()))
		}
	}
	var served []*upstream
	for _, route := range spec.Get("http").Items() {
		if u := c.istioRoute(route); u != nil && (len(served) == 0 || served[len(served)-1] != u) {
			served = append(served, u)
		}
	}
	switch {
	case len(served) == 1:
		served[0].hosts = append(served[0].hosts, hosts...)
	case len(served) > 1 && len(hosts) > 0:
		c.leave(spec.Get("hosts"), "hosts %s are of several upstreams: each is called by its own name here", strings.Join(hosts, ", "))
	}
	c.rest(spec, "VirtualService", "hosts", "http", "export_to")
}

// istioRoute reads one route; it returns the upstream that it leads to.
func (c *converter) istioRoute(n *document.Node) *upstream {
	targets := n.Get("route").Items()
	if len(targets) == 0 {
		c.leave(n, "a route that leads to no destination")
		return nil
	}
	if len(targets) > 1 {
		c.leave(n.Get("route"), "a route to %d destinations: traffic is not split here, the first one was taken", len(targets))
	}
	destination := targets[0].Get("destination")
	u := c.destination(destination)
	if subset := destination.Get("subset"); subset != nil {
		c.leave(subset, "subset %s: endpoints are not told apart by labels here", subset.Text())
	}
	s := settings{place: n.Place()}
	if t := n.Get("timeout"); t != nil {
		s.request = c.timeout(t)
	} else {
		c.leave(n, "a route without a timeout, which waits for ever in Istio: the default of 10s holds here")
	}
	c.istioRetries(&s, n.Get("retries"))
	matches := n.Get("match").Items()
	if len(matches) == 0 {
		c.matched(u, matched{all: true, s: s, at: n})
	}
	for _, m := range matches {
		c.istioMatch(u, m, s)
	}
	c.rest(n, "http", "name", "route", "timeout", "retries", "match")
	return u
}

// destination finds the upstream of a host, which may be a short name or a full one of Kubernetes.
func (c *converter) destination(n *document.Node) *upstream {
	u := c.upstream(upstreamName(n.Get("host").Text()))
	if u.at.Line == 0 {
		u.at = n.Place()
	}
	port := n.Get("port").Get("number").Text()
	host := strings.ToLower(n.Get("host").Text())
	switch {
	case len(u.endpoints) > 0:
	case port == "":
		u.endpoints, u.where = []string{"http://" + host + ":80"}, "the file does not say the port: check it"
	default:
		u.endpoints = []string{"http://" + host + ":" + port}
	}
	return u
}

// istioRetries reads retries, whose attempts are tries after the first. Where none are written Istio makes two.
func (c *converter) istioRetries(s *settings, n *document.Node) {
	r := &retry{retries: 2, when: []string{"connect", "refused"}}
	s.retry = r
	if n == nil {
		return
	}
	if v, ok := c.number(n.Get("attempts")); ok {
		r.retries = v
	}
	if on := get(n, "retry_on"); on != nil {
		if r.when = c.conditions(on); len(r.when) == 0 {
			r.retries = 0
		}
	}
	s.attempt = c.duration(get(n, "per_try_timeout"), maxTimeout)
	if r.base = c.duration(n.Get("backoff"), maxBase); r.base > 0 {
		r.max = min(10*r.base, maxBackoff)
	}
	c.rest(n, "retries", "attempts", "retry_on", "per_try_timeout", "backoff", "retry_ignore_previous_hosts")
}

func (c *converter) istioMatch(u *upstream, n *document.Node, s settings) {
	for _, key := range []string{"headers", "query_params", "without_headers", "source_labels", "source_namespace", "gateways", "port", "authority", "scheme"} {
		if v := get(n, key); v != nil {
			c.leave(v, "a route for requests by %s: its settings are left with it", key)
			return
		}
	}
	uri, method := n.Get("uri"), n.Get("method")
	if method != nil && method.Get("exact") == nil {
		c.leave(method, "a route by a pattern of methods: its settings are left with it")
		return
	}
	m := matched{method: method.Get("exact").Text(), s: s, at: n}
	switch {
	case uri == nil && method == nil, uri.Get("prefix").Text() == "/" && method == nil:
		m.all = true
	case uri.Get("exact") != nil:
		m.template = uri.Get("exact").Text()
	case uri.Get("prefix") != nil:
		c.fallBack(u, uri, s, "a route for everything below "+uri.Get("prefix").Text())
		return
	case uri.Get("regex") != nil:
		m.template = uri.Get("regex").Text()
		c.pattern(u, m)
		return
	default:
		c.fallBack(u, n, s, "a route by something else than a path")
		return
	}
	c.rest(n, "match", "name", "uri", "method", "ignore_uri_case")
	c.matched(u, m)
}

func (c *converter) destinationRule(root *document.Node) {
	spec := root.Get("spec")
	u := c.destination(spec)
	u.at = spec.Place()
	c.trafficPolicy(u, get(spec, "traffic_policy"))
	for _, subset := range spec.Get("subsets").Items() {
		c.leave(subset, "subset %s: endpoints are not told apart by labels here", subset.Get("name").Text())
	}
	c.rest(spec, "DestinationRule", "host", "traffic_policy", "subsets", "export_to")
}

func (c *converter) trafficPolicy(u *upstream, n *document.Node) {
	tcp, http := get(n, "connection_pool", "tcp"), get(n, "connection_pool", "http")
	u.connect = c.duration(get(tcp, "connect_timeout"), maxConnect)
	if v, ok := c.number(get(http, "http2_max_requests")); ok && v > 0 {
		u.concurrency = min(v, 1_000_000)
	}
	c.rest(tcp, "connectionPool.tcp", "connect_timeout")
	c.rest(http, "connectionPool.http", "http2_max_requests")
	if b := get(n, "retry_budget"); b != nil {
		c.percent(u, b.Get("percent"))
		c.rest(b, "retryBudget", "percent")
	}
	c.istioOutlier(u, get(n, "outlier_detection"))
	switch lb := get(n, "load_balancer", "simple"); lb.Text() {
	case "ROUND_ROBIN":
		u.choice = "roundRobin"
	case "", "LEAST_REQUEST", "LEAST_CONN", "UNSPECIFIED":
	default:
		c.leave(lb, "loadBalancer %s", lb.Text())
	}
	c.rest(get(n, "load_balancer"), "loadBalancer", "simple")
	switch mode := n.Get("tls").Get("mode"); mode.Text() {
	case "", "DISABLE":
	case "SIMPLE":
		for i, e := range u.endpoints {
			u.endpoints[i] = strings.Replace(e, "http://", "https://", 1)
		}
		c.rest(n.Get("tls"), "tls", "mode", "sni")
	default:
		c.leave(mode, "tls mode %s: certificates of the mesh are not used here", mode.Text())
	}
	c.rest(n, "trafficPolicy", "connection_pool", "outlier_detection", "load_balancer", "tls", "retry_budget")
}

func (c *converter) istioOutlier(u *upstream, n *document.Node) {
	if n == nil {
		return
	}
	consecutive := get(n, "consecutive5xx_errors")
	if consecutive == nil {
		consecutive = get(n, "consecutive_gateway_errors")
	}
	eject := 30 * time.Second
	if e := get(n, "base_ejection_time"); e != nil {
		eject = c.duration(e, maxRespects)
	}
	u.outlier = draft.Policy{{Key: "consecutive", Value: "5"}, {Key: "ejectFor", Value: spell(eject)}, {Key: "maxEjected", Value: "10%"}}
	if v, ok := c.number(consecutive); ok && v > 0 {
		u.outlier[0].Value = consecutive.Text()
	}
	if v, ok := c.number(get(n, "max_ejection_percent")); ok && v <= 100 {
		u.outlier[2].Value = get(n, "max_ejection_percent").Text() + "%"
	}
	c.rest(n, "outlierDetection", "consecutive5xx_errors", "consecutive_gateway_errors", "base_ejection_time", "max_ejection_percent")
}
