package admin

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"outrigger/policy"
	"outrigger/proxy/observe"
)

func (p *port) operations(w http.ResponseWriter, _ *http.Request) {
	upstreams := p.State.Upstreams()
	if upstreams == nil {
		upstreams = []observe.UpstreamState{}
	}
	for i := range upstreams {
		if upstreams[i].Endpoints == nil {
			upstreams[i].Endpoints = []observe.EndpointState{}
		}
		if upstreams[i].Operations == nil {
			upstreams[i].Operations = []observe.OperationState{}
		}
	}
	answer(w, http.StatusOK, struct {
		Upstreams []observe.UpstreamState `json:"upstreams"`
	}{upstreams})
}

// defaultLimit is how many decisions are shown unless somebody asks for more or fewer.
const defaultLimit = 100

func (p *port) decisions(w http.ResponseWriter, r *http.Request) {
	filter, err := filterOf(r.URL.RawQuery)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	found := p.Decisions.Decisions(filter)
	if found == nil {
		found = []observe.Decision{}
	}
	answer(w, http.StatusOK, struct {
		Decisions []observe.Decision `json:"decisions"`
	}{found})
}

var outcomes = []policy.Outcome{policy.OK, policy.UpstreamError, policy.ClientError, policy.Failed, policy.Refused, policy.ClientClosed}

// filterOf reads a query strictly: a filter that is misspelt would look like one that everything passes.
func filterOf(query string) (observe.Filter, error) {
	f := observe.Filter{Limit: defaultLimit}
	values, err := url.ParseQuery(query)
	if err != nil {
		return f, fmt.Errorf("the query cannot be read: %w", err)
	}
	for name, all := range values {
		if len(all) != 1 {
			return f, fmt.Errorf("%q stands in the query %d times, write it once", name, len(all))
		}
		switch value := all[0]; name {
		case "upstream":
			f.Upstream = value
		case "operation":
			f.Operation = value
		case "trace":
			f.Trace = value
		case "outcome":
			if f.Outcome, err = outcomeOf(value); err != nil {
				return f, err
			}
		case "limit":
			if f.Limit, err = strconv.Atoi(value); err != nil || f.Limit < 1 || f.Limit > observe.MaxDecisions {
				return f, fmt.Errorf("limit %q is no number from 1 to %d", value, observe.MaxDecisions)
			}
		default:
			return f, fmt.Errorf("%q is unknown here, use upstream, operation, outcome, trace, limit", name)
		}
	}
	return f, nil
}

func outcomeOf(word string) (policy.Outcome, error) {
	names := make([]string, len(outcomes))
	for i, o := range outcomes {
		if string(o) == word {
			return o, nil
		}
		names[i] = string(o)
	}
	return "", fmt.Errorf("outcome %q is unknown, use %s", word, strings.Join(names, ", "))
}

func (p *port) index(w http.ResponseWriter, _ *http.Request) {
	var b strings.Builder
	b.WriteString("outrigger admin\n\n")
	for _, page := range p.pages() {
		fmt.Fprintf(&b, "%-4s %-44s %s\n", page.method, strings.TrimSuffix(page.pattern, "{$}"), page.about)
	}
	text(w, http.StatusOK, b.String())
}
