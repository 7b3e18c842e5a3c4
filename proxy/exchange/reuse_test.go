package exchange

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"outrigger/policy"
)

// ordinary is an exchange as nearly all are, when its reply has been sent.
func ordinary(t *testing.T, body string) (*Exchange, *Attempt) {
	t.Helper()
	e := New(t.Context(), &policy.Upstream{Name: "up"}, nil, time.Now())
	r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	if body != "" {
		r = httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	}
	r = e.Request(r)
	a := e.Open(time.Now())
	r = a.Request(r)
	if Of(r.Context()) != e || AttemptOf(r.Context()) != a {
		t.Fatal("the request of an attempt does not carry it")
	}
	e.Status, e.Outcome = http.StatusOK, policy.OK
	return e, a
}

type memory struct{ released bool }

func (m *memory) Release() { m.released = true }

func TestOnlyTheMemoryOfAnExchangeThatNobodyElseKnowsIsUsedAgain(t *testing.T) {
	for _, c := range []struct {
		name     string
		body     string
		change   func(e *Exchange)
		released bool
	}{
		{"an ordinary one", "", func(e *Exchange) { e.Finish() }, true},
		{"one that has not ended", "", func(*Exchange) {}, false},
		{"one whose body another goroutine may be sending", "x", func(e *Exchange) { e.Finish() }, false},
		{"one whose end somebody waits for", "", func(e *Exchange) { e.Done(); e.Finish() }, false},
		{"one that was retried", "", func(e *Exchange) { e.Open(time.Now()); e.Finish() }, false},
		{"one that failed", "", func(e *Exchange) { e.Outcome = policy.Failed; e.Finish() }, false},
		{"one that became a tunnel", "", func(e *Exchange) { e.Status = http.StatusSwitchingProtocols; e.Finish() }, false},
	} {
		e, _ := ordinary(t, c.body)
		c.change(e)
		lent := &memory{}
		e.Lend(lent)
		e.Release()
		if released := e.Upstream == nil; released != c.released || lent.released != c.released {
			t.Errorf("%s: released %t, what it was lent %t", c.name, released, lent.released)
		}
		e.done.stop()
	}
}

func TestReusedMemoryRemembersNothing(t *testing.T) {
	e, a := ordinary(t, "")
	a.OnEnd(&recorder{}, 1)
	e.OnFinish(&recorder{})
	e.SetDeadline(time.Now().Add(time.Hour))
	e.Field("value")
	e.Decide("rule", "what", "key")
	e.Finish()
	e.Release()
	if _, bounded := e.Deadline(); bounded || e.used != 0 || e.values[0] != "" || len(e.Decisions) != 0 || e.request.URL != nil || a.ended || a.Number != 0 {
		t.Errorf("something of the exchange before is left: %+v", e)
	}
}
