package demo

import (
	"fmt"
	"time"

	"outrigger/cmd/outrigger/internal/demo/load"
	"outrigger/cmd/outrigger/internal/demo/screen"
	"outrigger/cmd/outrigger/internal/demo/stage"
)

// lines shows a frame as a line now and then.
func (r *run) lines() func(screen.Frame) {
	next := progress
	return func(f screen.Frame) {
		if f.Elapsed >= next {
			next = f.Elapsed.Truncate(progress) + progress
			fmt.Fprintln(r.Out, f.Progress())
		}
	}
}

func (r *run) frame(moment stage.Moment, elapsed time.Duration) screen.Frame {
	recent, span := r.load.Tally().Recent(elapsed)
	phases := r.load.Tally().Phases()
	now := time.Now()
	f := screen.Frame{
		Moment: moment, Elapsed: elapsed, Patience: stage.Patience, Recently: load.Recently,
		BudgetLeft: r.view.BudgetLeft, Decisions: screen.Latest(r.decisions, now), Places: r.places,
		Policy: screen.Edits{Applied: r.view.Edits, Rejected: r.view.Rejected, Refused: r.view.Refused},
	}
	if r.For > 0 {
		f.Total = r.script.Cycle
	}
	var all [load.Paths]load.Figures
	for i, name := range operations {
		op := r.view.Operations[name]
		row := screen.Row{
			Operation: name, Rate: float64(recent[i][load.With].Requests) / max(span.Seconds(), .001),
			With: seen(&recent[i][load.With]), Without: seen(&recent[i][load.Without]),
			Retries: op.Retries, Budget: op.Budget, Unsafe: op.Unsafe, Circuit: op.Circuit, InState: max(0, now.Sub(op.Since)),
		}
		for p := range phases {
			row.Saved += phases[p][i][load.With].Saved
		}
		f.Rows = append(f.Rows, row)
		for path := range all {
			all[path].Merge(&recent[i][path])
		}
	}
	f.With, f.Without = seen(&all[load.With]), seen(&all[load.Without])
	return f
}

func seen(f *load.Figures) screen.Seen {
	share, anything := f.Success()
	return screen.Seen{Any: anything, Success: share, P99: f.Waits.Quantile(.99)}
}

func (r *run) summary(lasted time.Duration) screen.Summary {
	phases := r.load.Tally().Phases()
	m := screen.Summary{
		Lasted: lasted, Places: r.places, Skipped: r.load.Skipped(),
		With: r.inventory.Booked(load.With.String()), Without: r.inventory.Booked(load.Without.String()),
	}
	var all [load.Paths]load.Figures
	for p := range phases {
		var sum [load.Paths]load.Figures
		for op := range phases[p] {
			for path := range sum {
				sum[path].Merge(&phases[p][op][path])
				all[path].Merge(&phases[p][op][path])
			}
		}
		c := compared(stage.Phase(p), &sum, r.calls[p])
		m.All.With.Calls += c.With.Calls
		if r.seen[p] {
			m.Phases = append(m.Phases, c)
		}
	}
	m.All = compared(0, &all, m.All.With.Calls)
	for i, name := range operations {
		m.Operations = append(m.Operations, r.operation(name, i, &phases))
	}
	return m
}

// compared makes a row of the summary. Without a sidecar each request is one call of inventory.
func compared(p stage.Phase, sum *[load.Paths]load.Figures, calls int) screen.Compared {
	c := screen.Compared{Phase: p, With: side(&sum[load.With]), Without: side(&sum[load.Without])}
	c.With.Calls, c.Without.Calls = calls, c.Without.Requests
	return c
}

func side(f *load.Figures) screen.Side {
	return screen.Side{Requests: f.Requests, Failed: f.Failed, Saved: f.Saved, P50: f.Waits.Quantile(.5), P99: f.Waits.Quantile(.99)}
}

func (r *run) operation(name string, i int, phases *[stage.Phases]load.Table) screen.OperationSummary {
	var with, without load.Figures
	for p := range phases {
		with.Merge(&phases[p][i][load.With])
		without.Merge(&phases[p][i][load.Without])
	}
	op := r.view.Operations[name]
	return screen.OperationSummary{
		Name: name, With: seen(&with), Without: seen(&without), Retries: op.Retries, Saved: with.Saved, Budget: op.Budget, Unsafe: op.Unsafe,
		Opened: op.Opened, Closed: op.Closed, FailedFast: op.FailedFast,
	}
}
