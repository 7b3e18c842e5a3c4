// Package proxy is the runnable sidecar: it ties the source of policies, the live snapshot, the gate, the ports, the observer and
// the admin port together, and knows the order in which they start and end.
//
// What happens to a request is written in stack.go, and nowhere else.
package proxy

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"outrigger/policy"
	"outrigger/proxy/drift"
	"outrigger/proxy/gate"
	"outrigger/proxy/lines"
	"outrigger/proxy/listen"
	"outrigger/proxy/live"
	"outrigger/proxy/observe"
	"outrigger/proxy/overload"
	"outrigger/proxy/source/file"
	"outrigger/proxy/upstream"
)

// Options say how to run a sidecar. Empty strings leave the policy's own word.
type Options struct {
	Policy    string // file or folder
	Admin     string // address of the admin port
	LogLevel  string
	LogFormat string
	// Drain is the longest time from Drain to its end.
	Drain             time.Duration
	Stderr            io.Writer
	Version, Revision string

	root string // where proc and sys are; empty is "/"
}

// Proxy is one sidecar. Its methods are safe for concurrent use.
type Proxy struct {
	options  Options
	reach    upstream.Options
	jitter   func(below time.Duration) time.Duration // nil is chance
	log      *slog.Logger
	lines    *lines.Writer
	level    *slog.LevelVar
	source   *file.Source
	observer *observe.Observer
	memory   *overload.Buffers
	bounds   bounds
	drift    *drift.Ledger
	live     *live.Live
	gate     *gate.Gate
	// contracts are guarded by live, which builds one snapshot at a time.
	contracts contracts
	ports     *listen.Ports

	asked   chan struct{} // closed when the admin port asks for the end
	ask     sync.Once
	state   atomic.Int32 // of lifecycle
	last    atomic.Pointer[verdictOnPolicy]
	running context.Context // ends with the proxy
	cancel  context.CancelFunc
	done    sync.WaitGroup
}

// lifecycle of a proxy.
const (
	starting int32 = iota
	serving
	draining
)

// verdictOnPolicy is what became of the latest reading of the policy.
type verdictOnPolicy struct {
	problems policy.Problems
	err      error
}

// InvalidPolicy is a policy that a sidecar refuses to start with.
type InvalidPolicy struct{ Problems policy.Problems }

// Error counts the problems; they print better one by one.
func (e *InvalidPolicy) Error() string { return "the policy is not valid" }

// New reads the policy and prepares a sidecar. Nothing is bound yet. An invalid policy is an *InvalidPolicy.
func New(o Options) (*Proxy, error) { return newProxy(o, upstream.Options{}) }

// newProxy is New with another way to reach upstreams than the network.
func newProxy(o Options, reach upstream.Options) (*Proxy, error) {
	p := &Proxy{options: o, reach: reach, level: new(slog.LevelVar), asked: make(chan struct{})}
	p.source = file.New(o.Policy, slog.New(slog.DiscardHandler))
	result, err := p.source.Load()
	if err != nil {
		return nil, err
	}
	if result.Set == nil {
		return nil, &InvalidPolicy{result.Problems}
	}
	if err := p.assemble(result.Set); err != nil {
		return nil, err
	}
	p.last.Store(&verdictOnPolicy{problems: result.Problems})
	p.warn(result.Problems)
	return p, nil
}

// Start binds the ports and serves.
func (p *Proxy) Start() error {
	set := p.live.Current().Set
	change, err := p.ports.Bind(p.wanted(set))
	if err != nil {
		p.live.Close()
		p.FlushLog()
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	change.Commit(ctx)
	p.state.Store(serving)
	p.running = ctx
	p.done.Go(func() { p.source.Run(ctx, p.offer) })
	p.done.Go(func() { p.bounds.watch(ctx) })
	p.ready(set)
	return nil
}

// ready is the one line that tells every bound address.
func (p *Proxy) ready(set *policy.Set) {
	attrs := []slog.Attr{slog.String("service", set.Service), slog.String("policy", short(set.Version))}
	for _, name := range sortedKeys(p.ports.Addresses()) {
		attrs = append(attrs, slog.String(attrName(name), p.ports.Addresses()[name]))
	}
	p.log.LogAttrs(context.Background(), slog.LevelInfo, "ready", attrs...)
}

// Reload reads the policy again, whether it changed or not, and returns when it is served or refused.
func (p *Proxy) Reload() { p.source.Reload(p.offer) }

// DrainAsked is closed when the admin port was asked to drain.
func (p *Proxy) DrainAsked() <-chan struct{} { return p.asked }

// Drain ends the sidecar within its drain time, or at once when ctx is over: readiness turns false, new connections are accepted
// for another tenth of the time, callers finish, then between runs (the application's own end, while its calls still work), then
// calls finish, then the operator's ports close.
func (p *Proxy) Drain(ctx context.Context, between func(context.Context)) {
	p.state.Store(draining)
	p.log.Info("draining", "longest", p.options.Drain.String())
	ctx, cancel := context.WithTimeout(ctx, p.options.Drain)
	defer cancel()
	p.ports.SetDraining()
	wait(ctx, p.options.Drain/10)

	patience, stop := context.WithTimeout(ctx, p.options.Drain*7/10)
	defer stop()
	defer context.AfterFunc(patience, p.live.Drain)() // long-lived exchanges end when patience does
	p.ports.Shutdown(patience, listen.Callers)
	if between != nil {
		between(ctx)
	}
	p.ports.Shutdown(ctx, listen.Operators)
	p.cancel()
	p.done.Wait()
	p.live.Close()
	p.log.Info("drained")
	p.FlushLog()
}

// FlushLog writes the log lines that wait for their batch, or gives up after a second when nobody reads them. Drain ends with it.
func (p *Proxy) FlushLog() { p.lines.Flush(time.Second) }

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
