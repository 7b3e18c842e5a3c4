package compile

import (
	"fmt"
	"slices"
	"strings"

	"outrigger/policy"
	"outrigger/policy/document"
	"outrigger/policy/language"
)

// assemble makes the set of what the files say. It goes on after a problem, so that all are found at once.
func (c *compiler) assemble(t *top) *policy.Set {
	set := builtinSet()
	c.service(t, set)
	c.ports(t, set)
	c.readNamed(t.policies)
	defaults := newLayer()
	if e, there := t.entries["defaults"]; there {
		defaults = c.policyOf(e.Value, policyText{what: "defaults", level: levelDefaults, fields: policyFields})
	}
	sources := c.sources(t, defaults)
	for _, s := range sources {
		c.operations(s, sources)
	}
	c.checkFormer(sources)
	for _, s := range sources {
		c.contracts(s)
		c.judge(s, set)
		c.checkCoverage(s)
		c.checkRefusesAll(s)
		if s.Direction == policy.Inbound {
			set.Inbound = &policy.InboundPort{Listen: s.Listen, Application: s.Upstream}
			s.Listen = policy.Address{}
		} else {
			set.Upstreams = append(set.Upstreams, s.Upstream)
		}
	}
	slices.SortFunc(set.Upstreams, func(a, b *policy.Upstream) int { return strings.Compare(a.Name, b.Name) })
	c.outbound(t, set, defaults)
	c.checkUnused(t.policies)
	return set
}

func (c *compiler) service(t *top, set *policy.Set) {
	e, there := t.entries["service"]
	switch {
	case !there && c.meantAtTop("service"):
		return
	case !there:
		c.fail(codeMissingKey, c.roots[0].Place(), "key service is missing", "the name of the service beside the sidecar", "write \"service: NAME\"")
		return
	}
	set.Service, _ = name(c, "service", e.Value)
}

// ports reads the parts that say where and how the sidecar itself is served.
func (c *compiler) ports(t *top, set *policy.Set) {
	if e, there := t.entries["admin"]; there {
		if isOff(e.Value) {
			set.Admin.Listen = policy.Address{}
		} else {
			fill(c, "admin", e.Value, target[policy.Admin]{&set.Admin, adminFields})
		}
	}
	if e, there := t.entries["metrics"]; there && !isOff(e.Value) {
		fill(c, "metrics", e.Value, target[policy.Metrics]{&set.Metrics, metricsFields})
	}
	if e, there := t.entries["log"]; there {
		fill(c, "log", e.Value, target[policy.Log]{&set.Log, logFields})
	}
	if e, there := t.entries["limits"]; there {
		fill(c, "limits", e.Value, target[policy.Limits]{&set.Limits, limitsFields})
	}
	if e, there := t.entries["trust"]; there {
		fill(c, "trust", e.Value, target[policy.Trust]{&set.Trust, trustFields})
	}
}

// sources reads inbound and every upstream, without their operations yet: those are told apart by all catalogs together.
func (c *compiler) sources(t *top, defaults *layer) []*source {
	var all []*source
	if e, there := t.entries["inbound"]; there {
		all = append(all, c.inbound(e, defaults))
	}
	for _, e := range t.upstreams {
		if e.Value.Kind() == document.Null {
			c.fail(codeType, e.KeyPlace, fmt.Sprintf("upstream %s has no value", e.Key), "a mapping with endpoints")
			t.misread = true
			continue
		}
		if misindented(e) {
			c.fail(codeUnknownField, e.KeyPlace, fmt.Sprintf("key %q stands where upstreams have their names", e.Key), "the name of an upstream",
				"indent it, so that it stands under the name of an upstream")
			t.misread = true
			continue
		}
		all = append(all, c.upstream(e, defaults))
	}
	_, outbound := t.entries["outbound"]
	if at := c.roots[0].Place(); len(all) == 0 && !outbound && !t.misread && !c.meantAtTop("inbound") && !c.meantAtTop("upstreams") {
		if e, there := keyOf(c.roots[0], "upstreams"); there {
			at = e.KeyPlace
		}
		c.fail(codeMissingKey, at, "neither inbound nor upstreams: there is nothing to carry", "inbound, upstreams or both")
	}
	return all
}

// keyOf returns the entry of a mapping with its place.
func keyOf(n *document.Node, key string) (document.Entry, bool) {
	for _, e := range n.Entries() {
		if e.Key == key {
			return e, true
		}
	}
	return document.Entry{}, false
}

// outboundPort is outbound as it is written.
type outboundPort struct {
	listen policy.Address
	pass   bool
}

var outboundFields = bound(language.File.Under("outbound"),
	leaf("listen", fixed(listenAddress), func(s *outboundPort, v policy.Address) { s.listen = v }),
	leaf("unknown", word, func(s *outboundPort, v string) { s.pass = v == "pass" }),
)

// outbound opens the port for all upstreams: where the policy says so, and by itself where an upstream has no port of its own.
func (c *compiler) outbound(t *top, set *policy.Set, defaults *layer) {
	e, there := t.entries["outbound"]
	if there && isOff(e.Value) {
		return
	}
	if !there && !slices.ContainsFunc(set.Upstreams, func(u *policy.Upstream) bool { return u.Listen.HostPort == "" }) {
		return
	}
	port := outboundPort{listen: policy.Address{HostPort: defaultOutbound}}
	if there {
		fill(c, "outbound", e.Value, target[outboundPort]{&port, outboundFields})
	}
	set.Outbound = &policy.OutboundPort{Listen: port.listen, PassUnknown: port.pass}
	for _, p := range c.shared {
		c.reportOnce(p)
	}
	if port.pass {
		s := &source{Upstream: &policy.Upstream{Name: policy.Unknown, Direction: policy.Outbound, Place: e.KeyPlace}, layer: defaults}
		c.unmatched(s)
		s.Upstream.Unmatched.Policy.Breaker.Off = true // one circuit for hosts that have nothing in common would punish all for one
		set.Outbound.Unknown = s.Upstream
	}
}
