package migrate

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"outrigger/policy"
	"outrigger/policy/compile"
	"outrigger/policy/starter/draft"
)

const (
	defaultService = "my-service"
	policyFile     = "policy.yaml"
	outboundPort   = "127.0.0.1:15001"
	// maxRounds bounds how often the text is compiled; each round but the last takes something out.
	maxRounds = 20
)

// finish writes the policy, and takes out what compile refuses.
func (c *converter) finish(s Source) (Result, error) {
	f := c.file(s)
	var problems policy.Problems
	for range maxRounds {
		text := c.render(f)
		problems = nil
		compiled := compile.Compile([]string{policyFile}, compile.Options{ReadFile: func(string) ([]byte, error) { return text.Bytes, nil }})
		changed := false
		for _, p := range compiled.Problems {
			if p.Severity != policy.Error {
				continue
			}
			if c.drop(text, p) {
				changed = true
				continue
			}
			problems = append(problems, p)
		}
		if !changed {
			break
		}
	}
	if problems.HasErrors() {
		return Result{Left: c.left, Problems: problems}, nil
	}
	return Result{Text: c.render(f).Bytes, Left: c.left}, nil
}

// drop takes out what stands in the line of a problem.
func (c *converter) drop(text draft.Text, p policy.Problem) bool {
	if line, ok := text.Policies[p.Place.Line]; ok {
		i := slices.IndexFunc(line.Part.Policy, func(f draft.Field) bool { return f.Key == line.Key })
		if i < 0 {
			return true // a second problem of a key that is gone
		}
		c.leaveAt(c.byName[line.Part.Name].at, "%s: %s %s (%s)", line.Part.Name, line.Key, line.Part.Policy[i].Value, p.Message)
		line.Part.Policy = slices.Delete(line.Part.Policy, i, i+1)
		return true
	}
	op := text.Operations[p.Place.Line]
	if op == nil {
		return false
	}
	for _, u := range c.upstreams {
		if i := slices.Index(u.part.Operations, op); i >= 0 {
			c.leaveAt(u.at, "%s: operation %s (%s)", u.name, op.Key, p.Message)
			u.part.Operations = slices.Delete(u.part.Operations, i, i+1)
			return true
		}
	}
	return true // a second problem of an operation that is gone
}

func (c *converter) file(s Source) *draft.File {
	f := &draft.File{
		Head: []string{
			fmt.Sprintf("Made from %s, which is for %s. What could not be carried over stands at the end, with its line.", s.File, systemNames[s.System]),
			"Here only what may be sent twice is retried: GET, PUT, DELETE and their like, and what is marked as idempotent.",
			"Here every operation has a circuit that opens at 50% of 20 requests in 10s, and at 5 failures in a row: breaker: off under defaults.",
		},
		Service:  s.Service,
		Outbound: []draft.Field{{Key: "listen", Value: outboundPort, Note: "the HTTP_PROXY of the service"}},
	}
	if f.Service == "" {
		f.Service, f.ServiceNote = defaultService, "the service beside the sidecar: give its name"
	}
	taken := map[string]bool{}
	for _, u := range c.upstreams {
		u.part = c.part(u, taken)
		f.Upstreams = append(f.Upstreams, u.part)
	}
	return f
}

var systemNames = map[string]string{"envoy": "Envoy", "istio": "Istio", "dapr": "Dapr", "linkerd": "Linkerd"}

func (c *converter) part(u *upstream, taken map[string]bool) *draft.Part {
	c.settle(u)
	u.fit(c)
	p := &draft.Part{Name: u.name, Policy: u.settings.draft(nil)}
	c.address(u, p, taken)
	seen := map[string]bool{}
	for _, op := range u.operations {
		op.fit(c)
		key := op.method + " " + op.template
		written := op.settings.draft(&u.settings)
		if seen[key] || len(written) == 0 {
			continue // of two routes that match, the first has the request
		}
		seen[key] = true
		for i := range written {
			written[i].Note = ""
		}
		p.Operations = append(p.Operations, &draft.Operation{Key: key, Policy: written, Note: fmt.Sprintf("line %d", op.place.Line)})
	}
	return p
}

var hostForm = regexp.MustCompile(`^([A-Za-z0-9_]([A-Za-z0-9._-]{0,250}[A-Za-z0-9])?|\[[0-9a-f:.]+\])(:[0-9]{1,5})?$`)

// address gives a part the hosts and endpoints that no other has, and that are no ports of the sidecar itself.
func (c *converter) address(u *upstream, p *draft.Part, taken map[string]bool) {
	free := func(host string) bool {
		own := strings.HasSuffix(host, ":9901") || strings.HasSuffix(host, ":15001")
		return hostForm.MatchString(host) && !taken[host] && !own
	}
	var endpoints, hosts []string
	for _, e := range u.endpoints {
		_, host, _ := strings.Cut(e, "://")
		if !free(host) {
			c.leaveAt(u.at, "%s: endpoint %s is no address, is of another upstream, or is a port of the sidecar", u.name, e)
			continue
		}
		endpoints = append(endpoints, e)
	}
	where := u.where
	if len(endpoints) == 0 {
		name := strings.ToLower(u.name)
		for n := 2; taken[name]; n++ {
			name = fmt.Sprintf("%s-%d", strings.ToLower(u.name), n)
		}
		endpoints, where = []string{"http://" + name + ":80"}, "the file does not say where it is: do"
	}
	for _, e := range endpoints {
		_, host, _ := strings.Cut(e, "://")
		taken[host] = true
		taken[strings.TrimSuffix(strings.TrimSuffix(host, ":80"), ":443")] = true
	}
	for _, h := range u.hosts {
		if free(h) {
			taken[h] = true
			hosts = append(hosts, h)
		}
	}
	if len(hosts) > 0 {
		p.Fields = append(p.Fields, draft.Field{Key: "hosts", Value: draft.List(hosts...)})
	}
	p.Fields = append(p.Fields, draft.Field{Key: "endpoints", Value: draft.List(endpoints...), Note: where})
}

// render shows what was left at the end, in the order of the file.
func (c *converter) render(f *draft.File) draft.Text {
	slices.SortStableFunc(c.left, func(a, b Left) int { return cmp.Compare(a.Place.Line, b.Place.Line) })
	seen := map[Left]bool{}
	c.left = slices.DeleteFunc(c.left, func(l Left) bool {
		again := seen[l]
		seen[l] = true
		return again
	})
	f.Foot = nil
	if len(c.left) > 0 {
		f.Foot = append(f.Foot, "Not carried over, or not as it was:")
	}
	for i, l := range c.left {
		if i == maxShown {
			f.Foot = append(f.Foot, fmt.Sprintf("  and %d more", len(c.left)-i))
			break
		}
		f.Foot = append(f.Foot, "  "+l.Place.String()+": "+l.Text)
	}
	return f.Render()
}

// maxShown bounds what is listed in the policy; a Result has all.
const maxShown = 500
