package validate

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"outrigger/policy"
	"outrigger/proxy/exchange"
)

// maxPairs bounds the query that is looked at: every parameter goes through it.
const maxPairs = 512

// parameters looks at every parameter that the contract names. Others are not the spec's business.
func (l *requests) parameters(req *http.Request, ex *exchange.Exchange, check *exchange.Check) {
	if len(l.contract.Parameters) == 0 {
		return
	}
	g := given{req: req}
	if !g.parse() {
		check.Skipped = skippedComplex
		return
	}
	if path, ok := policy.Canonical(ex.Path); ok {
		l.Operation.PathValues(path, func(name, raw string) { g.path = append(g.path, pair{name, raw}) })
	}
	for i := range l.contract.Parameters {
		p := &l.contract.Parameters[i]
		values, parts, readable := g.of(p)
		if !readable {
			continue
		}
		found, err := l.Schemas.Parameter(p, values, parts)
		check.Violations = append(check.Violations, found...)
		if err != nil {
			check.Skipped = skippedComplex
		}
	}
}

// pair is a name and a text as the message has it, still encoded.
type pair = [2]string

// given are the parameters of one request.
type given struct {
	req         *http.Request
	path, query []pair
}

// parse splits the query. It is false for one with too many parts.
func (g *given) parse() bool {
	rest := g.req.URL.RawQuery
	if strings.Count(rest, "&") >= maxPairs {
		return false
	}
	for rest != "" {
		var part string
		part, rest, _ = strings.Cut(rest, "&")
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		if strings.ContainsAny(name, "%+") {
			if plain, err := url.QueryUnescape(name); err == nil {
				name = plain
			}
		}
		g.query = append(g.query, pair{name, value})
	}
	return true
}

// of finds the texts of a parameter. They are not readable where OpenAPI does not say how to read them: a[b][c]=1.
func (g *given) of(p *policy.Parameter) (values []string, parts []pair, readable bool) {
	switch p.In {
	case policy.InPath:
		return named(g.path, p.Name), nil, true
	case policy.InHeader:
		return g.req.Header[p.Name], nil, true
	case policy.InCookie:
		for _, c := range g.req.CookiesNamed(p.Name) {
			values = append(values, c.Value)
		}
		return values, nil, true
	}
	switch {
	case p.Style == policy.StyleDeep:
		for _, q := range g.query {
			inner, ok := strings.CutPrefix(q[0], p.Name+"[")
			if inner, closed := strings.CutSuffix(inner, "]"); ok && closed {
				if strings.ContainsAny(inner, "[]") {
					return nil, nil, false
				}
				parts = append(parts, pair{inner, q[1]})
			}
		}
		return nil, parts, true
	case len(p.Properties) > 0:
		for _, q := range g.query {
			if slices.Contains(p.Properties, q[0]) {
				parts = append(parts, q)
			}
		}
		return nil, parts, true
	}
	return named(g.query, p.Name), nil, true
}

func named(pairs []pair, name string) (values []string) {
	for _, q := range pairs {
		if q[0] == name {
			values = append(values, q[1])
		}
	}
	return values
}
