package deadline

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

func operation(request, attempt time.Duration) *policy.Operation {
	return &policy.Operation{Policy: policy.Policy{Timeouts: policy.Timeouts{Request: request, Attempt: attempt}}}
}

func reply(contentType string) *http.Response {
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {contentType}}, Body: http.NoBody}
}

// through sends one exchange with one attempt through both layers and returns what came of it.
func through(op *policy.Operation, ex *exchange.Exchange, wire roundTrip) (*http.Response, error) {
	open := roundTrip(func(r *http.Request) (*http.Response, error) {
		return Attempt(op)(wire).RoundTrip(r.WithContext(ex.Open(time.Now())))
	})
	req, _ := http.NewRequestWithContext(ex, http.MethodGet, "http://inventory/", nil)
	return Total(op)(open).RoundTrip(req)
}

func code(err error) failure.Code {
	var f *failure.Error
	if errors.As(err, &f) {
		return f.Code
	}
	return ""
}

func TestTheEarlierOfRequestTimeoutAndCallersDeadlineHolds(t *testing.T) {
	for _, c := range []struct {
		name             string
		request, callers time.Duration
		want             time.Duration // 0 for none
		byCaller         bool
	}{
		{"only the policy's", 2 * time.Second, 0, 2 * time.Second, false},
		{"only the caller's", 0, time.Second, time.Second, true},
		{"the caller's is earlier", 2 * time.Second, time.Second, time.Second, true},
		{"the policy's is earlier", 2 * time.Second, 3 * time.Second, 2 * time.Second, false},
		{"both at once", time.Second, time.Second, time.Second, false},
		{"neither", 0, 0, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			ex := exchange.New(t.Context(), nil, nil, time.Now())
			if c.callers > 0 {
				ex.SetDeadline(ex.Start.Add(c.callers))
			}
			var at time.Time
			_, err := through(operation(c.request, 0), ex, func(*http.Request) (*http.Response, error) {
				at, _ = ex.Deadline()
				return reply("application/json"), nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := at.Sub(ex.Start); c.want == 0 != at.IsZero() || c.want > 0 && got != c.want {
				t.Errorf("deadline after %v, want %v", got, c.want)
			}
			if ex.CallerDeadline != c.byCaller {
				t.Errorf("the caller's: %v", ex.CallerDeadline)
			}
		})
	}
}

func TestAnAttemptIsBoundedByItsTimeoutAndByWhatIsLeft(t *testing.T) {
	const margin = 2 * time.Millisecond
	for _, c := range []struct {
		name             string
		request, attempt time.Duration
		elapsed          time.Duration
		want             time.Duration
		announced        string
		byTotal          bool
	}{
		{"the attempt timeout", 2 * time.Second, 500 * time.Millisecond, 0, 500 * time.Millisecond, "500", false},
		{"what is left", 2 * time.Second, 500 * time.Millisecond, 1800 * time.Millisecond, 200*time.Millisecond - margin, "198", true},
		{"no attempt timeout", 2 * time.Second, 0, 0, 2*time.Second - margin, "1998", true},
		{"little left keeps a tenth", 2 * time.Second, 0, 1990 * time.Millisecond, 9 * time.Millisecond, "9", true},
		{"no request timeout", 0, 500 * time.Millisecond, time.Hour, 500 * time.Millisecond, "500", false},
		{"neither", 0, 0, 0, 0, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ex := exchange.New(t.Context(), nil, nil, time.Now())
				time.Sleep(c.elapsed)
				var announced string
				_, err := through(operation(c.request, c.attempt), ex, func(r *http.Request) (*http.Response, error) {
					announced = r.Header.Get("Outrigger-Timeout-Ms")
					return reply("application/json"), nil
				})
				if err != nil {
					t.Fatal(err)
				}
				a := ex.Last()
				if c.want == 0 != a.HeadDeadline().IsZero() || c.want > 0 && time.Until(a.HeadDeadline()) != c.want {
					t.Errorf("head deadline in %v, want %v", time.Until(a.HeadDeadline()), c.want)
				}
				if announced != c.announced || a.BoundByTotal != c.byTotal {
					t.Errorf("announced %q, bound by total %v", announced, a.BoundByTotal)
				}
			})
		})
	}
}

func TestWithNothingLeftTheUpstreamIsNotContacted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ex := exchange.New(t.Context(), nil, nil, time.Now())
		time.Sleep(time.Second)
		_, err := through(operation(time.Second, 0), ex, func(*http.Request) (*http.Response, error) {
			t.Error("contacted")
			return reply(""), nil
		})
		if code(err) != failure.Deadline {
			t.Errorf("got %v", err)
		}
	})
}

