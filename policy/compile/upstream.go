package compile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"outrigger/policy"
	"outrigger/policy/document"
	"outrigger/policy/language"
)

// source is an upstream, or the application of inbound, on its way from the file into the set.
type source struct {
	*policy.Upstream
	written upstreamText
	place   policy.Place // of its name
	catalog *catalog     // nil without a spec
	layer   *layer       // its policy over the defaults
	// unmatched is where the file says what becomes of requests that no operation matches.
	unmatched policy.Place
	// specUnread says that the file names a spec in a way that cannot be read, which is reported.
	specUnread bool
	ops        []*declared
}

// title names a source in messages.
func (s *source) title() string {
	if s.Direction == policy.Inbound {
		return "inbound"
	}
	return "upstream " + s.Name
}

// upstreamText is what a file says of an upstream or of inbound.
type upstreamText struct {
	listen             policy.Address
	hosts              []hostName
	endpoints          []policy.Endpoint
	spec               specFile
	policy, operations *document.Node
	refuse             bool
	formerly           []formerName
}

// specFile is the value of openapi.
type specFile struct {
	path  string
	place policy.Place
}

var upstreamFields = bound(*language.File.Under("upstreams").Item,
	leaf("listen", fixed(listenAddress), func(s *upstreamText, v policy.Address) { s.listen = v }),
	leaf("hosts", listOf(host), func(s *upstreamText, v []hostName) { s.hosts = v }),
	leaf("endpoints", listOf(endpoint), func(s *upstreamText, v []policy.Endpoint) { s.endpoints = v }),
	leaf("openapi", fixed(spec), func(s *upstreamText, v specFile) { s.spec = v }),
	leaf("policy", fixed(whole), func(s *upstreamText, v *document.Node) { s.policy = v }),
	leaf("operations", fixed(whole), func(s *upstreamText, v *document.Node) { s.operations = v }),
	leaf("unmatched", word, func(s *upstreamText, v string) { s.refuse = v == "refuse" }),
	leaf("formerly", fixed(formerNames), func(s *upstreamText, v []formerName) { s.formerly = v }),
)

var inboundFields = bound(language.File.Under("inbound"),
	leaf("listen", fixed(listenAddress), func(s *upstreamText, v policy.Address) { s.listen = v }),
	leaf("application", fixed(endpoint), func(s *upstreamText, v policy.Endpoint) { s.endpoints = []policy.Endpoint{v} }),
	leaf("openapi", fixed(inboundSpec), func(s *upstreamText, v specFile) { s.spec = v }),
	leaf("policy", fixed(whole), func(s *upstreamText, v *document.Node) { s.policy = v }),
	leaf("operations", fixed(whole), func(s *upstreamText, v *document.Node) { s.operations = v }),
	leaf("unmatched", word, func(s *upstreamText, v string) { s.refuse = v == "refuse" }),
)

// whole keeps a value for a table of its own.
func whole(_ *compiler, _ string, n *document.Node) (*document.Node, bool) { return n, true }

func spec(c *compiler, key string, n *document.Node) (specFile, bool) {
	if strings.HasPrefix(n.Text(), fromApplication) {
		c.fail(codeOutOfPlace, n.Place(), key+": only an application is asked for its own spec", "a file", "save the spec of this upstream beside the policy, and name that file")
		return specFile{}, false
	}
	if strings.Contains(n.Text(), "://") {
		c.fail(codeMissingFile, n.Place(), fmt.Sprintf("%s: %q is a URL, and nothing is fetched from the network", key, n.Text()), "the path of a file, relative to the policy file",
			"save the spec beside the policy, and name that file")
		return specFile{}, false
	}
	path, ok := filePath(c, key, n)
	return specFile{path, n.Place()}, ok
}

// inbound reads the calls to the application beside us.
func (c *compiler) inbound(e document.Entry, defaults *layer) *source {
	s := &source{place: e.KeyPlace, Upstream: &policy.Upstream{Name: policy.Application, Direction: policy.Inbound, Place: e.KeyPlace}}
	fill(c, "inbound", e.Value, target[upstreamText]{&s.written, inboundFields})
	c.require(s, e.Value, "listen", addressExpected)
	c.require(s, e.Value, "application", endpointExpected)
	s.unmatched = e.Value.Get("unmatched").Place()
	// Numbers in defaults tune the inbound breaker; only inbound itself switches it on.
	c.complete(s, e.Value, defaults.without(func(key string) bool { return key == "breaker" }))
	return s
}

