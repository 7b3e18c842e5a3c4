package load

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"outrigger/cmd/outrigger/internal/demo/stage"
)

// Call makes the request of an operation that a caller sends on a path; number is one of its own for each pair of requests.
type Call func(ctx context.Context, path Path, number int64) (*http.Request, error)

// Load calls operations at an even pace.
type Load struct {
	// Calls are the operations, Pattern the order in which they are called, again and again.
	Calls   [Operations]Call
	Pattern []int
	// Interval is the time between two pairs of requests, one for each path.
	Interval time.Duration
	// Phase says which phase it is; it must be safe for concurrent use.
	Phase func() stage.Phase

	tally    Tally
	inFlight atomic.Int64
	skipped  atomic.Int64
	start    time.Time
	client   *http.Client
}

const (
	// maxInFlight bounds the requests that wait for an answer. The pace and the patience of orders keep far below it.
	maxInFlight = 1000
	// callTimeout is longer than orders ever takes.
	callTimeout = 5 * time.Second
	idle        = 256
	maxAnswer   = 64 << 10
)

// Run calls until ctx ends, and returns when every call has ended. Calls that its end cuts off count for nothing.
func (l *Load) Run(ctx context.Context, start time.Time) {
	l.start = start
	transport := &http.Transport{MaxIdleConnsPerHost: idle, DisableCompression: true}
	l.client = &http.Client{Transport: transport, Timeout: callTimeout}
	defer transport.CloseIdleConnections()
	var calls sync.WaitGroup
	defer calls.Wait()
	pace := time.NewTicker(l.Interval)
	defer pace.Stop()
	for number := int64(0); ; number++ {
		if l.inFlight.Load()+Paths > maxInFlight {
			l.skipped.Add(1)
		} else {
			for i := range int64(Paths) {
				p := Path((number + i) % Paths) // in turns, so that neither path is always first
				l.inFlight.Add(1)
				calls.Go(func() {
					defer l.inFlight.Add(-1)
					l.call(ctx, p, number)
				})
			}
		}
		select {
		case <-pace.C:
		case <-ctx.Done():
			return
		}
	}
}

// Tally is what was measured so far.
func (l *Load) Tally() *Tally { return &l.tally }

// Skipped is how many pairs of requests were left out because too many waited for an answer.
func (l *Load) Skipped() int64 { return l.skipped.Load() }

func (l *Load) call(ctx context.Context, path Path, number int64) {
	s := sample{operation: l.Pattern[number%int64(len(l.Pattern))], path: path, phase: l.Phase()}
	req, err := l.Calls[s.operation](ctx, path, number)
	if err != nil {
		return
	}
	req.Header.Set(stage.IDField, fmt.Sprintf("%s/%d", path, number))
	begun := time.Now()
	resp, err := l.client.Do(req)
	if err == nil {
		_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer))
		resp.Body.Close()
	}
	if ctx.Err() != nil {
		return
	}
	ended := time.Now()
	s.wait, s.ended = ended.Sub(begun), ended.Sub(l.start)
	s.failed = err != nil || resp.StatusCode < 200 || resp.StatusCode > 299
	s.attempts = 1
	if err == nil {
		if n, err := strconv.Atoi(resp.Header.Get(stage.AttemptsField)); err == nil {
			s.attempts = n
		}
	}
	l.tally.add(s)
}
