package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	orders     = 300
	mustPass   = 291 // 97 %
	greeting   = `{"message": "Hello from Service One"}`
	callers    = 4
	silence    = 2500 * time.Millisecond // longer than the request timeout of inventory's sidecar
	soon       = 2 * time.Second         // for a policy edit to be in force
	eventually = 20 * time.Second        // for everything that has no time of its own
)

func (at site) answer(ctx context.Context) (string, error) {
	took, err := until(ctx, 30*time.Second, func() error {
		for _, url := range []string{at.serviceOne + "/healthz", at.inventory + "/flaky"} {
			if got, err := get(ctx, url); err != nil || got.status != http.StatusOK {
				return fmt.Errorf("GET %s: %d %s %v", url, got.status, got.body, err)
			}
		}
		return at.ordered(ctx, http.StatusCreated, "")
	})
	return took.Round(time.Millisecond).String(), err
}

func (at site) hello(ctx context.Context) (string, error) {
	got, err := get(ctx, at.serviceOne+"/api/service_one")
	if err == nil && (got.status != http.StatusOK || got.body != greeting) {
		err = fmt.Errorf("%d %s, expected 200 %s", got.status, got.body, greeting)
	}
	return got.body, err
}

// flaky orders while 30 % of all requests to inventory fail. Half of the failed reservations stand in spite of their 503, so
// that the stock tells whether a retry ever reserved twice.
func (at site) flaky(ctx context.Context) (string, error) {
	if err := at.steer(ctx, "failure=0"); err != nil { // so that the stock can be asked for without a retry
		return "", err
	}
	before, err := at.stock(ctx)
	if err != nil {
		return "", err
	}
	if err := at.steer(ctx, "failure=30&delay=5ms"); err != nil {
		return "", err
	}
	passed := at.order(ctx, orders)
	if err := at.steer(ctx, "failure=0"); err != nil {
		return "", err
	}
	after, err := at.stock(ctx)
	if err != nil {
		return "", err
	}
	what := fmt.Sprintf("%d of %d succeeded, %d units reserved", passed, orders, before-after)
	if taken := before - after; passed < mustPass || taken < passed || taken > orders {
		return "", fmt.Errorf("%s; expected at least %d, and as many units or up to %d", what, mustPass, orders)
	}
	return what, nil
}

// order places so many orders, a few at a time, and counts those that succeed.
func (at site) order(ctx context.Context, count int) (passed int) {
	todo := make(chan struct{}, count)
	for range count {
		todo <- struct{}{}
	}
	close(todo)
	var all sync.WaitGroup
	var mu sync.Mutex
	for range callers {
		all.Go(func() {
			for range todo {
				if at.ordered(ctx, http.StatusCreated, "") == nil {
					mu.Lock()
					passed++
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	return passed
}

func (at site) stock(ctx context.Context) (left int, err error) {
	var level struct{ Available int }
	err = read(ctx, at.inventory+"/stock/42", &level)
	return level.Available, err
}

// stream holds a stream of changes open for longer than the request timeout of its sidecar, then expects it to tell of an
// order; orders itself listens to another one, through two sidecars.
func (at site) stream(ctx context.Context) (string, error) {
	ctx, stop := context.WithTimeout(ctx, eventually)
	defer stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.inventory+"/stock/events", nil)
	if err != nil {
		return "", err
	}
	opened := time.Now()
	reply, err := (&http.Client{Transport: client.Transport}).Do(request)
	if err != nil {
		return "", err
	}
	defer reply.Body.Close()
	select {
	case <-ctx.Done():
	case <-time.After(silence):
	}
	made, err := at.place(ctx)
	if err != nil {
		return "", err
	}
	lines := bufio.NewScanner(reply.Body)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "data: ") {
	}
	if !strings.Contains(lines.Text(), `"item":"42"`) {
		return "", fmt.Errorf("%d, then %q and %v, after %v; expected an event of item 42",
			reply.StatusCode, lines.Text(), lines.Err(), time.Since(opened))
	}
	_, err = until(ctx, soon, func() error {
		if err := read(ctx, at.orders+"/orders/"+made.ID, &made); err != nil {
			return err
		}
		if made.StockLeft == nil {
			return fmt.Errorf("order %s has not heard of its item", made.ID)
		}
		return nil
	})
	return fmt.Sprintf("an event came after %v on one connection", time.Since(opened).Round(time.Millisecond)), err
}

// placed is what orders answers.
type placed struct {
	ID        string
	StockLeft *int
}

func (at site) place(ctx context.Context) (made placed, err error) {
	got, err := post(ctx, at.orders+"/orders", anOrder)
	if err != nil {
		return made, err
	}
	if got.status != http.StatusCreated {
		return made, fmt.Errorf("an order was answered %d %s", got.status, got.body)
	}
	return made, json.Unmarshal([]byte(got.body), &made)
}

// dead sees the circuit open, orders refused without delay, and the circuit close when inventory is well.
func (at site) dead(ctx context.Context) (string, error) {
	if err := at.steer(ctx, "dead=true&delay=0s"); err != nil {
		return "", err
	}
	opened, err := until(ctx, eventually, func() error {
		return at.ordered(ctx, http.StatusServiceUnavailable, "circuit_open")
	})
	if err != nil {
		return "", err
	}
	if err := at.steer(ctx, "dead=false"); err != nil {
		return "", err
	}
	closed, err := until(ctx, eventually, func() error { return at.ordered(ctx, http.StatusCreated, "") })
	return fmt.Sprintf("circuit open after %v, orders succeed again after %v",
		opened.Round(time.Millisecond), closed.Round(time.Millisecond)), err
}
