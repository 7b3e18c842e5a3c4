package bars

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"outrigger/bench/internal/lab"
	"outrigger/bench/internal/load"
	"outrigger/bench/internal/process"
	"outrigger/bench/internal/proxies"
	"outrigger/bench/internal/scrape"
)

const (
	drainTime       = 5 * time.Second
	drainConnection = 64
	// closingInstant is how near to the moment at which the listener closes a brand-new connection may be lost: the kernel accepts
	// connections on its own, and no server can see those that it accepted in that last instant.
	closingInstant = 50 * time.Millisecond
)

// end is what was seen when a proxy was told to end under load.
type end struct {
	tally    load.Tally
	signal   time.Time
	before   int64
	exited   time.Duration
	status   int
	exitErr  error
	unready  time.Duration
	hasReady bool
}

// Sigterm tells a proxy to end while 64 connections are busy and a tenth of the requests takes 300 ms.
func Sigterm(ctx context.Context, l *lab.Lab, proxy proxies.Proxy) (*Verdict, error) {
	var count atomic.Int64
	port, stop, err := serve(func(w http.ResponseWriter, r *http.Request) {
		wait := 5 * time.Millisecond
		if count.Add(1)%10 == 0 {
			wait = 300 * time.Millisecond
		}
		time.Sleep(wait)
		fmt.Fprint(w, `{"id":42}`)
	})
	if err != nil {
		return nil, err
	}
	defer stop()
	address, admin, program, err := startDraining(ctx, l, proxy, port)
	if err != nil {
		return nil, err
	}
	l.Say("2 seconds of load, then signal %v", proxy.Drain)
	loop := &load.Loop{Address: address, Path: "/items/42", Connections: drainConnection}
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	tally := make(chan load.Tally, 1)
	go func() { tally <- loop.Run(running) }()
	if err := pause(ctx, 2*time.Second); err != nil {
		return nil, err
	}
	seen := end{before: loop.Answered(), hasReady: admin != ""}
	loop.Expect()
	seen.signal = time.Now()
	if err := program.Signal(proxy.Drain); err != nil {
		return nil, err
	}
	if seen.hasReady {
		seen.unready = untilUnready(ctx, admin, program)
	}
	seen.status, seen.exitErr = program.Wait(drainTime + 2*time.Second)
	seen.exited = time.Since(seen.signal)
	_ = pause(ctx, 100*time.Millisecond)
	cancel()
	seen.tally = <-tally
	return judgeEnd(seen), ctx.Err()
}

func startDraining(ctx context.Context, l *lab.Lab, proxy proxies.Proxy, port int) (address, admin string, program *process.Process, err error) {
	if proxy.Name == proxies.OutriggerFull {
		s, err := startSidecar(ctx, l, "sigterm.yaml.tmpl", map[string]any{"UpstreamPort": port}, "--drain", drainTime.String())
		if err != nil {
			return "", "", nil, err
		}
		return s.address, s.admin, s.Process, nil
	}
	running, err := proxy.Start(ctx, l, port)
	if err != nil {
		return "", "", nil, err
	}
	// The other proxies have no readiness; a second is ample for them.
	return running.Address, "", running.Process, pause(ctx, time.Second)
}

// untilUnready measures how long readiness stays true after the signal.
func untilUnready(ctx context.Context, admin string, program *process.Process) time.Duration {
	begun := time.Now()
	for time.Since(begun) < drainTime {
		if _, err := scrape.Fetch(ctx, "http://"+admin+"/readyz"); err != nil {
			break
		}
		select {
		case <-program.Ended():
			return time.Since(begun)
		case <-time.After(5 * time.Millisecond):
		}
	}
	return time.Since(begun)
}

func judgeEnd(e end) *Verdict {
	v := &Verdict{}
	lost, unseen := e.lost()
	v.Figure("%d requests answered before the signal, %d after it", e.before, e.tally.Answered-e.before)
	v.Figure("connections ended: %d announced by Connection: close, %d closed between two requests", e.tally.Announced, e.tally.Closed)
	v.Figure("brand-new connections lost in the instant in which the listener closed: %d", unseen)
	v.Require(e.before > 100, "there was load: more than 100 answers before the signal")
	v.Require(len(lost) == 0, "no failed request: %d", len(lost))
	for _, failure := range lost[:min(3, len(lost))] {
		v.Figure("  e.g. sent %v after the signal on a connection made %v after it: %v",
			failure.Sent.Sub(e.signal).Round(time.Millisecond), failure.Dialled.Sub(e.signal).Round(time.Millisecond), failure.Err)
	}
	if e.hasReady {
		v.Require(e.unready < 250*time.Millisecond, "readiness false at once: after %v", e.unready.Round(time.Millisecond))
	}
	v.Require(e.exitErr == nil && e.exited <= drainTime, "exit within the drain time of %v: after %v", drainTime, e.exited.Round(time.Millisecond))
	v.Require(e.exitErr == nil && e.status == 0, "exit status 0: %d", e.status)
	return v
}

// lost separates the failures that count from connections that the proxy never saw.
func (e end) lost() (lost []load.Failure, unseen int) {
	for _, failure := range e.tally.Failures {
		late := failure.First && failure.Dialled.After(e.signal)
		if late && !e.tally.FirstRefused.IsZero() && failure.Sent.Sub(e.tally.FirstRefused).Abs() <= closingInstant {
			unseen++
			continue
		}
		lost = append(lost, failure)
	}
	return lost, unseen
}
