package gate

import (
	"context"
	"net/http"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
	"outrigger/proxy/http1"
	"outrigger/proxy/observe"
)

// Refuse answers what the wire could not read as a request, and counts and logs it like any other exchange.
func (g *Gate) Refuse(e Entry) func(w http.ResponseWriter, r *http1.Refusal) {
	return func(w http.ResponseWriter, r *http1.Refusal) {
		s := g.live.Current()
		target := s.Nowhere(e.Direction)
		switch {
		case e.Direction == policy.Inbound && s.Application() != nil:
			target = s.Application()
		case e.Upstream != "" && s.Upstream(e.Upstream) != nil:
			target = s.Upstream(e.Upstream)
		}
		route := target.Unmatched()
		ex := exchange.New(context.Background(), target.Upstream, route.Operation, time.Now())
		ex.Version = s.Set.Version
		observe.Trace(http.Header{}, ex)
		target.InFlight.Add(1)
		v := visit{gate: g, snapshot: s, entry: e, route: route, target: target, ex: ex, w: w}
		defer v.end()
		code := failure.RequestInvalid
		if r.Status == http.StatusServiceUnavailable {
			code = failure.Overload
		}
		v.fail(&failure.Error{Code: code, Status: r.Status, Detail: r.Reason})
	}
}
