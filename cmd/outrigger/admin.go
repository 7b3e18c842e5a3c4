package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"outrigger/proxy/observe"
)

const (
	adminTimeout = 10 * time.Second
	adminAnswer  = 64 << 20 // bytes at most, for 20,000 operations
)

// operationsOf asks the admin port of a running sidecar how every upstream and operation stands.
func operationsOf(ctx context.Context, address string) ([]observe.UpstreamState, error) {
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/operations", http.NoBody)
	if err != nil {
		return nil, usage("--admin %q is no address: write host:port", address)
	}
	client := http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return nil, usage("no sidecar answers at %s: %w", address, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, usage("%s answered with status %d: is it the admin port of a sidecar?", req.URL, resp.StatusCode)
	}
	var answer struct {
		Upstreams []observe.UpstreamState `json:"upstreams"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, adminAnswer)).Decode(&answer); err != nil {
		return nil, usage("%s did not answer as a sidecar does: %w", req.URL, err)
	}
	return answer.Upstreams, nil
}
