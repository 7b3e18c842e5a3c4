package bars

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"syscall"
	"time"

	"outrigger/bench/internal/lab"
	"outrigger/bench/internal/load"
)

const (
	idleConnections = 10_000
	busyConnections = 1_000
	// busyFor and calmFor are how long memory is watched.
	busyFor, calmFor = 6 * time.Second, 10 * time.Second
	// spareFiles is what the harness and the sidecar open beside client connections; a sidecar takes connections for half of its
	// descriptors.
	spareFiles = 200

	restingLimit = 20 << 20
	busyLimit    = 50 << 20
	crowdLimit   = 140 << 20
	eachLimit    = 12 << 10
)

// memory is what was seen of a sidecar's resident bytes.
type memory struct {
	// resting is after the first answer, busy the most with busyConnections at work, crowd the most with idleConnections that wait.
	resting, busy, crowd int64
	settled              int64 // of the crowd, at the end of its wait
	// opened is how many of idleConnections were answered once and then stayed open to the end, answered how many requests the busy
	// ones made.
	opened   int
	answered int64
	failed   int
}

// Idle measures what a sidecar holds at rest, with 1,000 busy connections, and, in a fresh one, with 10,000 that have been answered
// once and wait.
func Idle(ctx context.Context, l *lab.Lab) (*Verdict, error) {
	if err := raiseFiles(2*idleConnections, idleConnections+spareFiles); err != nil {
		return nil, err
	}
	port, stop, err := serve(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"id":42}`) })
	if err != nil {
		return nil, err
	}
	defer stop()
	var seen memory
	for _, phase := range []func(context.Context, *sidecar, *memory) error{busy, crowd} {
		s, err := startSidecar(ctx, l, "crowd.yaml.tmpl", map[string]any{"UpstreamPort": port, "HeaderTimeout": "10s"})
		if err != nil {
			return nil, err
		}
		err = phase(ctx, s, &seen)
		l.Programs.Stop(s.Process)
		if err != nil {
			return nil, err
		}
	}
	return judgeMemory(seen), ctx.Err()
}

// raiseFiles gives this process, and the programs that it starts, as many descriptors as wanted if it may, and fails when that is
// less than what is needed.
func raiseFiles(wanted, needed uint64) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if limit.Max < wanted { // root may
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: wanted, Max: wanted})
		if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			return err
		}
	}
	limit.Cur = limit.Max
	if limit.Max < needed {
		return fmt.Errorf("open files: %d allowed, %d needed: raise the limit (ulimit -n)", limit.Max, needed)
	}
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}

// busy measures the sidecar at rest and at work.
func busy(ctx context.Context, s *sidecar, seen *memory) error {
	if err := ask(s.address); err != nil {
		return err
	}
	if err := pause(ctx, 2*time.Second); err != nil {
		return err
	}
	usage, err := s.Usage()
	if err != nil {
		return err
	}
	seen.resting = usage.Resident
	s.lab.Say("%d connections at work for %v", busyConnections, busyFor)
	running, cancel := context.WithTimeout(ctx, busyFor)
	defer cancel()
	loop := &load.Loop{Address: s.address, Path: "/items/42", Connections: busyConnections}
	tally := make(chan load.Tally, 1)
	go func() { tally <- loop.Run(running) }()
	seen.busy, err = s.mostResident(running)
	t := <-tally
	seen.answered, seen.failed = t.Answered, len(t.Failures)
	return err
}

// crowd measures the sidecar with many connections that wait.
func crowd(ctx context.Context, s *sidecar, seen *memory) error {
	s.lab.Say("%d connections, each answered once", idleConnections)
	conns := assemble(s.address)
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	running, cancel := context.WithTimeout(ctx, calmFor)
	defer cancel()
	var err error
	if seen.crowd, err = s.mostResident(running); err != nil {
		return err
	}
	for _, c := range conns {
		if c.Open() {
			seen.opened++
		}
	}
	usage, err := s.Usage()
	seen.settled = usage.Resident
	return err
}

// assemble makes the idle connections, 32 at a time. Those that could not be made or got no answer are missing.
func assemble(address string) []*load.Conn {
	var mu sync.Mutex
	var conns []*load.Conn
	var workers sync.WaitGroup
	for range 32 {
		workers.Go(func() {
			for {
				mu.Lock()
				enough := len(conns) >= idleConnections
				if !enough {
					conns = append(conns, nil)
				}
				at := len(conns) - 1
				mu.Unlock()
				if enough {
					return
				}
				c, err := load.Dial(address)
				if err != nil {
					continue
				}
				if answer, err := c.Get("/items/42"); err != nil || answer.Status != http.StatusOK {
					c.Close()
					continue
				}
				mu.Lock()
				conns[at] = c
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	made := conns[:0]
	for _, c := range conns {
		if c != nil {
			made = append(made, c)
		}
	}
	return made
}

func ask(address string) error {
	c, err := load.Dial(address)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Get("/items/42")
	return err
}

// mostResident reads the sidecar's memory five times a second until the context ends.
func (s *sidecar) mostResident(ctx context.Context) (most int64, err error) {
	for ctx.Err() == nil {
		usage, err := s.Usage()
		if err != nil {
			return most, err
		}
		most = max(most, usage.Resident)
		_ = pause(ctx, 200*time.Millisecond)
	}
	return most, nil
}

func judgeMemory(m memory) *Verdict {
	v := &Verdict{}
	each := float64(m.crowd-m.resting) / idleConnections
	v.Require(m.resting > 0 && m.resting <= restingLimit, "at rest: %.1f MiB, at most %d", mib(m.resting), restingLimit>>20)
	v.Require(m.answered > busyConnections && m.failed == 0, "the %d busy connections were served: %d answers, %d failures", busyConnections, m.answered, m.failed)
	v.Require(m.busy > 0 && m.busy <= busyLimit, "%d busy connections: %.1f MiB, at most %d", busyConnections, mib(m.busy), busyLimit>>20)
	v.Require(m.opened == idleConnections, "%d connections stay open: %d", idleConnections, m.opened)
	v.Require(m.crowd > 0 && m.crowd <= crowdLimit, "%d idle connections: %.1f MiB, at most %d", idleConnections, mib(m.crowd), crowdLimit>>20)
	v.Figure("after %v of waiting: %.1f MiB", calmFor, mib(m.settled))
	v.Require(each < eachLimit, "each of them: %.1f KiB, less than %d", each/1024, eachLimit>>10)
	return v
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }
