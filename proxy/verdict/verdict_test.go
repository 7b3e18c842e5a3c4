package verdict

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

var operation = &policy.Operation{Policy: policy.Policy{Retry: policy.Retry{Retries: 1}}}

// judge sends one attempt to a wire through the layer.
func judge(ex *exchange.Exchange, wire roundTrip) (*exchange.Attempt, *http.Response, error) {
	a := ex.Open(time.Now())
	req, _ := http.NewRequestWithContext(a, http.MethodGet, "http://inventory/", nil)
	resp, err := Layer()(wire).RoundTrip(req)
	return a, resp, err
}

func open(client context.Context) *exchange.Exchange {
	return exchange.New(client, nil, operation, time.Now())
}

type body struct {
	io.Reader
	closed bool
}

func (b *body) Close() error {
	b.closed = true
	return nil
}

// ranges are all statuses there are, and a few that there are not.
var ranges = []struct {
	from, to int
	outcome  policy.Outcome
	sent     policy.Sent
}{
	{0, 99, "upstream_bad_response", policy.MaybeProcessed},
	{100, 100, "upstream_bad_response", policy.MaybeProcessed}, // interim replies end no exchange
	{101, 101, policy.OK, policy.Answered},
	{102, 199, "upstream_bad_response", policy.MaybeProcessed},
	{200, 399, policy.OK, policy.Answered},
	{400, 424, policy.ClientError, policy.Answered},
	{425, 425, policy.ClientError, policy.NotProcessed},
	{426, 499, policy.ClientError, policy.Answered},
	{500, 599, policy.UpstreamError, policy.Answered},
	{600, 1000, "upstream_bad_response", policy.MaybeProcessed},
}

func TestEveryStatusHasAnOutcome(t *testing.T) {
	seen := 0
	for _, r := range ranges {
		for status := r.from; status <= r.to; status++ {
			seen++
			b := &body{Reader: strings.NewReader("")}
			a, resp, err := judge(open(t.Context()), func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: status, Header: http.Header{}, Body: b}, nil
			})
			v := a.Verdict
			if v.Outcome != r.outcome || v.Sent != r.sent {
				t.Errorf("%d: outcome %s, sent %d; want %s, %d", status, v.Outcome, v.Sent, r.outcome, r.sent)
			}
			answered := r.outcome != "upstream_bad_response"
			if answered != (resp != nil) || answered != (err == nil) || answered == b.closed {
				t.Errorf("%d: reply %v, error %v, closed %v", status, resp != nil, err, b.closed)
			}
			if answered && v.Status != status {
				t.Errorf("%d: the verdict says status %d", status, v.Status)
			}
			if f := failure.From(err); err != nil && (f != v.Failure || f.HTTPStatus() != http.StatusBadGateway) {
				t.Errorf("%d: failure %v, verdict's %v", status, f, v.Failure)
			}
		}
	}
	if seen != 1001 {
		t.Errorf("%d statuses were tried", seen)
	}
}

func TestRetryAfterIsReadAsSecondsOrAsADate(t *testing.T) {
	const now = "Tue, 24 Nov 2026 10:00:00 GMT"
	for _, c := range []struct {
		status           int
		retryAfter, date string
		want             time.Duration
	}{
		{503, "3", "", 3 * time.Second},
		{429, "0", "", 0},
		{503, "-1", "", 0},
		{503, "soon", "", 0},
		{503, "1.5", "", 0},
		{503, "99999999999999999999", "", 0},
		{503, "9999999999", "", longest},
		{503, "Tue, 24 Nov 2026 10:00:07 GMT", now, 7 * time.Second},
		{503, "Tuesday, 24-Nov-26 10:00:07 GMT", now, 7 * time.Second},
		{503, "Tue, 24 Nov 2026 09:59:00 GMT", now, 0},
		{503, "Wed, 24 Nov 2027 10:00:00 GMT", now, longest},
		{200, "3", "", 0}, // nobody waits after an answer that went well
	} {
		h := http.Header{"Retry-After": {c.retryAfter}}
		if c.date != "" {
			h.Set("Date", c.date)
		}
		a, _, _ := judge(open(t.Context()), func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: c.status, Header: h, Body: http.NoBody}, nil
		})
		if got := a.Verdict.RetryAfter; got != c.want {
			t.Errorf("%d with %q: wait %v, want %v", c.status, c.retryAfter, got, c.want)
		}
	}
	synctest.Test(t, func(t *testing.T) { // without a Date, our clock has to do
		h := http.Header{"Retry-After": {time.Now().Add(9 * time.Second).UTC().Format(http.TimeFormat)}}
		if got := retryAfter(h, time.Now); got != 9*time.Second {
			t.Errorf("wait %v, want 9s", got)
		}
	})
	if got := retryAfter(http.Header{"Retry-After": {"1", "2"}}, time.Now); got != 0 {
		t.Errorf("two fields ask for %v", got)
	}
}

func TestAReplyCostsNothing(t *testing.T) {
	answer := &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody}
	layer := Layer()(roundTrip(func(*http.Request) (*http.Response, error) { return answer, nil }))
	a := open(t.Context()).Open(time.Now())
	req, _ := http.NewRequestWithContext(a, http.MethodGet, "http://inventory/", nil)
	if n := testing.AllocsPerRun(100, func() { _, _ = layer.RoundTrip(req) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestABodyThatBreaksOffChangesTheVerdict(t *testing.T) {
	for _, c := range brokenBodies {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, leave := context.WithCancel(t.Context())
				defer leave()
				ex := open(client)
				if c.deadline > 0 {
					ex.SetDeadline(time.Now().Add(c.deadline))
				}
				a, _, err := judge(ex, func(*http.Request) (*http.Response, error) {
					return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody}, nil
				})
				if err != nil {
					t.Fatal(err)
				}
				a.BoundByTotal = true // and the head came in time, so that this says nothing any more
				a.SetHeadDeadline(time.Now())
				time.Sleep(c.after)
				if c.clientGone {
					leave()
				}
				f := BodyBroke(a, c.err)
				if f.Code != c.want || a.Verdict.Outcome != policy.Outcome(c.want) || a.Verdict.Failure != f {
					t.Errorf("got %v, verdict %+v, want %s", f, a.Verdict, c.want)
				}
				if a.Verdict.Status != 200 || a.Verdict.Sent != policy.Answered {
					t.Errorf("the reply is forgotten: %+v", a.Verdict)
				}
				want := ""
				if failure.Of(c.want).BreakerCounts {
					want = "response_started"
				}
				if ex.RetryRefused != want {
					t.Errorf("retry refused for %q, want %q", ex.RetryRefused, want)
				}
				if !errors.Is(f, c.err) && !errors.As(c.err, &f) {
					t.Error("the cause is lost")
				}
			})
		})
	}
}
