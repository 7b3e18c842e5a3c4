package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// start serves an inventory with these faults and gives a function that sends one request.
func start(t *testing.T, faults *faults) func(method, path, key string) (int, string) {
	t.Helper()
	server := httptest.NewServer(newHandler(newStock(), faults))
	t.Cleanup(server.Close)
	return func(method, path, key string) (int, string) {
		t.Helper()
		request, err := http.NewRequest(method, server.URL+path, strings.NewReader(`{"quantity":1}`))
		if err != nil {
			t.Fatal(err)
		}
		if key != "" {
			request.Header.Set("Idempotency-Key", key)
		}
		reply, err := server.Client().Do(request)
		if err != nil {
			return 0, err.Error()
		}
		defer reply.Body.Close()
		text, err := io.ReadAll(reply.Body)
		if err != nil {
			t.Fatal(err)
		}
		return reply.StatusCode, strings.TrimSpace(string(text))
	}
}

func TestSecondReservationWithTheSameKeyTakesNothing(t *testing.T) {
	send := start(t, &faults{})
	status, first := send("POST", "/stock/42/reservations", "k")
	if status != http.StatusCreated {
		t.Fatalf("status %d, want 201: %s", status, first)
	}
	if status, second := send("POST", "/stock/42/reservations", "k"); status != http.StatusCreated || second != first {
		t.Errorf("second answer %d %s, want the first: %s", status, second, first)
	}
	if _, got := send("GET", "/stock/42", ""); got != `{"item":"42","available":9999}` {
		t.Errorf("level %s, want one unit taken", got)
	}
	send("POST", "/stock/42/reservations", "")
	send("POST", "/stock/42/reservations", "")
	if _, got := send("GET", "/stock/42", ""); got != `{"item":"42","available":9997}` {
		t.Errorf("level %s, want a unit taken by each request without a key", got)
	}
}

func TestOldestKeyIsForgottenFirst(t *testing.T) {
	stock := newStock()
	for n := range rememberKeys + 2 {
		if _, err := stock.reserve(strconv.Itoa(n%items+1), 1, strconv.Itoa(n)); err != nil {
			t.Fatal(err)
		}
	}
	_, zero := stock.byKey["0"]
	_, one := stock.byKey["1"]
	_, two := stock.byKey["2"]
	if zero || one || !two || len(stock.byKey) != rememberKeys {
		t.Errorf("keys 0, 1, 2 kept: %v %v %v of %d, want false false true of %d", zero, one, two, len(stock.byKey), rememberKeys)
	}
}

func TestRefusalsNameTheirReason(t *testing.T) {
	send := start(t, &faults{})
	for path, want := range map[string]int{"/stock/0": 404, "/stock/bolts": 404, "/elsewhere": 404} {
		if status, text := send("GET", path, ""); status != want {
			t.Errorf("GET %s: %d %s, want %d", path, status, text, want)
		}
	}
	if _, err := newStock().reserve("1", unitsAtStart+1, ""); err != errSoldOut {
		t.Errorf("error %v, want %v", err, errSoldOut)
	}
}

func TestFaultsAreReadAsPeopleTypeThem(t *testing.T) {
	for query, want := range map[string]settings{
		"failure=30%&delay=50ms":    {"30%", "50ms", false},
		"failure=30%25&dead=true":   {"30%", "0s", true},
		"failure=0.5":               {"0.5%", "0s", false},
		"delay=1s&dead=1&failure=1": {"1%", "1s", true},
	} {
		f := &faults{}
		if err := f.steer(query); err != nil {
			t.Errorf("%s: %v", query, err)
		}
		if diff := cmp.Diff(want, f.current()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
}

func TestWrongSettingChangesNothing(t *testing.T) {
	for _, query := range []string{
		"delay=1s&failure=101%", "delay=1s&failure=NaN", "delay=1s&delay=31s", "delay=1s&delay=-1s", "delay=1s&dead=perhaps", "delay=1s&rate=5",
	} {
		f := &faults{}
		if err := f.steer(query); err == nil {
			t.Errorf("%s was taken", query)
		}
		if diff := cmp.Diff(settings{"0%", "0s", false}, f.current()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
}

func TestFailingServiceCanStillBeSteered(t *testing.T) {
	send := start(t, &faults{failure: 1})
	for range 20 {
		if status, _ := send("GET", "/stock/1", ""); status != http.StatusServiceUnavailable {
			t.Fatalf("status %d, want 503", status)
		}
	}
	if status, _ := send("POST", "/flaky?dead=true", ""); status != http.StatusOK {
		t.Fatalf("status %d of /flaky, want 200", status)
	}
	if status, text := send("GET", "/stock/1", ""); status != 0 {
		t.Errorf("a dead service answered %d %s", status, text)
	}
	if status, _ := send("POST", "/flaky?dead=false&failure=0", ""); status != http.StatusOK {
		t.Errorf("status %d of /flaky, want 200", status)
	}
	if status, _ := send("GET", "/stock/1", ""); status != http.StatusOK {
		t.Errorf("status %d, want 200", status)
	}
}

func TestSomeFailuresStrikeAfterTheWork(t *testing.T) {
	send := start(t, &faults{failure: 1})
	for range 64 {
		send("POST", "/stock/1/reservations", "")
	}
	send("POST", "/flaky?failure=0", "")
	_, text := send("GET", "/stock/1", "")
	var now level
	if err := json.Unmarshal([]byte(text), &now); err != nil {
		t.Fatal(err)
	}
	// A fair coin thrown 64 times shows one side only once in 2^63.
	if taken := unitsAtStart - now.Available; taken == 0 || taken == 64 {
		t.Errorf("%d of 64 failed reservations stand, want some of them", taken)
	}
}

func TestStreamTellsOfEachReservation(t *testing.T) {
	stock := newStock()
	server := httptest.NewServer(newHandler(stock, &faults{}))
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/stock/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := server.Client().Do(request) // the head comes after the subscription
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	if _, err := stock.reserve("7", 3, ""); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(reply.Body)
	var got []string
	for len(got) < 2 && lines.Scan() {
		got = append(got, lines.Text())
	}
	if diff := cmp.Diff([]string{"event: stock", `data: {"item":"7","available":9997}`}, got); diff != "" {
		t.Errorf("stream (-want +got):\n%s", diff)
	}
}
