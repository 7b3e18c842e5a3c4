package watch

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"outrigger/proxy/observe"
)

// Admin is the admin port of a sidecar. It is safe for concurrent use.
type Admin struct {
	base   string
	client *http.Client
}

// Bounds of one look.
const (
	timeout   = 2 * time.Second
	maxAnswer = 8 << 20
	decisions = 100
)

// New returns the admin port at an address, host:port.
func New(address string) *Admin {
	return &Admin{base: "http://" + address, client: &http.Client{Timeout: timeout, Transport: &http.Transport{Proxy: nil}}}
}

// Close gives up kept connections.
func (a *Admin) Close() { a.client.CloseIdleConnections() }

// View is how the sidecar stood at one moment.
type View struct {
	Operations map[string]Operation
	BudgetLeft float64 // of the upstream, 0 to 1
	// Decisions are the exchanges that ended last and in which something was decided, the newest first.
	Decisions []observe.Decision
	// Edits counts the policies that were applied after the first, Rejected those that were not valid.
	Edits, Rejected int
	// Refused says that the last edit was not valid, and the policy before it serves.
	Refused bool
}

// Operation is how an operation of the upstream stood.
type Operation struct {
	Circuit string // closed, open, half_open, off
	Since   time.Time
	Counts
}

// Look asks the port for everything about one upstream.
func (a *Admin) Look(ctx context.Context, upstream string) (View, error) {
	view := View{Operations: map[string]Operation{}}
	var scraped metrics
	err := a.get(ctx, "/metrics", func(r io.Reader) (err error) {
		scraped, err = parseMetrics(r)
		return err
	})
	if err != nil {
		return view, err
	}
	view.Edits, view.Rejected, view.Refused = max(0, scraped.applied-1), scraped.rejected, !scraped.reloadOK
	var state struct {
		Upstreams []observe.UpstreamState `json:"upstreams"`
	}
	if err := a.get(ctx, "/operations", into(&state)); err != nil {
		return view, err
	}
	for _, u := range state.Upstreams {
		if u.Name != upstream {
			continue
		}
		view.BudgetLeft = u.BudgetLeft
		for _, op := range u.Operations {
			view.Operations[op.Name] = Operation{op.Circuit, op.Since, scraped.operations[op.Name]}
		}
	}
	var recent struct {
		Decisions []observe.Decision `json:"decisions"`
	}
	if err := a.get(ctx, fmt.Sprintf("/decisions?upstream=%s&limit=%d", upstream, decisions), into(&recent)); err != nil {
		return view, err
	}
	for _, d := range recent.Decisions {
		if len(d.Events) > 0 {
			view.Decisions = append(view.Decisions, d)
		}
	}
	return view, nil
}

func into(target any) func(io.Reader) error {
	return func(r io.Reader) error { return json.NewDecoder(r).Decode(target) }
}

func (a *Admin) get(ctx context.Context, path string, read func(io.Reader) error) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.base+path, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("admin port: GET %s answered %s", path, resp.Status)
	}
	if err := read(io.LimitReader(resp.Body, maxAnswer)); err != nil {
		return fmt.Errorf("admin port: GET %s: %w", path, err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer))
	return nil
}
