package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The edits of the reservation's line in the policy of orders.
const (
	asWritten = "reserveStock: {retry: {idempotencyKey: inject}}"
	impatient = "reserveStock: {timeouts: {request: 50ms}, retry: {retries: 0, idempotencyKey: inject}}"
	mistaken  = "reserveStock: {timeuots: {request: 50ms}}"
)

// edit makes the policy impatient while inventory is slow, so that the next order fails, and puts it back, so that it
// succeeds; a mistake in between must change nothing. All the while other requests run through the same sidecar.
func (at site) edit(ctx context.Context) (what string, err error) {
	original, err := os.ReadFile(at.policy)
	if err != nil {
		return "", err
	}
	if !strings.Contains(string(original), asWritten) {
		return "", fmt.Errorf("%s: expected the line %s", at.policy, asWritten)
	}
	if err := at.steer(ctx, "delay=200ms"); err != nil {
		return "", err
	}
	made, err := at.place(ctx)
	if err != nil {
		return "", err
	}
	load := at.load(ctx, "/orders/"+made.ID)
	defer func() {
		// In place, as some editors and every shell redirection do; the edits before were renamed over the file.
		err = errors.Join(err, os.WriteFile(at.policy, original, 0o644), load.end())
	}()
	changed := func(line string) error {
		return replace(at.policy, strings.Replace(string(original), asWritten, line, 1))
	}
	if err := changed(impatient); err != nil {
		return "", err
	}
	inForce, err := until(ctx, soon, func() error { return at.ordered(ctx, http.StatusGatewayTimeout, "") })
	if err != nil {
		return "", fmt.Errorf("edit: %w", err)
	}
	if err := changed(mistaken); err != nil {
		return "", err
	}
	if err := at.refused(ctx); err != nil {
		return "", fmt.Errorf("mistaken edit: %w", err)
	}
	if err := os.WriteFile(at.policy, original, 0o644); err != nil {
		return "", err
	}
	back, err := until(ctx, soon, func() error { return at.ordered(ctx, http.StatusCreated, "") })
	if err != nil {
		return "", fmt.Errorf("edit back: %w", err)
	}
	return fmt.Sprintf("in force after %v, back after %v, a mistaken one refused, no request of the load lost",
		inForce.Round(time.Millisecond), back.Round(time.Millisecond)), nil
}

// refused sees that a mistaken edit is reported and that the policy before it stays in force.
func (at site) refused(ctx context.Context) error {
	if at.prometheus != "" {
		_, err := until(ctx, eventually, func() error {
			return at.sample(ctx, `outrigger_policy_last_reload_successful{service="orders"} == 0`, 1)
		})
		if err != nil {
			return err
		}
	} else {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(soon):
		}
	}
	return at.ordered(ctx, http.StatusGatewayTimeout, "")
}

// replace writes beside the file and renames, as most editors do: readers see the old text or the new, never a part.
func replace(path, text string) error {
	beside := path + ".new"
	if err := os.WriteFile(beside, []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(beside, path)
}

// load is a stream of requests that have nothing to do with what is edited.
type load struct {
	stop   context.CancelFunc
	ended  sync.WaitGroup
	served atomic.Int64
	lost   atomic.Int64
	first  atomic.Pointer[string] // what became of the first that was lost
}

func (at site) load(ctx context.Context, path string) *load {
	ctx, stop := context.WithCancel(ctx)
	l := &load{stop: stop}
	for range callers {
		l.ended.Go(func() {
			for ; ctx.Err() == nil; time.Sleep(time.Millisecond) { // a steady load, not all that the machine can do
				got, err := get(ctx, at.orders+path)
				switch {
				case ctx.Err() != nil:
				case err == nil && got.status == http.StatusOK:
					l.served.Add(1)
				default:
					l.lost.Add(1)
					text := fmt.Sprintf("%d %s %v", got.status, got.body, err)
					l.first.CompareAndSwap(nil, &text)
				}
			}
		})
	}
	return l
}

func (l *load) end() error {
	l.stop()
	l.ended.Wait()
	if l.lost.Load() > 0 {
		return fmt.Errorf("%d of %d requests lost under the edits, the first: %s", l.lost.Load(), l.lost.Load()+l.served.Load(), *l.first.Load())
	}
	if l.served.Load() < 100 {
		return fmt.Errorf("only %d requests served under the edits, expected hundreds", l.served.Load())
	}
	return nil
}
