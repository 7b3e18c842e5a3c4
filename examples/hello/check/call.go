package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// client has no proxy, whatever the environment says: the sidecars are what is looked at.
var client = &http.Client{
	Timeout:   15 * time.Second,
	Transport: &http.Transport{MaxIdleConnsPerHost: 32},
}

const (
	maxBody = 1 << 20
	anOrder = `{"item":"42","quantity":1}`
	pause   = 50 * time.Millisecond // between two looks at something that is to change
)

// reply is what came back, body included.
type reply struct {
	status int
	body   string
}

func get(ctx context.Context, url string) (reply, error) { return call(ctx, http.MethodGet, url, "") }

func post(ctx context.Context, url, body string) (reply, error) {
	return call(ctx, http.MethodPost, url, body)
}

func call(ctx context.Context, method, url, body string) (reply, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	answer, err := client.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxBody))
	return reply{answer.StatusCode, strings.TrimSpace(string(text))}, err
}

// read gets a JSON document.
func read(ctx context.Context, url string, into any) error {
	got, err := get(ctx, url)
	if err != nil {
		return err
	}
	if got.status != http.StatusOK {
		return fmt.Errorf("GET %s: %d %s", url, got.status, got.body)
	}
	return json.Unmarshal([]byte(got.body), into)
}

// until looks again and again until there is nothing to complain about, for at most limit; the last complaint is the error.
func until(ctx context.Context, limit time.Duration, complaint func() error) (took time.Duration, err error) {
	start := time.Now()
	for {
		err = complaint()
		took = time.Since(start)
		if err == nil {
			return took, nil
		}
		if took > limit {
			return took, fmt.Errorf("after %v still: %w", took.Round(time.Millisecond), err)
		}
		select {
		case <-ctx.Done():
			return took, errors.Join(ctx.Err(), err)
		case <-time.After(pause):
		}
	}
}

// ordered is nil when an order answers with this status and has this text in its body.
func (at site) ordered(ctx context.Context, status int, text string) error {
	got, err := post(ctx, at.orders+"/orders", anOrder)
	if err != nil {
		return err
	}
	if got.status != status || !strings.Contains(got.body, text) {
		return fmt.Errorf("an order was answered %d %s, expected %d %s", got.status, got.body, status, text)
	}
	return nil
}

// steer tells inventory how to behave.
func (at site) steer(ctx context.Context, faults string) error {
	got, err := post(ctx, at.inventory+"/flaky?"+faults, "")
	if err == nil && got.status != http.StatusOK {
		err = fmt.Errorf("POST /flaky?%s: %d %s", faults, got.status, got.body)
	}
	return err
}