func TestWhatFailsAfterTheDeadlineIsTheDeadlineUnlessTheClientIsToBlame(t *testing.T) {
	wire := map[string]error{
		"a connect timeout": failure.New(failure.ConnectTimeout, ""), "a reset": failure.New(failure.ResetBeforeHeaders, ""),
		"an untyped error": errors.New("boom"), "a bad request body": failure.New(failure.RequestInvalid, ""),
	}
	for name, failed := range wire {
		for _, c := range []struct {
			when       string
			after      time.Duration
			clientGone bool
			want       failure.Code
		}{
			{"in time", 0, false, failure.From(failed).Code},
			{"after the deadline", 2 * time.Second, false, failure.Deadline},
			{"after the client left", 0, true, failure.ClientClosed},
			{"after both", 2 * time.Second, true, failure.ClientClosed},
		} {
			want := c.want
			if failure.From(failed).Code == failure.RequestInvalid {
				want = failure.RequestInvalid
			}
			t.Run(name+" "+c.when, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					client, leave := context.WithCancel(t.Context())
					defer leave()
					ex := exchange.New(client, nil, nil, time.Now())
					_, err := through(operation(time.Second, 0), ex, func(*http.Request) (*http.Response, error) {
						time.Sleep(c.after)
						if c.clientGone {
							leave()
						}
						return nil, failed
					})
					if code(err) != want {
						t.Errorf("got %v, want %s", err, want)
					}
					if want == failure.Deadline && (len(ex.Decisions) != 1 || ex.Decisions[0].Key != "timeouts.request") {
						t.Errorf("decisions %+v", ex.Decisions)
					}
				})
			})
		}
	}
}

func TestARequestTimeoutBoundsOnlyTheHeadOfAStream(t *testing.T) {
	for _, c := range []struct {
		declared    policy.Stream
		status      int
		contentType string
		want        bool
	}{
		{policy.StreamAlways, 200, "application/octet-stream", true},
		{policy.StreamMay, 200, "text/event-stream; charset=utf-8", true},
		{policy.StreamMay, 200, "application/json", false},
		{policy.StreamNo, 200, "Text/Event-Stream", true},
		{policy.StreamNo, 200, "application/x-ndjson", true},
		{policy.StreamMay, 200, "application/json;stream=watch", true},
		{policy.StreamMay, 200, "application/vnd.docker.raw-stream", true},
		{policy.StreamNo, 200, "application/jsonl", true},
		{policy.StreamNo, 200, "application/json-seq", true},
		{policy.StreamNo, 200, "multipart/x-mixed-replace;boundary=b", true},
		{policy.StreamNo, 200, "application/grpc", true},
		{policy.StreamNo, 200, "application/grpc+proto", true},
		{policy.StreamNo, 200, "application/grpc-web", false},
		{policy.StreamNo, 101, "", true},
		{policy.StreamNo, 200, "application/json", false},
		{policy.StreamNo, 200, "", false},
	} {
		op := operation(time.Second, 0)
		op.Streaming = c.declared
		ex := exchange.New(t.Context(), nil, nil, time.Now())
		_, err := through(op, ex, func(*http.Request) (*http.Response, error) {
			resp := reply(c.contentType)
			resp.StatusCode = c.status
			if c.contentType == "" {
				resp.Header = nil
			}
			return resp, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, bounded := ex.Deadline(); bounded == c.want || ex.Last().Streams != c.want {
			t.Errorf("%q %d %q: bounded %v, streams %v", c.declared, c.status, c.contentType, bounded, ex.Last().Streams)
		}
	}
}

func TestAnOrdinaryExchangeAllocatesOnlyWhatItAnnounces(t *testing.T) {
	op := operation(2*time.Second, 500*time.Millisecond)
	answer := reply("application/json")
	wire := Attempt(op)(roundTrip(func(*http.Request) (*http.Response, error) { return answer, nil }))
	var attempts []*http.Request
	header := http.Header{}
	for range 102 {
		ex := exchange.New(t.Context(), nil, nil, time.Now())
		req, _ := http.NewRequestWithContext(ex, http.MethodGet, "http://inventory/", nil)
		req.Header = header
		attempts = append(attempts, req.WithContext(ex.Open(time.Now())))
	}
	next := 0
	total := Total(op)(wire)
	if n := testing.AllocsPerRun(100, func() {
		_, _ = total.RoundTrip(attempts[next])
		next++
	}); n > 1 {
		t.Errorf("%v allocations, want 1: the digits of the timeout", n)
	}
}
