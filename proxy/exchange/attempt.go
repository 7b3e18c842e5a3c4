package exchange

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"outrigger/policy"
	"outrigger/proxy/failure"
)

// Attempt is one try of an exchange, and the context of the request that makes it.
type Attempt struct {
	*Exchange
	Number   int // from 1
	Start    time.Time
	Duration time.Duration
	// Backoff is how long we waited before it.
	Backoff time.Duration
	// Reason is why it was made after another one: a reason of outrigger_retries_total; empty for the first.
	Reason string
	// Fresh asks for a new connection: the one before turned out dead.
	Fresh    bool
	Endpoint string // host:port

	Verdict Verdict
	// Streams says that the reply's body may last: its head alone decides about the attempt.
	Streams bool
	// Violates says that the reply breaks its contract and that the policy counts this against the upstream.
	Violates bool

	// BoundByTotal says that the head deadline is the total deadline's, not the attempt timeout's.
	BoundByTotal bool

	headDeadline time.Time
	enders       [3]ending
	endings      int
	ended        bool
	number       [1]string
	timeout      [1]string
	request      http.Request // what Request gives
}

// Verdict is what package verdict makes of an attempt. While the reply's body is still running it tells of the head;
// a body that breaks off changes it before the attempt ends.
type Verdict struct {
	Outcome policy.Outcome // ok, upstream_error, client_error, a failure code, cancelled, stale_connection
	Status  int            // of the reply; 0 without one
	Sent    policy.Sent
	// Failure is the typed error of an attempt without a reply.
	Failure *failure.Error
	// RetryAfter is what the reply asks for; 0 without such a wish.
	RetryAfter time.Duration
}

// Ender is told once how an attempt ended, with the token it registered. Endings run on the exchange's goroutine, last first.
type Ender interface {
	EndAttempt(a *Attempt, token uint64)
}

type ending struct {
	ender Ender
	token uint64
}

// Open starts the next attempt.
func (e *Exchange) Open(now time.Time) *Attempt {
	a := &e.first
	if len(e.Attempts) > 0 {
		a = &Attempt{}
	}
	a.Exchange, a.Number, a.Start = e, len(e.Attempts)+1, now
	e.Attempts = append(e.Attempts, a)
	return a
}

// Request returns r as this attempt sends it, with the attempt as its context and in its memory. Called once; not inlined for the
// reason that Exchange.Request is not.
//
//go:noinline
func (a *Attempt) Request(r *http.Request) *http.Request {
	a.request = *r.WithContext(a)
	return &a.request
}

// AttemptOf returns the attempt of a request's context, or nil above the layer that opens attempts.
func AttemptOf(ctx context.Context) *Attempt {
	if a, ok := ctx.(*Attempt); ok {
		return a
	}
	a, _ := ctx.Value(attemptKey{}).(*Attempt)
	return a
}

// Value finds the attempt, its exchange and whatever the client's context carries.
func (a *Attempt) Value(k any) any {
	if _, ours := k.(attemptKey); ours {
		return a
	}
	return a.Exchange.Value(k)
}

// OnEnd registers an Ender with a token of its own. At most three layers may.
func (a *Attempt) OnEnd(e Ender, token uint64) {
	a.enders[a.endings] = ending{e, token}
	a.endings++
}

// End closes the attempt: its duration is fixed and every Ender is told, in reverse order. Later calls do nothing.
func (a *Attempt) End() {
	if a.ended {
		return
	}
	a.ended = true
	if a.Duration == 0 {
		a.Duration = time.Since(a.Start)
	}
	for a.endings > 0 {
		a.endings--
		e := a.enders[a.endings]
		e.ender.EndAttempt(a, e.token)
	}
}

// Withdraw takes back the last attempt, which was refused a permit or a moment of time before anything was sent: it was none.
func (e *Exchange) Withdraw() {
	n := len(e.Attempts) - 1
	e.Attempts[n].End()
	e.Attempts = e.Attempts[:n]
}

// SetHeadDeadline bounds the wait for the head of this attempt's reply, on top of the total deadline.
func (a *Attempt) SetHeadDeadline(t time.Time) { a.headDeadline = t }

// HeadDeadline is the instant by which the head of the reply must be there; zero for none. The wire asks for it.
func (a *Attempt) HeadDeadline() time.Time { return a.headDeadline }

// FreshConnection reports whether the wire must dial instead of taking a pooled connection.
func (a *Attempt) FreshConnection() bool { return a.Fresh }

// Announce writes this attempt's number and what is left of the deadline into a request header that belongs to the exchange,
// without allocating for the slices. A zero left removes the timeout.
func (a *Attempt) Announce(header map[string][]string, left time.Duration) {
	a.number[0] = strconv.Itoa(a.Number)
	header["Outrigger-Attempt"] = a.number[:]
	if left <= 0 {
		delete(header, "Outrigger-Timeout-Ms")
		return
	}
	a.timeout[0] = strconv.FormatInt(max(1, left.Milliseconds()), 10)
	header["Outrigger-Timeout-Ms"] = a.timeout[:]
}

// BodyIdle is the longest time that the reply's body may be silent: timeouts.idle. The wire asks for it.
func (a *Attempt) BodyIdle() time.Duration {
	if a.Operation == nil {
		return 0
	}
	return a.Operation.Policy.Timeouts.Idle
}
