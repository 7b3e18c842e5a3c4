package demo

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"outrigger/cmd/outrigger/internal/demo/load"
	"outrigger/cmd/outrigger/internal/demo/screen"
	"outrigger/cmd/outrigger/internal/demo/stage"
	"outrigger/cmd/outrigger/internal/demo/watch"
	"outrigger/proxy/observe"
)

// Options say how a demo runs.
type Options struct {
	// For is how long it runs, with every phase once; 0 means until ctx ends, with all phases again and again.
	For time.Duration
	// Dir is where the policy, the spec and the log go; empty means a new temporary folder.
	Dir string
	Out io.Writer
	// Redraw shows a live table in place, on an ANSI terminal. Without it a line is written every two seconds.
	Redraw            bool
	Style             screen.Style
	Version, Revision string

	interval time.Duration // between two pairs of requests; 0 means the default
}

const (
	// Shortest is the least that For may be: below, a circuit has no time to open and close.
	Shortest = 3 * time.Second
	// cycle is how long all phases take where nobody says how long.
	cycle = 40 * time.Second
	// interval makes 80 requests a second on each path.
	interval = time.Second / 80
)

// Run runs a demo until it is over or ctx ends, and writes the summary. Everything it started has ended when it returns.
func Run(ctx context.Context, o Options) error {
	r, err := prepare(o)
	if err != nil {
		return err
	}
	defer r.end()
	return r.play(ctx)
}

// prepare starts everything but the calls.
func prepare(o Options) (*run, error) {
	script := stage.Script{Cycle: cycle}
	if o.For > 0 {
		script.Cycle = max(o.For, Shortest)
	}
	if o.interval == 0 {
		o.interval = interval
	}
	c, err := gather(o, script.Cycle)
	if err != nil {
		return nil, err
	}
	r := &run{Options: o, cast: c, script: script}
	r.load = &load.Load{
		Calls: callsTo(c.orders), Pattern: pattern, Interval: o.interval,
		Phase: func() stage.Phase { return stage.Phase(r.phase.Load()) },
	}
	return r, nil
}

// run is one demo.
type run struct {
	Options
	*cast
	script stage.Script
	load   *load.Load
	phase  atomic.Int64
	start  time.Time

	away  time.Time // since when inventory should have come back
	view  watch.View
	calls [stage.Phases]int // of inventory, by the sidecar
	seen  [stage.Phases]bool

	decisions []observe.Decision // newest first
}

func (r *run) play(ctx context.Context) error {
	for _, line := range r.places.Opening() {
		fmt.Fprintln(r.Out, line)
	}
	calling, stop := context.WithCancel(ctx)
	defer stop()
	called := make(chan struct{})
	r.start = time.Now()
	go func() {
		defer close(called)
		r.load.Run(calling, r.start)
	}()
	err := r.follow(ctx)
	stop()
	<-called
	if err != nil {
		return err
	}
	lasted := time.Since(r.start)
	r.orders.Close() // what it still asks for ends here, so that the last look sees all of it
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTimeout)
	defer cancel()
	if err := r.look(last); err != nil {
		return err
	}
	for _, line := range r.summary(lasted).Lines(r.Style) {
		fmt.Fprintln(r.Out, line)
	}
	return nil
}

const (
	refresh     = 250 * time.Millisecond
	progress    = 2 * time.Second
	lookTimeout = 2 * time.Second
	// comeBack is how long inventory may take to get its port back.
	comeBack = 5 * time.Second
)

// follow moves inventory through its phases and shows what happens, until time is up or ctx ends.
func (r *run) follow(ctx context.Context) error {
	show := r.lines()
	if r.Redraw {
		terminal := screen.Open(r.Out)
		defer terminal.Close()
		show = func(f screen.Frame) { terminal.Draw(f.Lines(r.Style)) }
	}
	for {
		elapsed := time.Since(r.start)
		if r.For > 0 && elapsed >= r.script.Cycle {
			return nil
		}
		moment := r.script.At(elapsed)
		if err := r.look(ctx); err != nil {
			if ctx.Err() != nil {
				return nil // the end that was asked for
			}
			return err
		}
		if err := r.enter(moment.Phase); err != nil {
			return err
		}
		show(r.frame(moment, elapsed))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(min(refresh, moment.Left())):
		}
	}
}

// enter makes a phase the current one. Inventory may need more than one go to get its port back.
func (r *run) enter(p stage.Phase) error {
	if r.seen[p] && stage.Phase(r.phase.Load()) == p && r.away.IsZero() {
		return nil
	}
	r.seen[p] = true
	r.phase.Store(int64(p))
	err := r.inventory.Enter(p)
	switch {
	case err == nil:
		r.away = time.Time{}
		return nil
	case r.away.IsZero():
		r.away = time.Now()
	case time.Since(r.away) > comeBack:
		return err
	}
	return nil
}

// look asks the admin port, and counts the calls of inventory since the last look for the phase that was.
func (r *run) look(ctx context.Context) error {
	view, err := r.admin.Look(ctx, upstreamName)
	if err != nil {
		return err
	}
	calls := 0
	for _, op := range operations {
		calls += view.Operations[op].Attempts - r.view.Operations[op].Attempts
	}
	r.calls[r.phase.Load()] += calls
	r.view = view
	r.remember(view.Decisions)
	return nil
}

// maxRemembered bounds the decisions that are kept for the screen.
const maxRemembered = 300

// remember puts the decisions that are new before those of earlier looks. Both are newest first.
func (r *run) remember(list []observe.Decision) {
	fresh := list
	if len(r.decisions) > 0 {
		known := slices.IndexFunc(list, func(d observe.Decision) bool { return d.RequestID == r.decisions[0].RequestID })
		if known >= 0 {
			fresh = list[:known]
		}
	}
	r.decisions = slices.Concat(fresh, r.decisions)
	r.decisions = r.decisions[:min(len(r.decisions), maxRemembered)]
}
