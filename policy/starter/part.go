package starter

import (
	"fmt"

	"outrigger/policy/openapi"
	"outrigger/policy/starter/draft"
)

// build lays the catalogs out as a file.
func (m *maker) build() {
	f := &m.file
	f.Service = m.options.Service
	for _, p := range m.parts {
		if p.inbound && f.Service == "" {
			f.Service = slug(p.catalog.Title)
		}
	}
	if f.Service == "" {
		f.Service, f.ServiceNote = defaultService, "the service beside the sidecar: give its name"
	}
	f.Head = []string{
		"A starter policy, from " + m.names() + ". Where nothing is written a default holds that is safe; each line says why it is there.",
		"outrigger check --strict FILE says whether it is right, outrigger explain --policy FILE METHOD URL what it means for one request.",
	}
	for _, p := range m.parts {
		m.place(p)
		if p.inbound {
			f.Inbound = p.Part
		} else {
			f.Upstreams = append(f.Upstreams, p.Part)
		}
		p.lay()
	}
	if in := f.Inbound; in != nil {
		m.addresses.inbound(m.parts[0])
	}
	if len(f.Upstreams) > 0 {
		f.Outbound = []draft.Field{{Key: "listen", Value: outboundPort, Note: f.Service + " calls its upstreams through this port: HTTP_PROXY=http://" + outboundPort}}
	}
	f.Foot = knobs
}

// policies names the classes that some operation uses.
func (m *maker) policies() {
	m.file.Policies = nil
	for _, c := range classes {
		used := false
		for _, p := range m.parts {
			used = used || uses(p.Policy, c.name)
			for _, op := range p.Operations {
				used = used || uses(op.Policy, c.name)
			}
		}
		if used {
			m.file.Policies = append(m.file.Policies, draft.Named{Name: c.name, Note: c.why, Policy: draft.Policy{{Key: "timeouts", Value: c.timeouts}}})
		}
	}
}

func uses(p draft.Policy, name string) bool {
	return len(p) > 0 && p[0].Key == "use" && p[0].Value == name
}

// knobs are the defaults, for whoever wants to turn one.
var knobs = []string{
	"What holds wherever nothing else is written. To change a value take the # from its line; the same keys stand under policy of an",
	"upstream, or at an operation.",
	"defaults:",
	"  timeouts: {request: 10s, connect: 2s, idle: 5m, body: 30s}",
	"  retry: {retries: 1, backoff: {base: 25ms, max: 250ms}, budget: {ratio: 20%, floor: 10, window: 10s}, respectRetryAfter: 5s}",
	"  breaker: {failureRate: 50%, window: 10s, minimumRequests: 20, consecutiveFailures: 5, openFor: 5s, openForMax: 1m, probes: 3}",
	"  concurrency: {max: 1000}",
}

// lay sorts the operations of a part: those that need something are listed, the others counted.
func (p *part) lay() {
	counted := map[string]int{}
	byClass := map[string]int{}
	var unsafe []*openapi.Operation
	deprecated, hinted := 0, false
	all := make([]sorted, len(p.catalog.Operations))
	for i, op := range p.catalog.Operations {
		s := sort(op, p.inbound)
		all[i] = s
		counted[s.kind]++
		byClass[s.class]++
		if s.kind == unsafeWrite && op.CoveredBy == nil {
			unsafe = append(unsafe, op)
		}
		if op.Deprecated {
			deprecated++
		}
		hinted = hinted || op.Hints.Timeout != nil
	}
	common := ""
	if !hinted {
		common = commonClass(byClass, len(all))
	}
	if common != "" {
		p.Policy = draft.Policy{{Key: "use", Value: common, Note: fmt.Sprintf("%d of %d operations need it, and it hurts no other", byClass[common], len(all))}}
	}
	p.counts(counted, unsafe)
	if deprecated > 0 {
		p.Above = append(p.Above, fmt.Sprintf("  %s deprecated, and may be taken away", plural(deprecated, "of them is", "of them are")))
	}
	p.list(all, common)
}

// commonClass is the class that so many operations have that it is written once for all. Streams and uploads are never common: what
// they need is too much for others.
func commonClass(byClass map[string]int, total int) string {
	for _, name := range []string{"mayStream", "longPoll", "download"} {
		if n := byClass[name]; n > 30 && 3*n > total {
			return name
		}
	}
	return ""
}

// maxListed bounds the operations under one part: a policy has room for some thousands.
const maxListed = 1000

func (p *part) list(all []sorted, common string) {
	left := 0
	for i, s := range all {
		op := p.catalog.Operations[i]
		var policy draft.Policy
		if s.class != "" && s.class != common {
			policy = draft.Policy{{Key: "use", Value: s.class}}
		}
		policy = append(policy, s.own...)
		key := keyOf(op)
		switch {
		case len(policy) == 0 || op.CoveredBy != nil:
		case key == "" || len(p.Operations) == maxListed:
			left++
		default:
			note := title(op) + ": " + s.why
			if key == op.Method+" "+op.Path {
				note = s.why
			}
			p.Operations = append(p.Operations, &draft.Operation{Key: key, Policy: policy, Note: note})
		}
	}
	if left > 0 {
		p.Above = append(p.Above, fmt.Sprintf("%s need more than the defaults and are not listed: there are too many, or their names are too long",
			plural(left, "operation", "operations")))
	}
}

// maxNamed bounds the unsafe writes that are named one by one.
const maxNamed = 12

// counts says how many operations of which kind there are, and what becomes of them.
func (p *part) counts(counted map[string]int, unsafe []*openapi.Operation) {
	say := func(kind, text string) {
		if n := counted[kind]; n > 0 {
			p.Above = append(p.Above, "  "+plural(n, kind, kind+"s")+": "+text)
		}
	}
	p.Above = append(p.Above, fmt.Sprintf("%s, by what may be done with a failure:", plural(len(p.catalog.Operations), "operation", "operations")))
	if p.inbound {
		const text = "sent again only where nothing had reached the service; callers retry the rest"
		say(read, text)
		say(idempotentWrite, text)
		say(unsafeWrite, text)
		return
	}
	say(read, "retried once, after a connection that failed or broke, a timeout, or 408, 425, 429, 502, 503, 504")
	say(idempotentWrite, "retried as a read is; twice is as good as once (PUT, DELETE, an idempotency key, or x-outrigger)")
	say(unsafeWrite, "never sent twice, only sent again where nothing had been sent:")
	names := named(unsafe)
	if len(names) == 0 {
		return
	}
	for _, line := range wrapped(names, len(unsafe)) {
		p.Above = append(p.Above, "    "+line)
	}
	p.Above = append(p.Above, "  Where doing it twice is harmless, say so under operations: "+names[0]+": {retry: {idempotent: true}}")
}

// named gives the keys of the first unsafe writes.
func named(unsafe []*openapi.Operation) []string {
	var names []string
	for _, op := range unsafe {
		if key := keyOf(op); key != "" && len(names) < maxNamed {
			names = append(names, draft.Quote(key))
		}
	}
	return names
}

// widestLine is where lines of names are broken.
const widestLine = 110

// wrapped lays names out in lines, and says how many of all are missing.
func wrapped(names []string, all int) []string {
	var lines []string
	line := ""
	for i, name := range names {
		if i < len(names)-1 {
			name += ","
		} else if all > len(names) {
			name += fmt.Sprintf(" and %d more", all-len(names))
		}
		switch {
		case line == "":
			line = name
		case len(line)+len(name) > widestLine:
			lines, line = append(lines, line), name
		default:
			line += " " + name
		}
	}
	return append(lines, line)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
