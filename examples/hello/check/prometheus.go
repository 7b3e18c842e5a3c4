package main

import (
	"context"
	"fmt"
	"net/url"
)

// scraped asks Prometheus, not the sidecars: what it has is what an operator sees.
func (at site) scraped(ctx context.Context) (string, error) {
	if at.prometheus == "" {
		return "no Prometheus here, left out", nil
	}
	queries := []struct {
		text   string
		series int
	}{
		{`up{job="outrigger"} == 1`, 3},
		{`sum by (service) (outrigger_requests_total) > 0`, 3},
		{fmt.Sprintf(`sum(outrigger_requests_total{direction="outbound",upstream="inventory",outcome="ok"}) >= %d`, 2*mustPass), 1},
		{`sum(outrigger_retries_total{upstream="inventory"}) > 0`, 1},
		{`sum(outrigger_circuit_transitions_total{upstream="inventory",to="open"}) > 0`, 1},
		{`outrigger_policy_last_reload_successful == 1`, 3},
	}
	_, err := until(ctx, eventually, func() error {
		for _, query := range queries {
			if err := at.sample(ctx, query.text, query.series); err != nil {
				return err
			}
		}
		return nil
	})
	return fmt.Sprintf("%d queries answered as expected", len(queries)), err
}

// sample is nil when the query gives so many series.
func (at site) sample(ctx context.Context, query string, series int) error {
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	if err := read(ctx, at.prometheus+"/api/v1/query?query="+url.QueryEscape(query), &answer); err != nil {
		return err
	}
	if got := answer.Data.Result; len(got) != series {
		return fmt.Errorf("query %s gave %v, expected %d series", query, got, series)
	}
	return nil
}
