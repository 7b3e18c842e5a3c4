package proxy

import (
	"cmp"
	"context"
	"errors"
	"math"
	"os"
	"runtime/debug"
	"time"

	"outrigger/policy"
	"outrigger/proxy/http1"
	"outrigger/proxy/observe"
	"outrigger/proxy/overload"
)

// bounds are what keeps the sidecar as a whole from taking on too much, and what every connection has to keep to.
type bounds struct {
	guard   *overload.Guard
	clients *http1.ChangingLimits // for clients' connections
	replies *http1.ChangingLimits // for connections to upstreams
}

func (p *Proxy) newBounds() bounds {
	b := bounds{clients: new(http1.ChangingLimits), replies: new(http1.ChangingLimits)}
	b.guard = overload.New(overload.Options{Log: p.log, Root: cmp.Or(p.options.root, "/"), GoLimit: goLimit(), OnStep: p.relieve})
	return b
}

// goLimit is the bound that a person set for the Go runtime.
func goLimit() int64 {
	if limit := debug.SetMemoryLimit(-1); os.Getenv("GOMEMLIMIT") != "" && limit < math.MaxInt64 {
		return limit
	}
	return 0
}

// relieve frees what can be freed when memory runs short: connections of clients that wait, then what the collector finds.
func (p *Proxy) relieve(step overload.Step) {
	if step != overload.Calm {
		p.ports.CloseIdle()
		debug.FreeOSMemory()
	}
}

// adopt makes the limits of a set hold, also for connections that are open.
func (b *bounds) adopt(set *policy.Set) {
	l := set.Limits
	b.clients.Set(http1.Limits{
		HeadBytes: int(l.HeaderBytes), Fields: l.HeaderCount, RequestLine: int(l.RequestLineBytes), Connections: l.Connections,
		HeaderTimeout: l.HeaderTimeout, IdleTimeout: l.IdleTimeout, BodyTimeout: bodySilence,
	})
	b.replies.Set(http1.Limits{
		HeadBytes: int(l.ResponseHeaderBytes), Fields: l.HeaderCount, Interim: l.InterimReplies, IdleTimeout: l.UpstreamIdleTimeout,
	})
}

// bodySilence is the longest wait for the next bytes of a request's body where timeouts.body of the operation, which the gate
// sees to, leaves that much.
const bodySilence = 5 * time.Minute

// lost counts a connection that gets no answer.
func (b *bounds) lost(err error) {
	if errors.Is(err, http1.ErrFlood) {
		b.guard.Dropped()
		return
	}
	b.guard.NotAccepted(err)
}

// watch looks after memory until ctx ends.
func (b *bounds) watch(ctx context.Context) { b.guard.Run(ctx) }

// Pressure tells how near the sidecar is to taking on no more.
func (s status) Pressure() observe.PressureState {
	guard, memory := s.p.bounds.guard, s.p.memory
	lost := guard.Unanswered()
	return observe.PressureState{
		Memory: guard.Memory(), Limited: guard.Limited(), Step: guard.Step().String(),
		BufferBytes: memory.Used(), BufferLimit: memory.Limit(), BuffersRefused: memory.Refused(),
		NotAccepted: lost.NotAccepted, Flood: lost.TooMany,
	}
}

// strain says in what way the sidecar is not at its best, for readiness that stays true: turning everybody away would only move the
// load to the next sidecar.
func (s status) strain() string {
	guard := s.p.bounds.guard
	switch {
	case !guard.Accepting():
		return "degraded: connections cannot be accepted, there are too few descriptors"
	case guard.Sheds():
		return "degraded: memory is short, new requests are answered 503"
	case guard.Closes():
		return "degraded: memory is short, connections are not kept"
	}
	return ""
}
