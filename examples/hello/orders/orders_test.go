package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// start serves orders in front of a scripted inventory.
func start(t *testing.T, script http.HandlerFunc) (url string, client *inventory) {
	t.Helper()
	upstream := httptest.NewServer(script)
	t.Cleanup(upstream.Close)
	client = newInventory(upstream.URL)
	server := httptest.NewServer(newHandler(newBook(), client))
	t.Cleanup(server.Close)
	return server.URL, client
}

func post(t *testing.T, url, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, url+"/orders", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Request-Id", "seven")
	return read(t, request)
}

func read(t *testing.T, request *http.Request) (int, string) {
	t.Helper()
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply.StatusCode, strings.TrimSpace(string(text))
}

func TestOrderAsksAndReserves(t *testing.T) {
	calls := make(chan string, 2)
	url, client := start(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		calls <- fmt.Sprintf("%s %s %s %s", r.Method, r.URL.Path, r.Header.Get("X-Request-Id"), body)
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, `{"item":"42","available":3}`)
			return
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"reservation":"r-9","item":"42","quantity":2}`)
	})
	status, text := post(t, url, `{"item":"42","quantity":2}`)
	if status != http.StatusCreated || text != `{"id":"1","item":"42","quantity":2,"reservation":"r-9"}` {
		t.Errorf("answer %d %s", status, text)
	}
	want := []string{"GET /stock/42 seven ", `POST /stock/42/reservations seven {"quantity":2}`}
	if diff := cmp.Diff(want, []string{<-calls, <-calls}); diff != "" {
		t.Errorf("calls of inventory (-want +got):\n%s", diff)
	}
	client.learn(level{"42", 1})
	request, _ := http.NewRequest(http.MethodGet, url+"/orders/1", nil)
	if status, text := read(t, request); status != http.StatusOK || !strings.HasSuffix(text, `"stockLeft":1}`) {
		t.Errorf("answer %d %s, want the level last heard", status, text)
	}
}

func TestFailureOfInventoryIsToldAsSuch(t *testing.T) {
	for answered, want := range map[int]int{404: 404, 409: 409, 500: 502, 502: 502, 503: 503, 504: 504} {
		url, _ := start(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(answered)
			_, _ = io.WriteString(w, `{"code":"circuit_open","detail":"try in a second"}`)
		})
		status, text := post(t, url, `{"item":"42","quantity":2}`)
		if status != want || !strings.Contains(text, "circuit_open: try in a second") {
			t.Errorf("inventory answered %d: %d %s, want %d with the reason", answered, status, text, want)
		}
	}
}

func TestOrderThatCannotBeServedReservesNothing(t *testing.T) {
	url, _ := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			t.Errorf("%s %s was called", r.Method, r.URL)
		}
		_, _ = io.WriteString(w, `{"item":"42","available":3}`)
	})
	for body, want := range map[string]int{
		`{"item":"42","quantity":4}`: 409, `{"item":"42","quantity":0}`: 400, `{"quantity":1}`: 400, `[`: 400, "": 400,
	} {
		if status, text := post(t, url, body); status != want {
			t.Errorf("%s: %d %s, want %d", body, status, text, want)
		}
	}
}

func TestBrokenStreamIsOpenedAgain(t *testing.T) {
	var streams atomic.Int32
	_, client := start(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, "event: stock\ndata: {\"item\":\"7\",\"available\":%d}\n\n", 100-streams.Add(1))
	})
	ctx := t.Context()
	go client.follow(ctx)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if left, _ := client.lastHeard("7"); left == 98 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing heard of a second stream within 10s")
		}
	}
}

func TestOldestOrderIsForgottenFirst(t *testing.T) {
	book := newBook()
	for range maxOrders + 1 {
		book.add("1", 1, "r")
	}
	_, first := book.find("1")
	_, second := book.find("2")
	if first || !second {
		t.Errorf("orders 1 and 2 kept: %v %v, want false true", first, second)
	}
}
