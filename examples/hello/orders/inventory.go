package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	maxAnswer   = 64 << 10    // bytes read of one answer of inventory
	maxFollowed = 1000        // items whose level is kept from the stream
	reconnectIn = time.Second // between two attempts to follow the stream
)

// inventory is the client of the inventory service; safe for concurrent use. Note what is not here.
type inventory struct {
	url    string
	client *http.Client

	mu   sync.Mutex
	left map[string]int // by item, as last heard on the stream
}

// level and reservation are what inventory answers.
type level struct {
	Item      string `json:"item"`
	Available int    `json:"available"`
}

type reservation struct {
	ID string `json:"reservation"`
}

// answerError is an answer other than the one hoped for, from inventory or from the sidecar on the way.
type answerError struct {
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Code   string `json:"code"` // only the sidecar sets one
}

func (e *answerError) Error() string {
	if e.Code == "" {
		return fmt.Sprintf("inventory answered %d: %s", e.Status, e.Detail)
	}
	return fmt.Sprintf("inventory not reached: %d %s: %s", e.Status, e.Code, e.Detail)
}

func newInventory(url string) *inventory {
	// A client without a transport of its own uses the default one, which honours HTTP_PROXY.
	return &inventory{url: strings.TrimSuffix(url, "/"), client: &http.Client{}, left: map[string]int{}}
}

func (i *inventory) stock(r *http.Request, item string) (level, error) {
	var now level
	request, err := i.request(r, http.MethodGet, "/stock/"+item, nil)
	if err != nil {
		return now, err
	}
	return now, i.send(request, &now)
}

func (i *inventory) reserve(r *http.Request, item string, quantity int) (reservation, error) {
	var made reservation
	body, err := json.Marshal(map[string]int{"quantity": quantity})
	if err != nil {
		return made, err
	}
	request, err := i.request(r, http.MethodPost, "/stock/"+item+"/reservations", body)
	if err != nil {
		return made, err
	}
	request.Header.Set("Content-Type", "application/json")
	return made, i.send(request, &made)
}

// request is one on behalf of the caller's request r, and ends with it.
func (i *inventory) request(r *http.Request, method, path string, body []byte) (*http.Request, error) {
	request, err := http.NewRequestWithContext(r.Context(), method, i.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	// Passed on, these tie both sidecars' records together and let the caller's deadline bound this call too.
	for _, name := range []string{"Traceparent", "X-Request-Id", "Outrigger-Timeout-Ms"} {
		if value := r.Header.Get(name); value != "" {
			request.Header.Set(name, value)
		}
	}
	return request, nil
}

// send makes the request, once, and reads the answer into result.
func (i *inventory) send(request *http.Request, result any) error {
	reply, err := i.client.Do(request)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(io.LimitReader(reply.Body, maxAnswer))
	if err != nil {
		return err
	}
	if reply.StatusCode/100 != 2 {
		problem := &answerError{}
		_ = json.Unmarshal(text, problem) // not every hop answers with a problem; the status says enough
		problem.Status = reply.StatusCode
		return problem
	}
	return json.Unmarshal(text, result)
}

// follow keeps the levels up to date from the stream of changes until ctx ends, and reconnects when it breaks off.
func (i *inventory) follow(ctx context.Context) {
	for ctx.Err() == nil {
		_ = i.read(ctx) // whatever ended the stream, the answer is to open it again
		select {
		case <-ctx.Done():
		case <-time.After(reconnectIn):
		}
	}
}

func (i *inventory) read(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, i.url+"/stock/events", nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "text/event-stream")
	reply, err := i.client.Do(request)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return &answerError{Status: reply.StatusCode}
	}
	lines := bufio.NewScanner(reply.Body)
	for lines.Scan() {
		var change level
		data, isData := strings.CutPrefix(lines.Text(), "data: ")
		if isData && json.Unmarshal([]byte(data), &change) == nil {
			i.learn(change)
		}
	}
	return lines.Err()
}

func (i *inventory) learn(change level) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if _, known := i.left[change.Item]; known || len(i.left) < maxFollowed {
		i.left[change.Item] = change.Available
	}
}

// lastHeard is the level of an item as last heard on the stream.
func (i *inventory) lastHeard(item string) (available int, heard bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	available, heard = i.left[item]
	return available, heard
}
