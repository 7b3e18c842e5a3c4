package compare

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"time"

	"outrigger/bench/internal/load"
	"outrigger/bench/internal/proxies"
	"outrigger/bench/internal/scrape"
)

// verifier makes sure that a run measured what it says: answers of this origin, all of them right, all through the proxy, and for
// Outrigger under the policy that it is said to have. wrk does not look into bodies, so the proof is made from both sides:
// an answer is checked byte by byte before and after the run, and the mean size that wrk received and the number of requests that the origin
// answered must agree with that answer.
type verifier struct {
	bench
	behind  source
	running *proxies.Running
	proxy   proxies.Proxy
	cell    Cell

	answerBytes int64
	served      int64
	metrics     scrape.Samples
}

func (v *verifier) before(ctx context.Context) error {
	var err error
	if v.answerBytes, err = v.behind.Probe(ctx, v.running.Address, v.cell.Path); err != nil {
		return err
	}
	if v.running.Admin != "" {
		if v.metrics, err = scrape.Get(ctx, v.running.Admin); err != nil {
			return err
		}
	}
	v.served, err = v.behind.Served(ctx)
	return err
}

func (v *verifier) after(ctx context.Context, figures load.Figures) error {
	if err := figures.Check(); err != nil {
		return err
	}
	served, err := v.behind.Served(ctx)
	if err != nil {
		return err
	}
	if err := v.counts(figures, served-v.served); err != nil {
		return err
	}
	answerBytes, err := v.behind.Probe(ctx, v.running.Address, v.cell.Path)
	if err != nil {
		return fmt.Errorf("after the run: %w", err)
	}
	// A field or two of the head may vary in length (an id, a number of attempts).
	if difference := answerBytes - v.answerBytes; difference < -16 || difference > 16 {
		return fmt.Errorf("an answer had %d bytes before the run and %d after it", v.answerBytes, answerBytes)
	}
	if v.running.Admin == "" {
		return nil
	}
	return v.policyActed(ctx, figures)
}

// carried is how many bodies the proxy has carried in a run. Of large ones those count in part that were under way at its ends: there
// are few, and their share of the CPU is not.
func (v *verifier) carried(figures load.Figures, received int64) float64 {
	switch {
	case v.cell.Upload > 0:
		return float64(received) / float64(v.cell.Upload)
	case v.cell.Large:
		return float64(figures.Bytes) / float64(v.answerBytes)
	}
	return float64(figures.Requests)
}

// counts compares wrk's figures with the origin's.
func (v *verifier) counts(figures load.Figures, served int64) error {
	connections := int64(v.cell.Connections)
	// At the end of a run every connection may have one request under way that wrk does not count; two requests are the harness's own.
	if served < figures.Requests || served > figures.Requests+2*connections+2 {
		return fmt.Errorf("the origin answered %d requests, wrk received %d answers: they did not all come from the origin, or some were sent twice", served, figures.Requests)
	}
	expected := figures.Requests * v.answerBytes
	slack := connections*v.answerBytes + 16*figures.Requests
	if difference := figures.Bytes - expected; difference < -slack || difference > slack {
		return fmt.Errorf("%d answers had %d bytes, want about %d", figures.Requests, figures.Bytes, expected)
	}
	return nil
}

// logDelay is more than the 10 ms for which log lines may wait for their batch.
const logDelay = 100 * time.Millisecond

// policyActed asks Outrigger itself what it did.
func (v *verifier) policyActed(ctx context.Context, figures load.Figures) error {
	metrics, err := scrape.Get(ctx, v.running.Admin)
	if err != nil {
		return err
	}
	labels := []string{"upstream", "shop", "status", "200", "outcome", "ok"}
	if v.proxy.Name != proxies.OutriggerPass {
		labels = append(labels, "operation", v.cell.Operation)
	}
	const name = "outrigger_requests_total"
	if counted := int64(metrics.Sum(name, labels...) - v.metrics.Sum(name, labels...)); counted < figures.Requests {
		return fmt.Errorf("%s%v counted %d of %d requests: the policy did not see them", name, labels, counted, figures.Requests)
	}
	time.Sleep(logDelay)
	text, err := os.ReadFile(v.running.Output)
	if err != nil {
		return err
	}
	lines := int64(bytes.Count(text, []byte(`"msg":"exchange"`)))
	switch logged := v.proxy.Name == proxies.OutriggerLog; {
	case logged && lines < figures.Requests:
		return fmt.Errorf("%d log lines for %d requests", lines, figures.Requests)
	// Whoever was still waiting when wrk went away is a failure that may be logged.
	case !logged && lines > 2*int64(v.cell.Connections):
		return fmt.Errorf("%d log lines, want none when nothing fails", lines)
	}
	return nil
}
