package limit

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

var passed = &http.Response{StatusCode: 200, Body: http.NoBody}

func pass(*http.Request) (*http.Response, error) { return passed, nil }

// enter sends one exchange through the layer and leaves it in flight.
func enter(client context.Context, l *Limiter, timeout time.Duration) (*exchange.Exchange, error) {
	ex := exchange.New(client, nil, nil, time.Now())
	if timeout > 0 {
		ex.SetDeadline(time.Now().Add(timeout))
	}
	req, _ := http.NewRequestWithContext(ex, http.MethodGet, "http://inventory/", nil)
	_, err := Layer(l)(roundTrip(pass)).RoundTrip(req)
	return ex, err
}

func code(err error) (failure.Code, string) {
	var f *failure.Error
	if errors.As(err, &f) {
		return f.Code, f.MetricReason()
	}
	return "", ""
}

func TestAFullLimitRefusesAtOnceAndSaysWhenToComeBack(t *testing.T) {
	l := New(policy.Concurrency{Max: 1})
	first, err := enter(t.Context(), l, 0)
	if err != nil {
		t.Fatal(err)
	}
	second, err := enter(t.Context(), l, 0)
	var f *failure.Error
	if !errors.As(err, &f) || f.Code != failure.BulkheadFull || f.RetryAfter != time.Second || f.MetricReason() != "bulkhead_full" {
		t.Fatalf("got %+v", f)
	}
	if len(second.Decisions) != 1 || second.Decisions[0].Rule != "limit" || second.Decisions[0].Key != "concurrency.max" {
		t.Errorf("decisions %+v", second.Decisions)
	}
	second.Finish() // holds no slot, so it gives none back
	if _, err := enter(t.Context(), l, 0); err == nil {
		t.Error("a refused exchange gave a slot back")
	}
	first.Finish()
	if _, err := enter(t.Context(), l, 0); err != nil {
		t.Errorf("the slot was not given back: %v", err)
	}
}

func TestWaitersAreAdmittedInTheOrderTheyCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(policy.Concurrency{Max: 1, Queue: 3, QueueTimeout: time.Minute})
		holder, _ := enter(t.Context(), l, 0)
		var order []int
		for i := range 3 {
			go func() {
				ex, err := enter(t.Context(), l, 0)
				if err != nil {
					t.Errorf("waiter %d: %v", i, err)
				}
				order = append(order, i) // one at a time: the limit is 1
				ex.Finish()
			}()
			synctest.Wait()
		}
		if _, err := enter(t.Context(), l, 0); err == nil {
			t.Error("a full queue let a fourth one wait")
		}
		if l.Queued() != 3 || l.InFlight() != 1 {
			t.Errorf("%d queued, %d in flight", l.Queued(), l.InFlight())
		}
		holder.Finish()
		synctest.Wait()
		if len(order) != 3 || order[0] != 0 || order[1] != 1 || order[2] != 2 {
			t.Errorf("admitted in order %v", order)
		}
		if l.Queued() != 0 || l.InFlight() != 0 {
			t.Errorf("%d queued, %d in flight at the end", l.Queued(), l.InFlight())
		}
	})
}

func TestAWaitEndsByTheFirstOfTimeoutDeadlineAndClient(t *testing.T) {
	for _, c := range []struct {
		name              string
		timeout, deadline time.Duration
		leaves            time.Duration
		after             time.Duration
		code              failure.Code
		reason            string
	}{
		{"the queue timeout", 100 * time.Millisecond, time.Second, 0, 100 * time.Millisecond, failure.BulkheadFull, "queue_timeout"},
		{"the deadline", time.Second, 50 * time.Millisecond, 0, 50 * time.Millisecond, failure.Deadline, "deadline"},
		{"the client", time.Second, time.Second, 20 * time.Millisecond, 20 * time.Millisecond, failure.ClientClosed, "client_closed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := New(policy.Concurrency{Max: 1, Queue: 1, QueueTimeout: c.timeout})
				holder, _ := enter(t.Context(), l, 0)
				client, leave := context.WithCancel(t.Context())
				defer leave()
				if c.leaves > 0 {
					time.AfterFunc(c.leaves, leave)
				}
				start := time.Now()
				ex, err := enter(client, l, c.deadline)
				if got, reason := code(err); got != c.code || reason != c.reason {
					t.Errorf("got %s (%s): %v", got, reason, err)
				}
				if got := time.Since(start); got != c.after {
					t.Errorf("after %v, want %v", got, c.after)
				}
				ex.Finish()
				if l.Queued() != 0 || l.InFlight() != 1 {
					t.Errorf("%d queued, %d in flight", l.Queued(), l.InFlight())
				}
				holder.Finish()
			})
		})
	}
}

