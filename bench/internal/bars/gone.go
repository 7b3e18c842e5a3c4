package bars

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"outrigger/bench/internal/lab"
	"outrigger/bench/internal/load"
	"outrigger/bench/internal/scrape"
)

const (
	// goneClients is more than minimumRequests of the policy: were they samples of the breaker, it would show.
	goneClients = 30
	// failuresToOpen is minimumRequests of the policy.
	failuresToOpen = 20
	goneLimit      = 100 * time.Millisecond
)

// departures is what was seen when clients went away.
type departures struct {
	cancelled []time.Duration
	never     int
	metrics   scrape.Samples
	// failing is how many of the requests that must fail reached the upstream before the circuit opened,
	// and openedAfter says that the one after them did not.
	failing     int64
	openedAfter bool
}

// Gone lets clients go away while the upstream is at work, then opens the circuit with exactly as many failures as its policy asks for:
// had the vanished clients been samples, good or bad, it would open earlier or later.
func Gone(ctx context.Context, l *lab.Lab) (*Verdict, error) {
	u := &waitingUpstream{arrived: make(chan struct{}, 1), left: make(chan time.Time, 1)}
	port, stop, err := serve(u.ServeHTTP)
	if err != nil {
		return nil, err
	}
	defer stop()
	s, err := startSidecar(ctx, l, "gone.yaml.tmpl", map[string]any{"UpstreamPort": port, "MinimumRequests": failuresToOpen})
	if err != nil {
		return nil, err
	}
	var seen departures
	for i := range goneClients {
		took, err := u.leave(ctx, s.address, i)
		if err != nil {
			return nil, err
		}
		if took < 0 {
			seen.never++
			continue
		}
		seen.cancelled = append(seen.cancelled, took)
	}
	l.Say("%d clients have gone", goneClients)
	if err := pause(ctx, 500*time.Millisecond); err != nil {
		return nil, err
	}
	if seen.metrics, err = s.metrics(ctx); err != nil {
		return nil, err
	}
	if err := u.failUntilOpen(s.address, &seen); err != nil {
		return nil, err
	}
	return judgeDepartures(seen), ctx.Err()
}

// waitingUpstream holds a request until its client is gone, or fails it when failing is set.
type waitingUpstream struct {
	arrived chan struct{}
	left    chan time.Time
	failing atomic.Bool
	failed  atomic.Int64
}

func (u *waitingUpstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if u.failing.Load() {
		u.failed.Add(1)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	u.arrived <- struct{}{}
	select {
	case <-r.Context().Done():
		u.left <- time.Now()
	case <-time.After(2 * time.Second):
		u.left <- time.Time{}
	}
}

// leave makes one request and goes away after a while, politely or not; it returns how long the upstream's request lived on, or -1
// when the upstream still saw it two seconds after its arrival.
func (u *waitingUpstream) leave(ctx context.Context, address string, i int) (time.Duration, error) {
	conn, err := load.Dial(address)
	if err != nil {
		return 0, err
	}
	if err := conn.Send("/items/42"); err != nil {
		return 0, err
	}
	select {
	case <-u.arrived:
	case <-time.After(5 * time.Second):
		conn.Close()
		return -1, nil
	}
	// A watcher for vanished clients may start late: go before, about and after the time at which it might.
	patience := []time.Duration{0, 2 * time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond}
	if err := pause(ctx, patience[i%len(patience)]); err != nil {
		return 0, err
	}
	gone := time.Now()
	if i%2 == 0 {
		conn.Close()
	} else {
		conn.Reset()
	}
	seen := <-u.left
	if seen.IsZero() {
		return -1, nil
	}
	return seen.Sub(gone), nil
}

func (u *waitingUpstream) failUntilOpen(address string, seen *departures) error {
	u.failing.Store(true)
	conn, err := load.Dial(address)
	if err != nil {
		return err
	}
	defer conn.Close()
	for range failuresToOpen + 1 {
		before := u.failed.Load()
		answer, err := conn.Get("/items/42")
		if err != nil {
			return err
		}
		if u.failed.Load() == before {
			seen.openedAfter = strings.Contains(string(answer.Body), "circuit_open")
			break
		}
	}
	seen.failing = u.failed.Load()
	return nil
}

func judgeDepartures(d departures) *Verdict {
	v := &Verdict{}
	v.Require(d.never == 0, "every upstream attempt was cancelled: %d of %d were not", d.never, d.never+len(d.cancelled))
	if len(d.cancelled) > 0 {
		sorted := slices.Sorted(slices.Values(d.cancelled))
		longest := sorted[len(sorted)-1]
		v.Figure("cancelled after %v (median)", sorted[len(sorted)/2].Round(10*time.Microsecond))
		v.Require(longest <= goneLimit, "cancelled within %v: %v at most", goneLimit, longest.Round(10*time.Microsecond))
	}
	closed := d.metrics.Sum("outrigger_requests_total", "upstream", "shop", "operation", "getItem", "outcome", "client_closed")
	v.Require(int(closed) == goneClients, "outcome client_closed: counted %.0f of %d", closed, goneClients)
	const attempts = "outrigger_attempts_total"
	given := d.metrics.Sum(attempts, "upstream", "shop", "operation", "getItem", "outcome", "client_closed")
	other := d.metrics.Sum(attempts, "upstream", "shop", "operation", "getItem") - given
	v.Require(int(given) == goneClients && other == 0, "attempts given up as client_closed: counted %.0f of %d, %.0f with another outcome", given, goneClients, other)
	v.Require(d.failing == failuresToOpen && d.openedAfter,
		"no breaker sample: the circuit opened after %d failures (opened: %t), the policy says %d", d.failing, d.openedAfter, failuresToOpen)
	return v
}
