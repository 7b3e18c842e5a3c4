package limit

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

// The model knows who is in flight and who waits, in plain lists.
type model struct {
	settings policy.Concurrency
	inFlight []*visitor
	queue    []*visitor
}

type visitor struct {
	leave   context.CancelFunc
	expires time.Time
	answer  atomic.Pointer[answer] // nil while it waits
}

type answer struct {
	ex  *exchange.Exchange
	err error
}

func (v *visitor) finish() { v.answer.Load().ex.Finish() }

func (v *visitor) code() (failure.Code, string) {
	if a := v.answer.Load(); a != nil {
		return code(a.err)
	}
	return "waits", ""
}

func (m *model) admit() {
	for len(m.queue) > 0 && len(m.inFlight) < m.settings.Max {
		m.inFlight = append(m.inFlight, m.queue[0])
		m.queue = m.queue[1:]
	}
}

func TestRandomSequencesAgreeWithASimpleModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		seed := rapid.SliceOfN(rapid.IntRange(0, 99), 1, 60).Draw(r, "steps")
		synctest.Test(t, func(t *testing.T) {
			m := &model{settings: policy.Concurrency{Max: 2, Queue: 2, QueueTimeout: 100 * time.Millisecond}}
			l := New(m.settings)
			for _, step := range seed {
				m.step(t, l, step)
				synctest.Wait()
				m.check(t, l)
			}
			for _, v := range append(m.inFlight, m.queue...) {
				v.leave()
				synctest.Wait()
				v.finish()
			}
			synctest.Wait()
			if l.InFlight() != 0 || l.Queued() != 0 {
				t.Fatalf("%d in flight, %d queued at the end", l.InFlight(), l.Queued())
			}
		})
	})
}

func (m *model) step(t *testing.T, l *Limiter, step int) {
	switch {
	case step < 45: // one more comes
		client, leave := context.WithCancel(t.Context())
		v := &visitor{leave: leave, expires: time.Now().Add(m.settings.QueueTimeout)}
		go func() {
			ex, err := enter(client, l, 0)
			v.answer.Store(&answer{ex, err})
		}()
		synctest.Wait()
		switch {
		case len(m.inFlight) < m.settings.Max:
			m.inFlight = append(m.inFlight, v)
		case len(m.queue) < m.settings.Queue:
			m.queue = append(m.queue, v)
		default:
			if c, reason := v.code(); c != failure.BulkheadFull || reason != "bulkhead_full" {
				t.Fatalf("beyond limit and queue: %s (%s)", c, reason)
			}
			leave()
		}
	case step < 70: // one ends
		if len(m.inFlight) > 0 {
			at := step % len(m.inFlight)
			m.inFlight[at].finish()
			m.inFlight[at].leave()
			m.inFlight = append(m.inFlight[:at], m.inFlight[at+1:]...)
			m.admit()
		}
	case step < 80: // a waiting client leaves
		if len(m.queue) > 0 {
			at := step % len(m.queue)
			v := m.queue[at]
			v.leave()
			synctest.Wait()
			if c, _ := v.code(); c != failure.ClientClosed {
				t.Fatalf("a waiter whose client left: %s", c)
			}
			m.queue = append(m.queue[:at], m.queue[at+1:]...)
		}
	case step < 90: // time passes
		time.Sleep(time.Duration(step-79) * 10 * time.Millisecond)
		synctest.Wait()
		for len(m.queue) > 0 && !m.queue[0].expires.After(time.Now()) {
			if c, reason := m.queue[0].code(); reason != "queue_timeout" {
				t.Fatalf("a waiter whose time ran out: %s (%s)", c, reason)
			}
			m.queue[0].leave()
			m.queue = m.queue[1:]
		}
	default: // an edit
		m.settings.Max = step - 89
		l.Adopt(m.settings)
		m.admit()
	}
}

func (m *model) check(t *testing.T, l *Limiter) {
	if l.InFlight() != len(m.inFlight) || l.Queued() != len(m.queue) {
		t.Fatalf("%d in flight and %d queued, the model has %d and %d", l.InFlight(), l.Queued(), len(m.inFlight), len(m.queue))
	}
	for _, v := range m.inFlight {
		if c, _ := v.code(); c != "" {
			t.Fatalf("one that the model admitted: %s", c)
		}
	}
	for _, v := range m.queue {
		if c, _ := v.code(); c != "waits" {
			t.Fatalf("one that the model lets wait: %s", c)
		}
	}
}
