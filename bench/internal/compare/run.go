package compare

import (
	"context"
	"fmt"
	"os"
	"time"

	"outrigger/bench/internal/lab"
	"outrigger/bench/internal/load"
	"outrigger/bench/internal/origin"
	"outrigger/bench/internal/process"
	"outrigger/bench/internal/proxies"
)

// Run measures every proxy in every cell, round by round. The order of the proxies rotates, so that none is always the first after a pause
// or always beside the same noise. The first measurement that cannot be verified ends the run.
func (p Plan) Run(ctx context.Context, l *lab.Lab) ([]Sample, error) {
	source, err := origin.Start(l)
	if err != nil {
		return nil, err
	}
	if err := source.AwaitSelf(ctx); err != nil {
		return nil, err
	}
	var samples []Sample
	for round := range p.Rounds {
		for _, cell := range p.Cells {
			for i := range p.Proxies {
				proxy := p.Proxies[(i+round)%len(p.Proxies)]
				if proxy.LargeOnly && cell.Path != origin.LargePath {
					continue
				}
				sample, err := p.quietest(ctx, bench{l, source}, proxy, cell)
				if err != nil {
					return nil, fmt.Errorf("%s, cell %s, round %d: nothing is reported: %w", proxy.Name, cell.Name, round+1, err)
				}
				sample.Round = round + 1
				samples = append(samples, sample)
				l.Say("round %d/%d  %-15s %-5s %7.2f µs CPU/request  %8.0f requests/s  rss %5.1f MiB  others on the core %.0f%%", round+1, p.Rounds,
					proxy.Name, cell.Name, sample.CPUMicros, sample.RequestsPerSecond, float64(sample.BusyBytes)/(1<<20), 100*sample.ForeignShare)
			}
		}
	}
	return samples, nil
}

type bench struct {
	*lab.Lab
	origin *origin.Origin
}

// quietest measures until the proxy had its core to itself, at most Tries times, and keeps the measurement that was disturbed least.
// The choice looks at the disturbance alone, never at the result.
func (p Plan) quietest(ctx context.Context, b bench, proxy proxies.Proxy, cell Cell) (Sample, error) {
	var best Sample
	for try := range max(1, p.Tries) {
		sample, err := p.measure(ctx, b, proxy, cell)
		if err != nil {
			return Sample{}, err
		}
		if try == 0 || sample.ForeignShare < best.ForeignShare {
			best = sample
		}
		if best.ForeignShare <= noiseLimit {
			break
		}
	}
	return best, nil
}

// measure starts a fresh process, so that no run inherits memory or connections of another.
func (p Plan) measure(ctx context.Context, b bench, proxy proxies.Proxy, cell Cell) (Sample, error) {
	running, err := proxy.Start(ctx, b.Lab, b.origin.Port)
	if err != nil {
		return Sample{}, err
	}
	defer b.Programs.Stop(running.Process)
	if err := b.origin.Await(ctx, running.Process, running.Address); err != nil {
		return Sample{}, err
	}
	idle, err := running.Usage()
	if err != nil {
		return Sample{}, err
	}
	wrk := load.Wrk{URL: "http://" + running.Address + cell.Path, Connections: cell.Connections, Duration: p.WarmUp}
	if _, err := wrk.Run(ctx, b.Lab); err != nil {
		return Sample{}, err
	}
	wrk.Duration = p.Measure
	sample, err := b.observe(ctx, running, proxy, cell, wrk)
	sample.Proxy, sample.Cell, sample.IdleBytes = proxy.Name, cell.Name, idle.Resident
	return sample, err
}

// observe measures one run of the load generator and verifies it.
func (b bench) observe(ctx context.Context, running *proxies.Running, proxy proxies.Proxy, cell Cell, wrk load.Wrk) (Sample, error) {
	// The log of the warm-up would hide a missing line of the measurement.
	if err := os.Truncate(running.Output, 0); err != nil {
		return Sample{}, err
	}
	check := verifier{bench: b, running: running, proxy: proxy, cell: cell}
	if err := check.before(ctx); err != nil {
		return Sample{}, err
	}
	coreBefore, err := process.ReadCore(b.ProxyCore)
	if err != nil {
		return Sample{}, err
	}
	before, err := running.Usage()
	if err != nil {
		return Sample{}, err
	}
	peak := watchMemory(running.Process)
	figures, err := wrk.Run(ctx, b.Lab)
	busy := peak()
	if err != nil {
		return Sample{}, err
	}
	after, err := running.Usage()
	if err != nil {
		return Sample{}, fmt.Errorf("%w\n%s", err, running.Tail())
	}
	coreAfter, err := process.ReadCore(b.ProxyCore)
	if err != nil {
		return Sample{}, err
	}
	if err := check.after(ctx, figures); err != nil {
		return Sample{}, err
	}
	used, core := after.CPU-before.CPU, coreAfter.Sub(coreBefore)
	return Sample{
		CPUMicros:         float64(used.Microseconds()) / float64(figures.Requests),
		RequestsPerSecond: figures.PerSecond(), Requests: figures.Requests,
		P50Micros: figures.P50, P99Micros: figures.P99,
		BusyBytes:      max(busy, after.Resident),
		ForeignShare:   max(0, float64(core.Busy+core.Stolen-used)/float64(core.Total)),
		InterruptShare: float64(core.Interrupts) / float64(core.Total),
	}, nil
}

// watchMemory samples resident memory five times a second; the returned function stops it and gives the highest value.
func watchMemory(p *process.Process) func() int64 {
	stop, highest := make(chan struct{}), make(chan int64)
	go func() {
		var most int64
		ticker := time.NewTicker(200 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-stop:
				highest <- most
				return
			case <-ticker.C:
				// An ended program is reported by the reading after the run.
				if usage, err := p.Usage(); err == nil {
					most = max(most, usage.Resident)
				}
			}
		}
	}()
	return func() int64 { close(stop); return <-highest }
}
