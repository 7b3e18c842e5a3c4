// Package load makes requests: as many as possible with wrk, or in ways that wrk cannot, with a client of its own.
//
// It decides what counts as a failed request. It refuses to know what is being proved.
package load

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strconv"
	"syscall"
	"time"

	"outrigger/bench/internal/lab"
	"outrigger/bench/internal/process"
)

//go:embed wrk.lua
var script string

// Wrk is a run of the load generator: one thread, all connections busy all the time.
type Wrk struct {
	URL         string
	Connections int
	Duration    time.Duration
	// Upload is the size of a body that each request carries as a POST; 0 for GET.
	Upload int
}

// Figures are what wrk counted. Status counts answers above 399; times are in microseconds.
type Figures struct {
	Requests int64 `json:"requests"`
	Bytes    int64 `json:"bytes"`
	Micros   int64 `json:"micros"`
	P50      int64 `json:"p50"`
	P99      int64 `json:"p99"`
	Connect  int64 `json:"connect"`
	Read     int64 `json:"read"`
	Write    int64 `json:"write"`
	Status   int64 `json:"status"`
	Timeout  int64 `json:"timeout"`
}

// PerSecond is the rate of completed requests.
func (f Figures) PerSecond() float64 { return float64(f.Requests) / (float64(f.Micros) / 1e6) }

// Check returns an error when any request failed or none was made.
func (f Figures) Check() error {
	if f.Connect+f.Read+f.Write+f.Status+f.Timeout > 0 || f.Requests == 0 {
		return fmt.Errorf("load: %d answers, failed: %d connects, %d reads, %d writes, %d timeouts, %d statuses above 399",
			f.Requests, f.Connect, f.Read, f.Write, f.Timeout, f.Status)
	}
	return nil
}

// Run runs wrk to its end on the core of the load generator.
func (w Wrk) Run(ctx context.Context, l *lab.Lab) (Figures, error) {
	text := script
	if w.Upload > 0 {
		text = fmt.Sprintf("wrk.method, wrk.body = 'POST', string.rep('0123456789abcdef', %d)\n%s", w.Upload/16, script)
	}
	path, err := l.Write("wrk.lua", []byte(text))
	if err != nil {
		return Figures{}, err
	}
	var out bytes.Buffer
	p, err := l.Programs.Start(process.Spec{
		Name: "wrk", Path: "wrk", Core: l.LoadCore, Output: l.Path("wrk.log"), Stdout: &out,
		Args: []string{
			"-t1", "-c" + strconv.Itoa(w.Connections), "-d" + strconv.Itoa(int(w.Duration.Seconds())) + "s",
			"--timeout", "10s", "-s", path, w.URL,
		},
	})
	if err != nil {
		return Figures{}, err
	}
	defer l.Programs.Stop(p)
	select {
	case <-p.Ended():
	case <-ctx.Done():
		_ = p.Signal(syscall.SIGKILL)
		return Figures{}, ctx.Err()
	case <-time.After(w.Duration + 30*time.Second):
		return Figures{}, fmt.Errorf("wrk: not done 30s after its %v", w.Duration)
	}
	return parseWrk(out.Bytes())
}

func parseWrk(out []byte) (Figures, error) {
	var figures Figures
	_, line, found := bytes.Cut(out, []byte("RESULT "))
	if !found {
		return figures, fmt.Errorf("wrk: no RESULT line in %q", out)
	}
	line, _, _ = bytes.Cut(line, []byte("\n"))
	if err := json.Unmarshal(line, &figures); err != nil {
		return figures, fmt.Errorf("wrk: result %q: %w", line, err)
	}
	return figures, nil
}
