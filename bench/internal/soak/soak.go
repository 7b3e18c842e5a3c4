// Package soak lets a sidecar work for a long time on mixed traffic, and looks whether anything grows or gets mixed up.
//
// It decides what the mixture is and what counts as growth: trends within one run, never absolute numbers. It refuses to measure speed.
package soak

import (
	"context"
	_ "embed"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"outrigger/bench/internal/bars"
	"outrigger/bench/internal/lab"
	"outrigger/bench/internal/process"
	"outrigger/bench/internal/scrape"
)

//go:embed policy.yaml.tmpl
var policy string

const (
	workers   = 24
	perSecond = 40 // requests of one worker at most
	// editEvery is the time between two edits of the policy; every fourth edit is invalid.
	editEvery = 700 * time.Millisecond
	// warmUp is left out of the readings: pools fill and the heap finds its size.
	warmUp = 10 * time.Second
)

type soak struct {
	*lab.Lab
	values  map[string]any
	program *process.Process
	admin   string
}

// Run soaks a sidecar for a duration and judges what it saw.
func Run(ctx context.Context, l *lab.Lab, duration time.Duration) (*bars.Verdict, error) {
	upstream := &http.Server{Handler: http.HandlerFunc(serve), ReadHeaderTimeout: time.Minute}
	defer func() { _ = upstream.Close() }()
	s := &soak{Lab: l, values: map[string]any{"Typo": false, "Attempt": "5s"}}
	for _, name := range []string{"UpstreamPort", "FailingPort"} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		s.values[name] = listener.Addr().(*net.TCPAddr).Port
		go func() { _ = upstream.Serve(listener) }()
	}
	if err := s.start(ctx); err != nil {
		return nil, err
	}
	l.Say("mixed traffic for %v", duration)
	t := &traffic{shop: s.at("Port"), broken: s.at("BrokenPort"), tally: tally{done: map[string]int64{}}}
	working, stop := context.WithTimeout(ctx, duration)
	defer stop()
	var pool sync.WaitGroup
	for i := range workers {
		pool.Go(func() { t.worker(working, uint64(i), perSecond) })
	}
	pool.Go(func() { s.edit(working) })
	readings, err := s.watch(working)
	stop()
	pool.Wait()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	e := evidence{done: t.tally.done, failures: t.tally.failures, mixed: t.tally.mixed, readings: readings, ended: err}
	if err := s.after(ctx, &e); err != nil {
		return nil, err
	}
	return judge(e), nil
}

func (s *soak) at(port string) string { return fmt.Sprintf("127.0.0.1:%d", s.values[port]) }

func (s *soak) start(ctx context.Context) error {
	for _, name := range []string{"Port", "BrokenPort", "AdminPort"} {
		port, err := lab.FreePort()
		if err != nil {
			return err
		}
		s.values[name] = port
	}
	s.admin = s.at("AdminPort")
	path, err := s.write()
	if err != nil {
		return err
	}
	binary, err := s.Build("outrigger", s.Root, "./cmd/outrigger")
	if err != nil {
		return err
	}
	s.program, err = s.Programs.Start(process.Spec{
		Name: "outrigger", Path: binary, Args: []string{"proxy", "--policy", path}, Core: s.ProxyCore, Output: s.Path("soak.log"), Env: []string{"GOMAXPROCS=1"},
	})
	if err != nil {
		return err
	}
	for end := time.Now().Add(10 * time.Second); ; {
		if _, err = scrape.Fetch(ctx, "http://"+s.admin+"/readyz"); err == nil {
			return nil
		}
		if time.Now().After(end) || ctx.Err() != nil {
			return fmt.Errorf("outrigger is not ready after 10s: %w\n%s", err, s.program.Tail())
		}
		time.Sleep(20 * time.Millisecond) // until the next look
	}
}

func (s *soak) write() (string, error) {
	return s.Render(filepath.Join("soak", "policy.yaml"), policy, s.values)
}

// edit changes the policy until the context ends: a timeout to and fro, and every fourth time something misspelt.
func (s *soak) edit(ctx context.Context) {
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			s.values["Typo"] = false
			_, _ = s.write()
			return
		case <-time.After(editEvery):
		}
		s.values["Typo"], s.values["Attempt"] = n%4 == 0, fmt.Sprintf("%ds", 5+n%2)
		_, _ = s.write() // an edit that fails shows in the reloads counted
	}
}

// watch reads the sidecar's state twice a second until the context ends or the sidecar does.
func (s *soak) watch(ctx context.Context) ([]reading, error) {
	var readings []reading
	begun := time.Now()
	for {
		select {
		case <-ctx.Done():
			return readings, nil
		case <-s.program.Ended():
			return readings, fmt.Errorf("it ended:\n%s", s.program.Tail())
		case <-time.After(500 * time.Millisecond):
		}
		if time.Since(begun) < warmUp {
			continue
		}
		metrics, err := scrape.Get(ctx, s.admin)
		if err != nil {
			if ctx.Err() == nil {
				return readings, err
			}
			return readings, nil
		}
		usage, err := s.program.Usage()
		if err != nil {
			return readings, err
		}
		readings = append(readings, reading{
			goroutines: metrics.Sum("go_goroutines"), descriptors: metrics.Sum("process_open_fds"), resident: float64(usage.Resident),
			heap: metrics.Sum("go_memstats_heap_inuse_bytes"),
		})
	}
}

// after gathers what can be seen when the traffic has ended.
func (s *soak) after(ctx context.Context, e *evidence) error {
	if e.ended != nil {
		return nil //nolint:nilerr // that it ended is evidence, and is judged
	}
	for end := time.Now().Add(10 * time.Second); ; {
		metrics, err := scrape.Get(ctx, s.admin)
		if err != nil {
			return err
		}
		e.inFlight = metrics.Sum("outrigger_in_flight_requests")
		e.applied = metrics.Sum("outrigger_policy_reloads_total", "result", "applied")
		e.rejected = metrics.Sum("outrigger_policy_reloads_total", "result", "rejected")
		if e.inFlight == 0 || time.Now().After(end) {
			return nil
		}
		time.Sleep(100 * time.Millisecond) // aborted exchanges end a moment after their clients
	}
}
