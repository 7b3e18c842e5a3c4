package starter

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

	"outrigger/policy"
	"outrigger/policy/starter/draft"
)

// The ports that a sidecar has without a word in its policy, and where inbound starts to look for one.
const (
	outboundPort    = "127.0.0.1:15001"
	adminPortNumber = 9901
	inboundFirst    = 8080
	applicationPort = 5000
)

// addresses keeps names, hosts and ports apart.
type addresses struct {
	names map[string]bool
	hosts map[string]bool // of upstreams, with port, and without where it is the scheme's
	ports map[int]bool    // of this machine
}

func newAddresses() *addresses {
	return &addresses{
		names: map[string]bool{policy.Application: true, policy.Unknown: true},
		hosts: map[string]bool{},
		ports: map[int]bool{15001: true, adminPortNumber: true},
	}
}

// place names a part and says where it is served, as far as its spec does.
func (m *maker) place(p *part) {
	note := fmt.Sprintf("%q", strings.TrimSpace(p.catalog.Title))
	if strings.TrimSpace(p.catalog.Title) == "" {
		note = ""
	}
	openapi := draft.Field{Key: "openapi", Value: draft.Quote(p.spec.Name)}
	if p.inbound {
		p.Note = note
		p.Fields = []draft.Field{openapi}
		return
	}
	p.Name, p.Note = m.addresses.name(p), note
	endpoint, public := m.addresses.endpoint(p)
	p.Fields = []draft.Field{endpoint, openapi}
	// A public service is called by the name that it and its certificate have.
	if !public && !m.addresses.hosts[p.Name] {
		m.addresses.hosts[p.Name] = true
		hosts := draft.Field{Key: "hosts", Value: draft.List(p.Name), Note: "what the service calls it: http://" + p.Name + "/..."}
		p.Fields = append([]draft.Field{hosts}, p.Fields...)
	}
}

// noise are words of titles that name nobody.
var noise = map[string]bool{
	"the": true, "a": true, "api": true, "apis": true, "rest": true, "restful": true, "openapi": true, "swagger": true, "spec": true,
	"specification": true, "public": true, "http": true, "web": true, "v1": true, "v2": true, "v3": true,
}

var wordForm = regexp.MustCompile(`[a-z0-9]+`)

// longestName is up to where words of a title are taken into a name.
const longestName = 40

// slug makes a name of a title: "The Stripe API" is stripe. It is "" where there is nothing to make it of.
func slug(title string) string {
	title = strings.ToLower(title)
	for _, end := range []string{" - ", ":", "(", "|", "—", "\n"} {
		if head, _, found := strings.Cut(title, end); found && wordForm.MatchString(head) {
			title = head
		}
	}
	words := wordForm.FindAllString(title, 20)
	var kept []string
	for _, w := range words {
		if !noise[w] {
			kept = append(kept, w)
		}
	}
	if len(kept) == 0 {
		kept = words
	}
	name := ""
	for _, w := range kept {
		if len(name)+len(w) > longestName {
			break
		}
		if name != "" {
			name += "-"
		}
		name += w
	}
	return name
}

// name is made of the title, or else of the file, and is given once.
func (a *addresses) name(p *part) string {
	base := slug(p.catalog.Title)
	if base == "" {
		base = slug(strings.TrimSuffix(path.Base(p.spec.Name), path.Ext(p.spec.Name)))
	}
	if base == "" {
		base = "upstream"
	}
	name := base
	for n := 2; a.names[name]; n++ {
		name = fmt.Sprintf("%s-%d", base, n)
	}
	a.names[name] = true
	return name
}

var hostForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?$`)

// server is the address of a server's URL; ok is false for one that is relative, has variables left, or is no address for HTTP.
func server(text string) (scheme, host string, port int, ok bool) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return "", "", 0, false
	}
	host, port = strings.ToLower(u.Hostname()), 80
	if u.Scheme == "https" {
		port = 443
	}
	if u.Port() != "" {
		port, err = strconv.Atoi(u.Port())
	}
	good := hostForm.MatchString(host) && !strings.Contains(host, "..")
	return u.Scheme, host, port, err == nil && good && port > 0 && port <= 65535
}

func isLocal(host string) bool {
	return host == "localhost" || strings.HasPrefix(host, "127.") || host == "0.0.0.0"
}

// endpoint takes the first server of the spec that others can reach, or else one of this machine, or else makes an address up.
// public says that it has a name in the DNS of the world.
func (a *addresses) endpoint(p *part) (field draft.Field, public bool) {
	why := "the spec names no server: say where it is"
	for _, local := range []bool{false, true} {
		for _, text := range p.catalog.Servers {
			scheme, host, port, ok := server(text)
			if !ok {
				why = "the server of the spec, " + draft.Comment(text) + ", is no whole address: say where it is"
				continue
			}
			if isLocal(host) != local {
				continue
			}
			if full := fmt.Sprintf("%s:%d", host, port); a.hosts[full] || a.hosts[host] || local && a.ports[port] {
				why = "the server of the spec, " + draft.Comment(text) + ", is taken already: say where it is"
				continue
			}
			return a.take(scheme, host, port, len(p.catalog.Servers)), !local && strings.Contains(host, ".")
		}
	}
	field = a.take("http", p.Name, inboundFirst, 0)
	field.Note = why
	return field, false
}

func (a *addresses) take(scheme, host string, port, servers int) draft.Field {
	a.hosts[fmt.Sprintf("%s:%d", host, port)] = true
	standard := scheme == "http" && port == 80 || scheme == "https" && port == 443
	text := scheme + "://" + host
	if standard {
		a.hosts[host] = true
	} else {
		text += fmt.Sprintf(":%d", port)
	}
	note := "the server of the spec"
	switch {
	case isLocal(host):
		a.ports[port] = true
		note += ", on this machine"
	case scheme == "https":
		note += "; also for plain calls of http://" + host + "/..., to which the sidecar adds TLS"
	case servers > 1:
		note += fmt.Sprintf(", the first of %d", servers)
	}
	return draft.Field{Key: "endpoints", Value: draft.List(text), Note: note}
}

// inbound finds the ports of the inbound side, after those of all upstreams are known.
func (a *addresses) inbound(p *part) {
	application, note := 0, "where the service listens itself"
	for _, text := range p.catalog.Servers {
		if _, host, port, ok := server(text); ok && isLocal(host) && !a.ports[port] {
			application, note = port, note+": the server of the spec"
			break
		}
	}
	if application == 0 {
		application = a.free(applicationPort)
	}
	a.ports[application] = true
	listen := a.free(inboundFirst)
	a.ports[listen] = true
	p.Fields = append([]draft.Field{
		{Key: "listen", Value: fmt.Sprintf("0.0.0.0:%d", listen), Note: "where callers come"},
		{Key: "application", Value: fmt.Sprintf("http://127.0.0.1:%d", application), Note: note},
	}, p.Fields...)
}

func (a *addresses) free(port int) int {
	for a.ports[port] {
		port++
	}
	return port
}
