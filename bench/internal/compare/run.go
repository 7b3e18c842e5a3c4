package compare

import (
	"context"
	"fmt"
	"os"
	"slices"
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
	b, end, err := p.furnish(ctx, l)
	if err != nil {
		return nil, err
	}
	defer end()
	var samples []Sample
	for round := range p.Rounds {
		for _, cell := range p.Cells {
			if cell.PerSecond > 0 {
				sample, err := p.direct(ctx, b, cell)
				if err != nil {
					return nil, fmt.Errorf("the origin itself, cell %s, round %d: nothing is reported: %w", cell.Name, round+1, err)
				}
				sample.Round = round + 1
				samples = append(samples, sample)
			}
			for i := range p.Proxies {
				proxy := p.Proxies[(i+round)%len(p.Proxies)]
				if !cell.Takes(proxy) {
					continue
				}
				sample, err := p.quietest(ctx, b, proxy, cell)
				if err != nil {
					return nil, fmt.Errorf("%s, cell %s, round %d: nothing is reported: %w", proxy.Name, cell.Name, round+1, err)
				}
				sample.Round = round + 1
				samples = append(samples, sample)
				l.Say("round %d/%d  %-15s %-6s %9.2f µs CPU/request  %8.0f requests/s  p50 %5d µs  p99 %6d µs  rss %5.1f MiB  others on the core %.0f%%", round+1, p.Rounds,
					proxy.Name, cell.Name, sample.CPUMicros, sample.RequestsPerSecond, sample.P50Micros, sample.P99Micros, float64(sample.BusyBytes)/(1<<20), 100*sample.ForeignShare)
			}
		}
	}
	return samples, nil
}

// source is what stands behind the proxies in a cell.
type source interface {
	Probe(ctx context.Context, address, path string) (int64, error)
	Served(ctx context.Context) (int64, error)
	Await(ctx context.Context, p *process.Process, address string) error
}

type bench struct {
	*lab.Lab
	origin *origin.Origin
	sink   *origin.Sink
}

// furnish starts what stands behind the proxies.
func (p Plan) furnish(ctx context.Context, l *lab.Lab) (b bench, end func(), err error) {
	b = bench{Lab: l}
	if b.origin, err = origin.Start(l); err != nil {
		return b, nil, err
	}
	if err := b.origin.AwaitSelf(ctx); err != nil {
		return b, nil, err
	}
	if slices.ContainsFunc(p.Cells, func(c Cell) bool { return c.Path == origin.HugePath }) {
		if err := b.origin.PutHuge(); err != nil {
			return b, nil, err
		}
	}
	b.sink, err = origin.StartSink()
	if err != nil {
		return b, nil, err
	}
	return b, b.sink.Close, nil
}

// behind returns what stands behind the proxies in a cell, and its port.
func (b bench) behind(cell Cell) (source, int) {
	if cell.Upload > 0 {
		return b.sink, b.sink.Port
	}
	return b.origin, b.origin.Port
}

// Direct is the name of the samples of paced cells that were taken without a proxy.
const Direct = "direct"

// direct measures the origin without a proxy: what a proxy adds is counted from there.
func (p Plan) direct(ctx context.Context, b bench, cell Cell) (Sample, error) {
	figures, err := run(ctx, b, cell, fmt.Sprintf("127.0.0.1:%d", b.origin.Port), p.Measure)
	if err != nil {
		return Sample{}, err
	}
	b.Say("           %-15s %-6s p50 %5d µs  p99 %6d µs", Direct, cell.Name, figures.P50, figures.P99)
	return Sample{Proxy: Direct, Cell: cell.Name, RequestsPerSecond: figures.PerSecond(), Requests: figures.Requests, P50Micros: figures.P50, P99Micros: figures.P99}, nil
}

// run makes the requests of a cell.
func run(ctx context.Context, b bench, cell Cell, address string, duration time.Duration) (load.Figures, error) {
	if cell.huge() {
		duration = max(duration, hugeMeasure)
	}
	if cell.PerSecond > 0 {
		return load.Paced{Address: address, Path: cell.Path, Connections: cell.Connections, PerSecond: cell.PerSecond, Duration: duration}.Run(ctx)
	}
	return load.Wrk{URL: "http://" + address + cell.Path, Connections: cell.Connections, Duration: duration, Upload: cell.Upload}.Run(ctx, b.Lab)
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
	behind, port := b.behind(cell)
	proxy.Threads = cell.Threads
	running, err := proxy.Start(ctx, b.Lab, port)
	if err != nil {
		return Sample{}, err
	}
	defer b.Programs.Stop(running.Process)
	if err := behind.Await(ctx, running.Process, running.Address); err != nil {
		return Sample{}, err
	}
	idle, err := running.Usage()
	if err != nil {
		return Sample{}, err
	}
	if _, err := run(ctx, b, cell, running.Address, p.WarmUp); err != nil {
		return Sample{}, err
	}
	sample, err := p.observe(ctx, b, &verifier{bench: b, behind: behind, running: running, proxy: proxy, cell: cell})
	sample.Proxy, sample.Cell, sample.IdleBytes = proxy.Name, cell.Name, idle.Resident
	return sample, err
}

// observe measures one run of the load generator and verifies it.
func (p Plan) observe(ctx context.Context, b bench, check *verifier) (Sample, error) {
	running := check.running
	// The log of the warm-up would hide a missing line of the measurement.
	if err := os.Truncate(running.Output, 0); err != nil {
		return Sample{}, err
	}
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
	received := b.sink.Received()
	peak := watchMemory(running.Process)
	figures, err := run(ctx, b, check.cell, running.Address, p.Measure)
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
	sample := Sample{
		CPUMicros:         float64(used.Microseconds()) / check.carried(figures, b.sink.Received()-received),
		RequestsPerSecond: figures.PerSecond(), Requests: figures.Requests,
		P50Micros: figures.P50, P99Micros: figures.P99,
		BusyBytes:      max(busy, after.Resident),
		ForeignShare:   max(0, float64(core.Busy+core.Stolen-used)/float64(core.Total)),
		InterruptShare: float64(core.Interrupts) / float64(core.Total),
	}
	if check.cell.Threads > 1 { // the load generator is on one of the cores, and no core is the proxy's own
		sample.ForeignShare = 0
	}
	return sample, nil
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
