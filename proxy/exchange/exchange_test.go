package exchange

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

type recorder struct{ told []string }

func (r *recorder) EndAttempt(a *Attempt, token uint64) {
	r.told = append(r.told, "attempt "+string(rune('0'+a.Number))+" token "+string(rune('0'+token)))
}
func (r *recorder) FinishExchange(*Exchange) { r.told = append(r.told, "exchange") }

func TestFinishTellsEveryoneOnceLastFirst(t *testing.T) {
	r := &recorder{}
	e := New(t.Context(), nil, nil, time.Now())
	e.OnFinish(r)
	a := e.Open(time.Now())
	a.OnEnd(r, 1)
	a.OnEnd(r, 2)
	a.End()
	b := e.Open(time.Now())
	b.OnEnd(r, 3)
	e.Finish()
	e.Finish()
	a.End()
	want := "attempt 1 token 2, attempt 1 token 1, attempt 2 token 3, exchange"
	if got := strings.Join(r.told, ", "); got != want {
		t.Errorf("told %s, want %s", got, want)
	}
}

func TestTheContextOfAnAttemptFindsBoth(t *testing.T) {
	e := New(t.Context(), nil, nil, time.Now())
	a := e.Open(time.Now())
	for _, ctx := range []context.Context{a, context.WithoutCancel(a)} {
		if Of(ctx) != e || AttemptOf(ctx) != a {
			t.Errorf("%T: exchange %v, attempt %v", ctx, Of(ctx), AttemptOf(ctx))
		}
	}
	if Of(e) != e || AttemptOf(e) != nil || Of(t.Context()) != nil || AttemptOf(t.Context()) != nil {
		t.Error("an exchange is no attempt, and a stranger neither")
	}
}

func TestTheEarlierDeadlineHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := New(t.Context(), nil, nil, time.Now())
		if _, ok := e.Deadline(); ok || e.Err() != nil {
			t.Error("a new exchange has a deadline")
		}
		start := time.Now()
		e.SetDeadline(start.Add(2 * time.Second))
		e.SetDeadline(start.Add(time.Second))
		e.SetDeadline(start.Add(3 * time.Second))
		<-e.Done()
		if got := time.Since(start); got != time.Second {
			t.Errorf("done after %v, want 1s", got)
		}
		if !errors.Is(e.Err(), context.DeadlineExceeded) || e.ClientGone() {
			t.Errorf("Err() = %v, client gone %v", e.Err(), e.ClientGone())
		}
		e.Finish()
	})
}

type interrupted chan struct{}

func (i interrupted) Interrupt() { close(i) }

func TestAClientThatGoesAwayInterruptsEveryWireStillHeld(t *testing.T) {
	client, leave := context.WithCancel(t.Context())
	e := New(client, nil, nil, time.Now())
	first, second := e.Open(time.Now()), e.Open(time.Now())
	reply, dropped, kept := make(interrupted), make(interrupted), make(interrupted)
	first.Interrupts(reply)
	second.Interrupts(dropped)
	second.Interrupts(nil)
	second.Interrupts(kept)
	leave()
	<-reply
	<-kept
	select {
	case <-dropped:
		t.Error("a registration that was taken back was called")
	default:
	}
	if !e.ClientGone() || !errors.Is(e.Err(), context.Canceled) {
		t.Errorf("client gone %v, %v", e.ClientGone(), e.Err())
	}
	late := make(interrupted)
	first.Interrupts(nil)
	second.Interrupts(nil)
	second.Interrupts(late)
	<-late
}

// oneRegistration is a client context that calls one thing back, as the wire's does.
type oneRegistration struct {
	context.Context
	registered interface{ Interrupt() }
	times      int
}

func (c *oneRegistration) Interrupts(i interface{ Interrupt() }) {
	c.registered, c.times = i, c.times+1
}

func TestAnExchangeRegistersOnceWithItsClientAndTakesItBackAtTheEnd(t *testing.T) {
	client := &oneRegistration{Context: t.Context()}
	e := New(client, nil, nil, time.Now())
	for range 3 {
		a := e.Open(time.Now())
		a.Interrupts(make(interrupted))
		a.Interrupts(nil)
	}
	if client.registered == nil || client.times != 1 {
		t.Errorf("registered %v, %d times", client.registered, client.times)
	}
	e.Finish()
	if client.registered != nil {
		t.Error("an exchange that has ended is still registered")
	}
}

