package breaker

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

func TestARefusalSaysWhenTheNextProbeIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, standard())
		time.Sleep(time.Hour)
		r.send(5, bad)
		time.Sleep(2 * time.Second)
		a := exchange.New(t.Context(), nil, nil, time.Now()).Open(time.Now())
		req, _ := http.NewRequestWithContext(a, http.MethodGet, "http://inventory/", nil)
		_, err := Layer(r.Circuit)(nil).RoundTrip(req)
		var f *failure.Error
		if !errors.As(err, &f) || f.RetryAfter != 3*time.Second || f.HTTPStatus() != 503 {
			t.Errorf("got %+v", f)
		}
		if f.Detail != "the circuit is open for 2s (consecutive_failures), the next probe is due in 3s" {
			t.Errorf("detail %q", f.Detail)
		}
		if d := a.Decisions; len(d) != 1 || d[0].Rule != "breaker" || d[0].Key != "breaker.consecutiveFailures" {
			t.Errorf("decisions %+v", d)
		}
	})
}

func TestAListenerMayUseTheCircuitAndMayPanic(t *testing.T) {
	var c *Circuit
	c = New(standard(), func(Transition) {
		_ = c.Status()
		panic("a listener of ours")
	})
	r := &rig{T: t, Circuit: c}
	r.send(4, bad)
	func() {
		defer func() { _ = recover() }()
		r.send(1, bad)
	}()
	r.want(Open) // not dead, not deadlocked
}

func TestNoCircuitIsNoLayer(t *testing.T) {
	next := roundTrip(func(*http.Request) (*http.Response, error) { return nil, nil })
	if _, ok := Layer(nil)(next).(roundTrip); !ok {
		t.Error("a layer without a circuit stands in the way")
	}
}

func TestAnAttemptThroughAClosedCircuitAllocatesNothing(t *testing.T) {
	c := New(standard(), nil)
	answer := &http.Response{StatusCode: 200}
	layer := Layer(c)(roundTrip(func(req *http.Request) (*http.Response, error) {
		exchange.AttemptOf(req.Context()).Verdict = good
		return answer, nil
	}))
	var attempts []*http.Request
	for range 102 {
		a := exchange.New(t.Context(), nil, nil, time.Now()).Open(time.Now())
		req, _ := http.NewRequestWithContext(a, http.MethodGet, "http://inventory/", nil)
		attempts = append(attempts, req)
	}
	next := 0
	if n := testing.AllocsPerRun(100, func() {
		req := attempts[next]
		next++
		_, _ = layer.RoundTrip(req)
		exchange.AttemptOf(req.Context()).End()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