func TestAQueueWithoutATimeoutLetsNobodyWait(t *testing.T) {
	l := New(policy.Concurrency{Max: 1, Queue: 5})
	_, _ = enter(t.Context(), l, 0)
	if _, err := enter(t.Context(), l, 0); err == nil {
		t.Error("admitted over the limit")
	}
}

func TestAnEditResizesInPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queued := policy.Concurrency{Max: 1, Queue: 10, QueueTimeout: time.Minute}
		l := New(queued)
		holder, _ := enter(t.Context(), l, 0)
		admitted := make(chan *exchange.Exchange, 3)
		for range 3 {
			go func() {
				ex, err := enter(t.Context(), l, 0)
				if err != nil {
					t.Error(err)
				}
				admitted <- ex
			}()
		}
		synctest.Wait()
		larger := queued
		larger.Max = 3
		l.Adopt(larger)
		synctest.Wait()
		if len(admitted) != 2 || l.InFlight() != 3 || l.Queued() != 1 {
			t.Errorf("%d admitted, %d in flight, %d queued", len(admitted), l.InFlight(), l.Queued())
		}
		l.Adopt(queued) // back to 1 while 3 are in flight
		holder.Finish()
		(<-admitted).Finish()
		synctest.Wait()
		if l.InFlight() != 1 || l.Queued() != 1 {
			t.Errorf("a smaller limit: %d in flight, %d queued", l.InFlight(), l.Queued())
		}
		l.Adopt(policy.Concurrency{Off: true})
		synctest.Wait()
		if l.Queued() != 0 || l.InFlight() != 2 {
			t.Errorf("a limit that is off: %d in flight, %d queued", l.InFlight(), l.Queued())
		}
		(<-admitted).Finish()
		(<-admitted).Finish()
		if l.InFlight() != 0 {
			t.Errorf("%d in flight at the end", l.InFlight())
		}
	})
}

func TestASlotIsGivenBackAfterAPanicBelow(t *testing.T) {
	l := New(policy.Concurrency{Max: 1})
	ex := exchange.New(t.Context(), nil, nil, time.Now())
	req, _ := http.NewRequestWithContext(ex, http.MethodGet, "http://inventory/", nil)
	func() {
		defer func() { _ = recover() }()
		defer ex.Finish() // as the gate does
		_, _ = Layer(l)(roundTrip(func(*http.Request) (*http.Response, error) { panic(http.ErrAbortHandler) })).RoundTrip(req)
	}()
	if l.InFlight() != 0 {
		t.Errorf("%d in flight", l.InFlight())
	}
}

func TestAnAdmittedExchangeAllocatesNothing(t *testing.T) {
	l := New(policy.Concurrency{Max: 1})
	layer := Layer(l)(roundTrip(pass))
	exchanges := make([]*http.Request, 0, 102)
	for range cap(exchanges) {
		req, _ := http.NewRequestWithContext(exchange.New(t.Context(), nil, nil, time.Now()), http.MethodGet, "http://inventory/", nil)
		exchanges = append(exchanges, req)
	}
	next := 0
	if n := testing.AllocsPerRun(100, func() {
		req := exchanges[next]
		next++
		_, _ = layer.RoundTrip(req)
		exchange.Of(req.Context()).Finish()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestThePeakIsTheMostThatWasHeldAtOnce(t *testing.T) {
	l := New(policy.Concurrency{Max: 10})
	var open []*exchange.Exchange
	for range 3 {
		ex, _ := enter(t.Context(), l, 0)
		open = append(open, ex)
	}
	for _, ex := range open {
		ex.Finish()
	}
	if _, err := enter(t.Context(), l, 0); err != nil || l.Peak() != 3 || l.InFlight() != 1 {
		t.Errorf("peak %d, in flight %d, %v", l.Peak(), l.InFlight(), err)
	}
}