// upstream reads one service that we call.
func (c *compiler) upstream(e document.Entry, defaults *layer) *source {
	s := &source{place: e.KeyPlace, Upstream: &policy.Upstream{Name: e.Key, Direction: policy.Outbound, Place: e.KeyPlace}}
	if e.Key == policy.Application || e.Key == policy.Unknown {
		c.fail(codeTwice, e.KeyPlace, fmt.Sprintf("upstream name %q is taken by the sidecar itself", e.Key), "another name")
	}
	fill(c, "upstreams."+e.Key, e.Value, target[upstreamText]{&s.written, upstreamFields})
	s.unmatched = e.Value.Get("unmatched").Place()
	c.require(s, e.Value, "endpoints", "a list of URLs such as [http://inventory:8080]")
	if n := e.Value.Get("endpoints"); n.Kind() == document.Sequence && n.Len() == 0 {
		c.fail(codeRange, n.Place(), "upstreams."+e.Key+".endpoints is empty", "at least one URL")
	}
	for i, one := range s.written.endpoints {
		if first := slices.IndexFunc(s.written.endpoints, func(o policy.Endpoint) bool { return o.Host == one.Host }); first < i {
			c.twice(one.Place, fmt.Sprintf("upstreams.%s.endpoints: %s stands twice", e.Key, one.Host), s.written.endpoints[first].Place)
			if cut, ok := e.Value.Get("endpoints").Cut(i); ok {
				c.lastTold().Fix = policy.Edit{Place: cut}
			}
		}
	}
	c.complete(s, e.Value, defaults)
	c.nameHosts(s)
	return s
}

// misindented reports whether an entry of upstreams is no upstream but a key of one, too far to the left.
func misindented(e document.Entry) bool {
	return language.File.Under("upstreams").Item.Find(e.Key) != nil && e.Value.Get("endpoints") == nil && !meant(e.Value, "endpoints")
}

// checkRefusesAll refuses an upstream that lets only declared operations pass and has none.
func (c *compiler) checkRefusesAll(s *source) {
	if s.RefuseUnmatched && len(s.Operations) == 0 && (s.catalog == nil || !s.catalog.broken) {
		c.fail(codeOutOfPlace, s.unmatched, s.title()+" refuses every request: unmatched: refuse, and it has no operations", "openapi or operations beside it",
			"name a spec, write operations, or write unmatched: pass")
	}
}

// require reports a key that a mapping must have, unless an unknown key there, which is reported, was meant to be it.
func (c *compiler) require(s *source, n *document.Node, key, expected string) {
	if n.Kind() == document.Mapping && n.Get(key) == nil && !meant(n, key) {
		c.fail(codeMissingKey, s.place, fmt.Sprintf("%s has no %s", s.title(), key), expected)
	}
}

// complete fills what inbound and upstreams have in common.
func (c *compiler) complete(s *source, n *document.Node, defaults *layer) {
	s.Listen, s.Endpoints, s.RefuseUnmatched, s.Formerly = s.written.listen, s.written.endpoints, s.written.refuse, namesOf(s.written.formerly)
	s.layer = defaults
	if s.written.policy != nil {
		s.layer = c.policyOf(s.written.policy, policyText{what: "the policy of " + s.title(), level: levelUpstream, fields: policyFields}).over(defaults)
	}
	s.specUnread = s.written.spec.path == "" && (n.Get("openapi") != nil || meant(n, "openapi"))
	if s.written.spec.path != "" {
		s.catalog = c.catalogOf(s)
		s.Declared = !s.catalog.pending
		if !s.catalog.broken {
			c.declared[s.Name] = s.catalog.Catalog
		}
	}
}

// nameHosts gives an upstream the names by which the outbound port knows it: those listed, and its endpoints' own, with the port
// and, where it is the scheme's, without.
func (c *compiler) nameHosts(s *source) {
	places := map[string]policy.Place{}
	for _, e := range s.Endpoints {
		places[e.Host] = e.Place
		suffix := fmt.Sprintf(":%d", defaultPort(e.Scheme))
		if bare, found := strings.CutSuffix(e.Host, suffix); found {
			places[bare] = e.Place
		}
	}
	for _, h := range s.written.hosts {
		places[h.name] = h.place
	}
	s.Hosts = slices.Sorted(maps.Keys(places))
	for _, h := range s.Hosts {
		if other := c.hosts[h]; other != nil {
			c.shared = append(c.shared, policy.Problem{
				Code: codeSharedHost, Severity: policy.Error, Place: places[h], Because: other.Place,
				Message:  fmt.Sprintf("host %s belongs to upstream %s already", h, other.Name),
				Expected: "one upstream for each host", Suggestion: "merge the two upstreams, or give each a port of its own (listen) and open none for all",
			})
			continue
		}
		c.hosts[h] = s.Upstream
	}
}
