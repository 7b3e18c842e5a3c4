// Package overload decides when a sidecar takes on no more: when connections would eat the descriptors, when memory runs short, and
// when the buffers of bodies and heads have had their share.
//
// It refuses to know requests and how they are turned away: the wire asks before it admits a connection or makes a buffer, the gate
// before it begins an exchange, and both pay one load for the answer. What memory is used is looked up by one goroutine beside them.
// It stands below the ports, the wire and the gate, which see it as interfaces of their own.
package overload

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Guard watches one sidecar. It is safe for concurrent use.
type Guard struct {
	options Options
	log     *slog.Logger
	sources []source // of Run
	limited atomic.Bool

	descriptors int64 // clients' connections together, at most
	clients     atomic.Int64
	step        atomic.Int32
	ratio       atomic.Uint64 // bits of a float64
	eased       time.Time     // since when a lower step would do; zero while it would not. Of Run

	unanswered [2]atomic.Uint64 // by lossReason
	mu         sync.Mutex
	episode    episode
}

// Options are what a Guard needs to know of its surroundings.
type Options struct {
	// Log gets one line for each change of step, and two for each time in which connections could not be accepted.
	Log *slog.Logger
	// Root is where proc and sys/fs/cgroup are; "/" on a real system.
	Root string
	// GoLimit is the bound that a person gave the Go runtime (GOMEMLIMIT) in bytes; 0 is none.
	GoLimit int64
	// OnStep is called by Run after each change of step, with the new one; nil is not.
	OnStep func(Step)
}

// New returns a Guard that has not looked at memory yet.
func New(o Options) *Guard {
	g := &Guard{options: o, log: o.Log, descriptors: clientShare()}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	return g
}

// open finds the limits. Their files stay open until close.
func (g *Guard) open() {
	for _, group := range findGroups(g.options.Root) {
		g.sources = append(g.sources, group)
	}
	if g.options.GoLimit > 0 {
		g.sources = append(g.sources, newHeap(g.options.GoLimit))
	}
	g.limited.Store(len(g.sources) > 0)
}

// source tells the share of one memory limit that is used, 0 to 1 and beyond; false where there is no limit now.
type source interface{ used() (float64, bool) }

// How often memory is looked at: seldom while there is plenty, often when that may change quickly.
const (
	calmInterval  = 250 * time.Millisecond
	closeInterval = 100 * time.Millisecond
	closeRatio    = 0.8
)

// Run looks at memory, and ends what episodes are over, until ctx does. Call it once.
func (g *Guard) Run(ctx context.Context) {
	g.open()
	defer g.close()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		now := time.Now()
		g.look(now)
		g.endEpisode(now)
		if g.Memory() >= closeRatio {
			timer.Reset(closeInterval)
		} else {
			timer.Reset(calmInterval)
		}
	}
}

// look reads every source and takes the step that the scarcest asks for: upwards at once, downwards when that has been enough for
// easeAfter, because what was shed comes back as soon as it may.
func (g *Guard) look(at time.Time) {
	var most float64
	for _, s := range g.sources {
		if ratio, limited := s.used(); limited {
			most = max(most, ratio)
		}
	}
	g.setMemory(most)
	now := Step(g.step.Load())
	next := now.after(most)
	if next >= now {
		g.eased = time.Time{}
	} else if g.eased.IsZero() {
		g.eased = at
	}
	if next == now || next < now && at.Sub(g.eased) < easeAfter {
		return
	}
	g.eased = time.Time{}
	g.step.Store(int32(next))
	level := slog.LevelWarn
	if next == Calm {
		level = slog.LevelInfo
	}
	g.log.LogAttrs(context.Background(), level, "memory step changed", slog.String("from", now.String()), slog.String("to", next.String()),
		slog.Float64("used_ratio", most))
	if g.options.OnStep != nil {
		g.options.OnStep(next)
	}
}

func (g *Guard) close() {
	for _, s := range g.sources {
		if c, ok := s.(interface{ close() }); ok {
			c.close()
		}
	}
}
