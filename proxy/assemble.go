package proxy

import (
	"encoding/hex"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"outrigger/policy"
	"outrigger/proxy/admin"
	"outrigger/proxy/breaker"
	"outrigger/proxy/drift"
	"outrigger/proxy/exchange"
	"outrigger/proxy/gate"
	"outrigger/proxy/http1"
	"outrigger/proxy/lines"
	"outrigger/proxy/listen"
	"outrigger/proxy/live"
	"outrigger/proxy/observe"
	"outrigger/proxy/overload"
	"outrigger/proxy/upstream"
)

// assemble makes the parts of a sidecar around its first set. Nothing is bound or served yet.
func (p *Proxy) assemble(set *policy.Set) error {
	level, format := set.Log.Level, set.Log.Format
	if p.options.LogLevel != "" {
		level = p.options.LogLevel
	}
	if p.options.LogFormat != "" {
		format = p.options.LogFormat
	}
	if err := p.level.UnmarshalText([]byte(level)); err != nil {
		return errors.New("log level " + level + " is not known: write debug, info, warn or error")
	}
	p.lines = lines.New(p.options.Stderr)
	log, err := observe.NewLogger(p.lines, format, p.level)
	if err != nil {
		return err
	}
	p.log = log
	p.observer = observe.New(observe.Options{
		Log: log, DroppedLines: p.lines.Dropped, Version: p.options.Version, Revision: p.options.Revision,
	})
	p.memory = overload.NewBuffers(set.Limits.BufferBytes)
	p.ports = listen.New(log)
	p.bounds = p.newBounds()
	p.bounds.adopt(set)
	p.reach.Limits, p.reach.Buffers = p.bounds.replies, p.memory
	p.drift = drift.New()
	p.drift.Deprecated = func(u *policy.Upstream, op *policy.Operation) {
		log.Warn("operation is deprecated by its spec and still in use",
			"direction", string(u.Direction), "upstream", u.Name, "operation", op.ID, "declared", op.Place.String())
	}
	p.live = live.New(live.Options{
		Stack:  p.stack,
		Jitter: p.jitter,
		Record: func(u *policy.Upstream, op *policy.Operation) live.Recorder {
			return recorder{p.observer.Series(u.Direction, u.Name, op.ID), p.drift.Recorder(u, op)}
		},
		Endpoints: func(u *policy.Upstream) live.Endpoints {
			if u.Name == policy.Unknown {
				return upstream.NewAnywhere(u, p.reach)
			}
			return upstream.New(u, p.reach)
		},
		Transition: func(name, operation string, t breaker.Transition) {
			p.observer.Transition(observe.CircuitChange{
				Upstream: name, Operation: operation, From: string(t.From), To: string(t.To), Cause: t.Cause,
			})
			log.Info("circuit changed", "upstream", name, "operation", operation, "from", string(t.From), "to", string(t.To), "cause", t.Cause)
		},
	})
	p.gate = gate.New(p.live, gate.Options{Instance: instance(), Sheds: p.bounds.guard.Sheds, Buffers: p.memory})
	p.source.Log(log)
	p.observer.Watch(status{p})
	p.live.Apply(set)
	p.adopted(set)
	return nil
}

// recorder hands an ended exchange to whoever counts.
type recorder struct {
	*observe.Series
	drift *drift.Recorder
}

// Record implements live.Recorder.
func (r recorder) Record(ex *exchange.Exchange) {
	r.drift.Record(ex)
	r.Series.Record(ex)
}

// instance tells this process from every other sidecar in Via fields.
func instance() string {
	var b [4]byte
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return hex.EncodeToString(b[:])
}

// entry is a port that carries requests.
func (p *Proxy) entry(name string, address policy.Address, d policy.Direction, upstreamName string) listen.Port {
	phase := listen.Calls
	if d == policy.Inbound {
		phase = listen.Callers
	}
	e := gate.Entry{Direction: d, Upstream: upstreamName, Address: address.HostPort}
	return listen.Port{Name: name, Address: address, Phase: phase, Server: func() listen.Server {
		return &http1.Server{
			Handler: p.gate.Handler(e), OnRefuse: p.gate.Refuse(e), Log: p.log,
			Follow: p.bounds.clients, Pressure: p.bounds.guard, OnLost: p.bounds.lost, Buffers: p.memory,
		}
	}}
}

// operatorPorts are the admin port and, where the policy wants one, the port for metrics alone. They run on net/http, so that
// what an operator sees does not depend on the wire that it is about.
func (p *Proxy) operatorPorts(set *policy.Set) []listen.Port {
	address := set.Admin.Listen
	if p.options.Admin != "" {
		address = policy.Address{HostPort: p.options.Admin}
	}
	var ports []listen.Port
	if address.HostPort != "" { // an empty address would be a free port on every interface
		ports = append(ports, operatorPort("admin", address, admin.New(admin.Options{
			Probes: status{p}, Policies: status{p}, State: status{p}, Decisions: p.observer, Metrics: p.observer.Metrics(),
			Circuits: circuits{p.live}, Drain: func() { p.ask.Do(func() { close(p.asked) }) }, Level: p.level, Log: p.log,
		})))
	}
	if set.Metrics.Listen.HostPort != "" {
		ports = append(ports, operatorPort("metrics", set.Metrics.Listen, admin.MetricsHandler(status{p}, p.observer.Metrics())))
	}
	return ports
}

// Bounds of the operators' ports.
const (
	operatorIdle   = time.Minute
	operatorHead   = 5 * time.Second
	operatorHeader = 16 << 10
)

func operatorPort(name string, address policy.Address, h http.Handler) listen.Port {
	return listen.Port{Name: name, Address: address, Phase: listen.Operators, Server: func() listen.Server {
		return &http.Server{
			Handler: h, ReadHeaderTimeout: operatorHead, ReadTimeout: operatorHead, IdleTimeout: operatorIdle, MaxHeaderBytes: operatorHeader,
			ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		}
	}}
}

// circuits speaks the admin port's errors.
type circuits struct{ live *live.Live }

// Force holds a circuit; see live.Force.
func (c circuits) Force(upstreamName, operation, state string) error {
	err := c.live.Force(upstreamName, operation, state)
	switch {
	case errors.Is(err, live.ErrNoOperation):
		return admin.ErrNoOperation
	case errors.Is(err, live.ErrNoCircuit):
		return admin.ErrNoCircuit
	}
	return err
}
