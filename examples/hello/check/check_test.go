package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// fake is an example of which each promise can be broken.
type fake struct {
	perOrder int64 // units that an order takes
	failing  int64 // every so many-th order fails; 0: none
	losing   bool  // requests for an order are answered 500
	taken    atomic.Int64
	ordered  atomic.Int64
}

func (f *fake) start(t *testing.T) site {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /flaky", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /stock/42", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"available":%d}`, 1_000_000-f.taken.Load())
	})
	mux.HandleFunc("POST /orders", func(w http.ResponseWriter, _ *http.Request) {
		if n := f.ordered.Add(1); f.failing > 0 && n%f.failing == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		f.taken.Add(f.perOrder)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"id":"1"}`)
	})
	mux.HandleFunc("GET /orders/1", func(w http.ResponseWriter, _ *http.Request) {
		if f.losing {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	policy := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(policy, []byte("a\n"+asWritten+"\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return site{serviceOne: server.URL, orders: server.URL, inventory: server.URL, policy: policy}
}

func TestOrdersAreCountedAgainstTheBarAndTheStock(t *testing.T) {
	for name, row := range map[string]struct {
		fake *fake
		kept bool
	}{
		"all succeed":             {&fake{perOrder: 1}, true},
		"1 % fails":               {&fake{perOrder: 1, failing: 100}, true},
		"5 % fail":                {&fake{perOrder: 1, failing: 20}, false},
		"each order takes two":    {&fake{perOrder: 2}, false},
		"orders reserve nothing":  {&fake{perOrder: 0}, false},
		"half of all orders fail": {&fake{perOrder: 1, failing: 2}, false},
	} {
		t.Run(name, func(t *testing.T) {
			what, err := row.fake.start(t).flaky(context.Background())
			if (err == nil) != row.kept {
				t.Errorf("%s, error %v, want kept: %v", what, err, row.kept)
			}
		})
	}
}

func TestEditWithoutEffectIsFoundAndPutBack(t *testing.T) {
	at := (&fake{perOrder: 1}).start(t)
	_, err := at.edit(context.Background())
	if err == nil || !strings.Contains(err.Error(), "edit: after 2") {
		t.Errorf("error %v, want the edit to have had no effect after two seconds", err)
	}
	if text, _ := os.ReadFile(at.policy); string(text) != "a\n"+asWritten+"\nb\n" {
		t.Errorf("policy left as %q", text)
	}
}

func TestRequestsLostUnderLoadAreFound(t *testing.T) {
	ctx := context.Background()
	for _, losing := range []bool{true, false} {
		load := (&fake{losing: losing}).start(t).load(ctx, "/orders/1")
		_, _ = until(ctx, eventually, func() error {
			if load.served.Load()+load.lost.Load() < 200 {
				return fmt.Errorf("too few requests")
			}
			return nil
		})
		if err := load.end(); (err != nil) != losing {
			t.Errorf("losing %v: error %v", losing, err)
		}
	}
}
