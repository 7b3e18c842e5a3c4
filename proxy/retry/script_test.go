package retry

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

// turn is what the script answers to one attempt, verdict included: the layers below are not part of these tests.
type turn struct {
	status     int          // an answer, with a body that says its number
	code       failure.Code // or a failure
	outcome    policy.Outcome
	sent       policy.Sent
	retryAfter time.Duration
	reason     string
	takes      time.Duration
	endpoint   string
	header     http.Header
	unmade     bool // the breaker refused a permit: no verdict
	do         func()
}

func answered(status int) turn { return turn{status: status, sent: policy.Answered} }

func failing(code failure.Code, sent policy.Sent) turn { return turn{code: code, sent: sent} }

// stage is one operation with its script.
type stage struct {
	t        *testing.T
	op       *policy.Operation
	budget   Budget
	tops     []time.Duration // what jitter was asked for
	jitter   func(time.Duration) time.Duration
	script   []turn
	requests []*http.Request
	bodies   []*body
	ends     int
}

// standard is the default policy of a GET with two retries.
func newStage(t *testing.T, script ...turn) *stage {
	r := policy.Retry{
		Retries: 2, Backoff: policy.Backoff{Base: 25 * time.Millisecond, Max: 250 * time.Millisecond}, RespectRetryAfter: 5 * time.Second, MaxBody: 1024,
		When:           policy.Conditions{Connect: true, Refused: true, Reset: true, Timeout: true, Statuses: policy.Statuses(408, 425, 429, 502, 503, 504)},
		IdempotencyKey: policy.IdempotencyKey{Mode: policy.KeyForward, Header: "Idempotency-Key"},
	}
	return &stage{
		t: t, script: script, jitter: func(top time.Duration) time.Duration { return top },
		op: &policy.Operation{ID: "getStock", Method: "GET", Idempotent: true, Policy: policy.Policy{Retry: r}},
	}
}

type body struct {
	io.Reader
	closed  int
	arrived int
}

func (b *body) Close() error {
	b.closed++
	return nil
}

// Ready says how far the bytes have arrived; the end arrives with the last of them.
func (b *body) Ready() bool { return b.arrived > 0 }

func (b *body) Read(p []byte) (int, error) {
	if b.arrived > 0 && len(p) > b.arrived {
		p = p[:b.arrived]
	}
	n, err := b.Reader.Read(p)
	b.arrived = max(0, b.arrived-n)
	return n, err
}

// RoundTrip plays the next turn.
func (s *stage) RoundTrip(req *http.Request) (*http.Response, error) {
	a := exchange.AttemptOf(req.Context())
	if len(s.requests) == len(s.script) {
		s.t.Fatalf("attempt %d is not in the script", a.Number)
	}
	turn := s.script[len(s.requests)]
	s.requests = append(s.requests, req)
	time.Sleep(turn.takes)
	if turn.do != nil {
		turn.do()
	}
	if turn.unmade {
		return nil, failure.New(turn.code, "refused above the wire")
	}
	a.Endpoint = turn.endpoint
	a.OnEnd(s, 0)
	a.Verdict = exchange.Verdict{Outcome: turn.outcome, Status: turn.status, Sent: turn.sent, RetryAfter: turn.retryAfter}
	if turn.code != "" {
		a.Verdict.Failure = &failure.Error{Code: turn.code, Reason: turn.reason}
		if turn.outcome == "" {
			a.Verdict.Outcome = policy.Outcome(turn.code)
		}
		return nil, a.Verdict.Failure
	}
	switch {
	case turn.status >= 500:
		a.Verdict.Outcome = policy.UpstreamError
	case turn.status >= 400:
		a.Verdict.Outcome = policy.ClientError
	default:
		a.Verdict.Outcome = policy.OK
	}
	text := "answer of attempt " + string(rune('0'+a.Number))
	b := &body{Reader: strings.NewReader(text)}
	s.bodies = append(s.bodies, b)
	header := turn.header
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{StatusCode: turn.status, Header: header, Body: b, ContentLength: int64(len(text))}, nil
}

func (s *stage) EndAttempt(*exchange.Attempt, uint64) { s.ends++ }

// result is what the client gets.
type result struct {
	*exchange.Exchange
	status int
	body   string
	code   failure.Code
	took   time.Duration
}

type client struct {
	method   string
	body     io.Reader
	header   http.Header
	deadline time.Duration
	attempt  int
	context  context.Context
}

func (s *stage) send(c client) result {
	s.t.Helper()
	if c.context == nil {
		c.context = s.t.Context()
	}
	if c.method == "" {
		c.method = http.MethodGet
	}
	ex := exchange.New(c.context, nil, s.op, time.Now())
	ex.CallerAttempt = c.attempt
	if c.deadline > 0 {
		ex.SetDeadline(time.Now().Add(c.deadline))
	}
	req, err := http.NewRequestWithContext(ex, c.method, "http://inventory/stock", c.body)
	if err != nil {
		s.t.Fatal(err)
	}
	if c.header != nil {
		req.Header = c.header
	}
	l := newLayer(Settings{Operation: s.op, Budget: s.budget, Endpoints: 2}, s)
	l.jitter = func(top time.Duration) time.Duration {
		s.tops = append(s.tops, top)
		return s.jitter(top)
	}
	start := time.Now()
	resp, err := l.RoundTrip(req)
	r := result{Exchange: ex, took: time.Since(start)}
	var f *failure.Error
	switch {
	case errors.As(err, &f):
		r.code = f.Code
	case err != nil:
		s.t.Fatalf("an error without a code: %v", err)
	default:
		r.status = resp.StatusCode
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			s.t.Fatal(err)
		}
		r.body = string(text)
		resp.Body.Close()
	}
	ex.Finish()
	for i, b := range s.bodies {
		if b.closed == 0 {
			s.t.Errorf("the body of answer %d was never closed", i+1)
		}
	}
	if s.ends != len(ex.Attempts) {
		s.t.Errorf("%d of %d attempts were ended", s.ends, len(ex.Attempts))
	}
	return r
}

// want compares the number of attempts, the status or code, and why no further attempt was made.
func (s *stage) want(r result, attempts int, outcome any, refused string) {
	s.t.Helper()
	if len(r.Attempts) != attempts {
		s.t.Errorf("%d attempts, want %d", len(r.Attempts), attempts)
	}
	got := any(r.status)
	if r.code != "" {
		got = r.code
	}
	if got != outcome {
		s.t.Errorf("the client gets %v, want %v", got, outcome)
	}
	if r.RetryRefused != refused {
		s.t.Errorf("refused for %q, want %q", r.RetryRefused, refused)
	}
}