func TestAnAttemptThatIsWithdrawnWasNone(t *testing.T) {
	e := New(t.Context(), nil, nil, time.Now())
	e.Open(time.Now())
	ended := &counting{}
	e.Open(time.Now()).OnEnd(ended, 7)
	e.Withdraw()
	if len(e.Attempts) != 1 || e.Last().Number != 1 || ended.token != 7 {
		t.Errorf("%d attempts left, token %d", len(e.Attempts), ended.token)
	}
	if a := e.Open(time.Now()); a.Number != 2 {
		t.Errorf("the next attempt is number %d", a.Number)
	}
}

type counting struct{ token uint64 }

func (c *counting) EndAttempt(_ *Attempt, token uint64) { c.token = token }

func TestAnnounceSaysNumberAndWhatIsLeft(t *testing.T) {
	e := New(t.Context(), nil, nil, time.Now())
	h := http.Header{}
	e.Open(time.Now()).Announce(h, 1500*time.Millisecond)
	e.Open(time.Now()).Announce(h, 300*time.Microsecond)
	if h.Get("Outrigger-Attempt") != "2" || h.Get("Outrigger-Timeout-Ms") != "1" {
		t.Errorf("header %v", h)
	}
	e.Open(time.Now()).Announce(h, 0)
	if _, there := h["Outrigger-Timeout-Ms"]; there {
		t.Error("no deadline, yet a timeout is announced")
	}
}

func TestDecisionsAreBounded(t *testing.T) {
	e := New(t.Context(), nil, nil, time.Now())
	for range 1000 {
		e.Decide("retry", "again", "retry.retries")
	}
	if len(e.Decisions) != maxDecisions {
		t.Errorf("%d decisions kept", len(e.Decisions))
	}
}

func TestInterimRepliesReachTheClientAndLeaveNoTraceInTheFinalHead(t *testing.T) {
	e := New(t.Context(), nil, nil, time.Now())
	if err := e.Interim(103, http.Header{"Link": {"</a>"}}); err != nil {
		t.Errorf("without a client: %v", err)
	}
	w := httptest.NewRecorder()
	e.Reply = w
	if err := e.Interim(103, http.Header{"Link": {"</a>"}}); err != nil || len(w.Header()) != 0 {
		t.Errorf("%v, header left behind: %v", err, w.Header())
	}
}

func TestFieldsOfAnExchangeDoNotOverlap(t *testing.T) {
	e := New(t.Context(), nil, nil, time.Now())
	var fields [][]string
	for i := range 40 {
		fields = append(fields, e.Field(string(rune('a'+i))))
	}
	for i, f := range fields {
		if len(f) != 1 || f[0] != string(rune('a'+i)) || cap(f) != 1 {
			t.Errorf("field %d is %v, capacity %d", i, f, cap(f))
		}
	}
}

func TestALiftedDeadlineNoLongerEndsWhoWaitsAlready(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := New(t.Context(), nil, nil, time.Now())
		e.SetDeadline(time.Now().Add(time.Second))
		done := e.Done()
		e.LiftDeadline()
		time.Sleep(time.Minute)
		synctest.Wait()
		select {
		case <-done:
			t.Error("done at the deadline that was lifted")
		default:
		}
		if e.Err() != nil {
			t.Errorf("Err() = %v", e.Err())
		}
		e.Finish()
		<-done
	})
}

func TestWhoeverSeesDoneClosedFindsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := New(t.Context(), nil, nil, time.Now())
		e.SetDeadline(time.Now().Add(time.Second))
		derived, cancel := context.WithTimeout(e, time.Hour) // watches Done and panics over a nil Err
		defer cancel()
		<-e.Done()
		e.LiftDeadline()
		<-derived.Done()
		if !errors.Is(e.Err(), context.DeadlineExceeded) {
			t.Errorf("after the deadline: %v", e.Err())
		}
		f := New(t.Context(), nil, nil, time.Now())
		late, cancelLate := context.WithTimeout(f, time.Hour)
		defer cancelLate()
		f.Finish()
		<-late.Done()
		if f.Err() == nil {
			t.Error("a finished exchange whose Done is closed has no error")
		}
	})
}
