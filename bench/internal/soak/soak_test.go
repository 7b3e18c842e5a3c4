package soak

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func good() evidence {
	e := evidence{done: map[string]int64{}, applied: 3, rejected: 1}
	for _, k := range kinds {
		e.done[k.name] = 10
	}
	for range 30 {
		e.readings = append(e.readings, reading{50, 100, 40 << 20, 8 << 20})
	}
	return e
}

func TestASoakIsJudgedByTrendsAndMixUps(t *testing.T) {
	if err := judge(good()).Err(); err != nil {
		t.Fatalf("a good run: %v", err)
	}
	for name, spoil := range map[string]func(*evidence){
		"bytes of another":     func(e *evidence) { e.mixed = []string{"a in b"} },
		"a failed request":     func(e *evidence) { e.failures = []string{"status 502"} },
		"a kind was missing":   func(e *evidence) { delete(e.done, "stream") },
		"the sidecar ended":    func(e *evidence) { e.ended = errors.New("exit status 2") },
		"nothing was reloaded": func(e *evidence) { e.applied = 0 },
		"something hangs":      func(e *evidence) { e.inFlight = 1 },
		"too short":            func(e *evidence) { e.readings = e.readings[:5] },
		"goroutines grow":      func(e *evidence) { grow(e, func(r *reading, i int) { r.goroutines += float64(i) }) },
		"descriptors grow":     func(e *evidence) { grow(e, func(r *reading, i int) { r.descriptors += float64(2 * i) }) },
		"memory grows":         func(e *evidence) { grow(e, func(r *reading, i int) { r.resident += float64(i << 20) }) },
		"the heap grows":       func(e *evidence) { grow(e, func(r *reading, i int) { r.heap += float64(i << 20) }) },
	} {
		e := good()
		spoil(&e)
		if judge(e).Err() == nil {
			t.Errorf("%s: met", name)
		}
	}
}

func grow(e *evidence, by func(*reading, int)) {
	for i := range e.readings {
		by(&e.readings[i], i)
	}
}

func TestTheMixtureGoesThroughAProxyThatMixesNothingUp(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(serve))
	defer server.Close()
	tr := runAgainst(server)
	if len(tr.tally.mixed) > 0 || len(tr.tally.failures) > 0 || len(tr.tally.done) < len(kinds)/2 {
		t.Errorf("mixed %v, failed %v, done %v", tr.tally.mixed, tr.tally.failures, tr.tally.done)
	}
}

func TestAMixUpIsFound(t *testing.T) {
	for name, spoil := range map[string]func(http.ResponseWriter, *http.Request){
		"the answer of another": func(w http.ResponseWriter, r *http.Request) {
			r.Header.Set(tokenField, "0000000000000000-")
			serve(w, r)
		},
		"a byte of another": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(tokenField, r.Header.Get(tokenField))
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(w, r.Header.Get(tokenField)+"?")
		},
		"a request of another": func(w http.ResponseWriter, r *http.Request) {
			r.Body = io.NopCloser(io.MultiReader(strings.NewReader("x"), r.Body))
			serve(w, r)
		},
	} {
		server := httptest.NewServer(http.HandlerFunc(spoil))
		if tr := runAgainst(server); len(tr.tally.mixed) == 0 {
			t.Errorf("%s: not found in %v", name, tr.tally.done)
		}
		server.Close()
	}
}

func runAgainst(server *httptest.Server) *traffic {
	address := server.Listener.Addr().String()
	tr := &traffic{shop: address, broken: address, tally: tally{done: map[string]int64{}}}
	ctx, cancel := context.WithTimeout(context.Background(), 700*time.Millisecond)
	defer cancel()
	tr.worker(ctx, 1, 200)
	return tr
}
