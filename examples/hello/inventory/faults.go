package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const maxDelay = 30 * time.Second

// faults is how badly the service behaves at the moment; safe for concurrent use.
type faults struct {
	mu      sync.Mutex
	failure float64 // share of requests, 0 to 1
	delay   time.Duration
	dead    bool
}

// settings is what /flaky shows.
type settings struct {
	Failure string `json:"failure"`
	Delay   string `json:"delay"`
	Dead    bool   `json:"dead"`
}

// newFaults starts from the environment's words, of which each may be empty.
func newFaults(failure, delay, dead string) (*faults, error) {
	f := &faults{}
	for name, value := range map[string]string{"failure": failure, "delay": delay, "dead": dead} {
		if value == "" {
			continue
		}
		if err := f.set(name, value); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// steer changes what a query such as failure=30%&delay=50ms names and leaves the rest. It is read by hand because a bare
// percent sign is what people type, and is not valid in a query.
func (f *faults) steer(query string) error {
	next := f.copy()
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		if err := next.set(name, value); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failure, f.delay, f.dead = next.failure, next.delay, next.dead
	return nil
}

func (f *faults) copy() *faults {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &faults{failure: f.failure, delay: f.delay, dead: f.dead}
}

// set is for values that no other goroutine sees yet.
func (f *faults) set(name, value string) (err error) {
	switch name {
	case "failure":
		percent, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSuffix(value, "%25"), "%"), 64)
		if err != nil || !(percent >= 0 && percent <= 100) {
			return fmt.Errorf("failure %q, expected a share such as 30%%", value)
		}
		f.failure = percent / 100
	case "delay":
		f.delay, err = time.ParseDuration(value)
		if err != nil || f.delay < 0 || f.delay > maxDelay {
			return fmt.Errorf("delay %q, expected a duration of at most %v such as 50ms", value, maxDelay)
		}
	case "dead":
		if f.dead, err = strconv.ParseBool(value); err != nil {
			return fmt.Errorf("dead %q, expected true or false", value)
		}
	default:
		return fmt.Errorf("setting %q unknown, expected failure, delay or dead", name)
	}
	return nil
}

func (f *faults) current() settings {
	now := f.copy()
	percent := strconv.FormatFloat(now.failure*100, 'f', -1, 64)
	return settings{Failure: percent + "%", Delay: now.delay.String(), Dead: now.dead}
}

// strike lets a request through, or makes it wait, fail or lose its connection. Half of the failures strike after the work
// was done, as real ones do: a reservation may stand although its answer was 503, and only its idempotency key makes it safe
// to ask again.
func (f *faults) strike(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := f.copy()
		if now.delay > 0 {
			select {
			case <-time.After(now.delay):
			case <-r.Context().Done():
				return
			}
		}
		if now.dead {
			panic(http.ErrAbortHandler) // closes the connection without an answer
		}
		if rand.Float64() >= now.failure {
			next.ServeHTTP(w, r)
			return
		}
		if r.Method == http.MethodPost && rand.IntN(2) == 0 {
			next.ServeHTTP(lostAnswer{http.Header{}}, r)
		}
		refuse(w, http.StatusServiceUnavailable, fmt.Errorf("failing %s of requests, as told through /flaky", f.current().Failure))
	})
}

// lostAnswer swallows what a handler answers.
type lostAnswer struct{ header http.Header }

func (l lostAnswer) Header() http.Header         { return l.header }
func (l lostAnswer) Write(b []byte) (int, error) { return len(b), nil }
func (l lostAnswer) WriteHeader(int)             {}
