package file

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"outrigger/policy"
)

// application serves the spec it currently has; an empty one is 404.
type application struct {
	*httptest.Server
	spec  atomic.Value
	asked atomic.Int64
}

func newApplication(t *testing.T) *application {
	t.Helper()
	a := &application{}
	a.spec.Store("")
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.asked.Add(1)
		spec := a.spec.Load().(string)
		switch {
		case strings.HasPrefix(spec, "http:"):
			http.Redirect(w, r, spec, http.StatusFound)
		case spec == "" || r.URL.Path != "/openapi.json":
			http.NotFound(w, r)
		default:
			_, _ = w.Write([]byte(spec))
		}
	}))
	t.Cleanup(a.Close)
	return a
}

func specOf(id string) string {
	return `{"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/orders": {"post": {"operationId": "` + id + `", "responses": {"201": {}}}}}}`
}

func (a *application) policy(t *testing.T, operation string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "policy.yaml")
	write(t, path, a.text(operation))
	return path
}

func (a *application) text(operation string) string {
	return `version: 1
service: orders
inbound:
  listen: 127.0.0.1:0
  application: ` + a.URL + `
  openapi: application:/openapi.json
  operations: {` + operation + `: {timeouts: {request: 1s}}}
`
}

func operations(t *testing.T, set *policy.Set) []string {
	t.Helper()
	var ids []string
	for _, op := range set.Inbound.Application.Operations {
		ids = append(ids, op.ID)
	}
	return ids
}

func TestASpecThatTheApplicationServesHoldsAsSoonAsItDoes(t *testing.T) {
	app := newApplication(t)
	_, updates := watched(t, app.policy(t, "createOrder"))
	quiet(t, updates)

	app.spec.Store(specOf("createOrder"))
	u := next(t, updates)
	if u.Set == nil {
		t.Fatalf("refused: %v", u.Problems)
	}
	if got := operations(t, u.Set); len(got) != 1 || got[0] != "createOrder" || !u.Set.Inbound.Application.Declared {
		t.Errorf("operations %v, declared %v", got, u.Set.Inbound.Application.Declared)
	}
	if timeout := u.Set.Inbound.Application.Operations[0].Policy.Timeouts.Request; timeout != time.Second {
		t.Errorf("the policy of the operation does not hold: %v", timeout)
	}
	quiet(t, updates)
}

func TestAServedSpecThatThePolicyDoesNotFitIsRefusedAndTheLastGoodOneStays(t *testing.T) {
	app := newApplication(t)
	path := app.policy(t, "createOrder")
	s := New(path, slog.New(slog.DiscardHandler))
	if _, err := s.Load(); err != nil {
		t.Fatal(err)
	}
	var offers []Update
	offer := func(u Update) { offers = append(offers, u) }
	want := s.wanted()
	for _, spec := range []string{specOf("createOrder"), specOf("placeOrder"), specOf("placeOrder"), "{broken", specOf("createOrder")} {
		s.learn(want, []byte(spec), offer)
	}
	if len(offers) != 3 || offers[0].Set == nil || offers[1].Set != nil || offers[2].Set != nil {
		t.Fatalf("%d offers: %v", len(offers), offers)
	}
	if !strings.Contains(fmt.Sprint(offers[1].Problems), "createOrder") || !strings.Contains(fmt.Sprint(offers[2].Problems), "application:/openapi.json") {
		t.Errorf("the reasons do not say which operation and which spec: %v, %v", offers[1].Problems, offers[2].Problems)
	}
	s.Reload(offer)
	if last := offers[len(offers)-1]; last.Set == nil || len(operations(t, last.Set)) != 1 {
		t.Errorf("the last good spec is lost: %v", last.Problems)
	}

	write(t, path, app.text("placeOrder"))
	s.Reload(offer) // which does not fit the old spec
	s.learn(want, []byte(specOf("placeOrder")), offer)
	if last := offers[len(offers)-1]; last.Set == nil || operations(t, last.Set)[0] != "placeOrder" {
		t.Errorf("a spec that fits the edit is not tried again: %v", last.Problems)
	}
}

func TestOnlyTheApplicationItselfIsAskedForItsSpec(t *testing.T) {
	app, other := newApplication(t), newApplication(t)
	other.spec.Store(specOf("createOrder"))
	app.spec.Store(other.URL + "/openapi.json")
	_, updates := watched(t, app.policy(t, "createOrder"))
	for app.asked.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	quiet(t, updates)
	if other.asked.Load() != 0 {
		t.Error("a redirect led to another server")
	}
}
