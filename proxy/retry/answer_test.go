package retry

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

func TestTheLastAnswerIsReturnedThoughALaterAttemptHadNone(t *testing.T) {
	reset := failing(failure.ResetBeforeHeaders, policy.MaybeProcessed)
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, answered(503), reset, reset)
		r := s.send(client{})
		s.want(r, 3, 503, "exhausted")
		if r.body != "answer of attempt 1" || r.Answered.Number != 1 {
			t.Errorf("the client gets %q, of attempt %d", r.body, r.Answered.Number)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, reset, answered(503), reset)
		r := s.send(client{})
		s.want(r, 3, 503, "exhausted")
		if r.body != "answer of attempt 2" || r.Answered.Number != 2 {
			t.Errorf("the client gets %q, of attempt %d", r.body, r.Answered.Number)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, answered(503), answered(502), answered(504))
		r := s.send(client{})
		s.want(r, 3, 504, "exhausted")
		if r.body != "answer of attempt 3" || r.Answered.Number != 3 {
			t.Errorf("the client gets %q, of attempt %d", r.body, r.Answered.Number)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, reset, failing(failure.ConnectRefused, policy.NotSent), failing(failure.UpstreamTimeout, policy.MaybeProcessed))
		r := s.send(client{})
		s.want(r, 3, failure.UpstreamTimeout, "exhausted") // no answer at all: the failure of the last attempt
		if r.Answered != nil {
			t.Errorf("attempt %d is said to have answered", r.Answered.Number)
		}
	})
}

func TestTimeAndClientEndAnExchangeWhateverWasAnsweredBefore(t *testing.T) {
	for _, code := range []failure.Code{failure.Deadline, failure.ClientClosed, failure.RequestInvalid} {
		synctest.Test(t, func(t *testing.T) {
			s := newStage(t, answered(503), failing(code, policy.MaybeProcessed))
			refused := ""
			if code == failure.Deadline {
				refused = "deadline"
			}
			s.want(s.send(client{}), 2, code, refused)
		})
	}
	synctest.Test(t, func(t *testing.T) { // no time for the attempt that was decided
		s := newStage(t, answered(503), turn{code: failure.Deadline, unmade: true})
		s.want(s.send(client{}), 1, failure.Deadline, "deadline")
	})
}

func TestACircuitThatOpensMeanwhileReturnsWhatTheUpstreamDidLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, answered(503), turn{code: failure.CircuitOpen, unmade: true})
		r := s.send(client{})
		s.want(r, 1, 503, "circuit_open")
		if r.body != "answer of attempt 1" {
			t.Errorf("the client gets %q", r.body)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, failing(failure.ConnectRefused, policy.NotSent), turn{code: failure.CircuitOpen, unmade: true})
		s.want(s.send(client{}), 1, failure.ConnectRefused, "circuit_open") // no answer at all: the failure of the last attempt
	})
}

// A body that has arrived is copied, so that its connection serves the next attempt; another one waits unread.
func TestAnAnswerThatHasArrivedFreesItsConnectionBeforeTheNextAttempt(t *testing.T) {
	for _, c := range []struct {
		name    string
		arrived int
		closed  int
	}{
		{"arrived", len("answer of attempt 1") + 1, 1},
		{"half arrived", 5, 0},
		{"still on its way", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, answered(503), failing(failure.ResetBeforeHeaders, policy.MaybeProcessed))
				s.op.Policy.Retry.Retries = 1
				s.script[0].header = http.Header{"X-Why": {"busy"}}
				wire := roundTrip(func(req *http.Request) (*http.Response, error) {
					if len(s.bodies) == 1 && s.bodies[0].closed != c.closed {
						t.Errorf("when the next attempt begins, the body was closed %d times, want %d", s.bodies[0].closed, c.closed)
					}
					resp, err := s.RoundTrip(req)
					if resp != nil {
						s.bodies[0].arrived = c.arrived
					}
					return resp, err
				})
				ex := exchange.New(t.Context(), nil, s.op, time.Now())
				req, _ := http.NewRequestWithContext(ex, http.MethodGet, "http://inventory/", nil)
				resp, err := Layer(Settings{Operation: s.op})(wire).RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				if s.bodies[0].closed == 1 {
					clear(s.script[0].header) // the wire uses its memory again
				}
				text, err := io.ReadAll(resp.Body)
				if string(text) != "answer of attempt 1" || err != nil || resp.ContentLength != int64(len(text)) {
					t.Errorf("the body is %q of %d bytes, %v", text, resp.ContentLength, err)
				}
				if got := resp.Header.Get("X-Why"); got != "busy" {
					t.Errorf("the header is lost: %q", got)
				}
				resp.Body.Close()
				if s.bodies[0].closed != 1 {
					t.Errorf("closed %d times in the end", s.bodies[0].closed)
				}
				ex.Finish()
			})
		})
	}
}

func TestALargeAnswerIsKeptUnread(t *testing.T) {
	b := &body{Reader: strings.NewReader("x"), arrived: 1 << 20}
	resp := &http.Response{StatusCode: 503, Header: http.Header{}, Body: b, ContentLength: 1 << 20}
	r := &run{}
	r.keep(nil, resp)
	if r.kept.resp != resp || resp.Body != b || b.closed != 0 || b.arrived != 1<<20 {
		t.Error("it was touched")
	}
	endless := &body{Reader: endlessly{}, arrived: 1 << 20}
	r.keep(nil, &http.Response{StatusCode: 503, Header: http.Header{}, Body: endless, ContentLength: -1})
	if copied := 1<<20 - endless.arrived; copied != keepBytes || endless.closed != 0 || b.closed != 1 {
		t.Errorf("%d bytes were copied, closed %d, the answer before closed %d times", copied, endless.closed, b.closed)
	}
}

type endlessly struct{}

func (endlessly) Read(p []byte) (int, error) { return len(p), nil }

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestACopiedBodyBreaksOffWhereTheOriginalDid(t *testing.T) {
	broken := errors.New("connection reset")
	b := &body{Reader: io.MultiReader(strings.NewReader("half"), breaking{broken}), arrived: 100}
	resp := &http.Response{StatusCode: 503, Header: http.Header{}, Body: b, ContentLength: 100}
	r := &run{}
	r.keep(nil, resp)
	text, err := io.ReadAll(r.kept.resp.Body)
	if string(text) != "half" || !errors.Is(err, broken) || b.closed != 1 {
		t.Errorf("%q, %v, closed %d times", text, err, b.closed)
	}
}

func TestAPanicBelowLeavesNoAnswerOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, answered(503), turn{do: func() { panic(http.ErrAbortHandler) }})
		func() {
			defer func() { _ = recover() }()
			s.send(client{})
		}()
		if s.bodies[0].closed != 1 {
			t.Errorf("closed %d times", s.bodies[0].closed)
		}
	})
}

// rewinding is a body that knows how often it was sent.
type rewinding struct {
	io.Reader
	text    string
	large   bool
	fails   bool
	rewound int
}

func (b *rewinding) Close() error     { return nil }
func (b *rewinding) Rewindable() bool { return !b.large }
func (b *rewinding) Rewind() (io.ReadCloser, error) {
	b.rewound++
	if b.fails {
		return nil, errors.New("outgrown")
	}
	return io.NopCloser(strings.NewReader(b.text)), nil
}

func TestEachAttemptSendsTheWholeBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &rewinding{Reader: strings.NewReader("order"), text: "order"}
		s := newStage(t, answered(503), answered(503), answered(200))
		var sent []string
		for i := range s.script {
			s.script[i].do = func() {
				text, _ := io.ReadAll(s.requests[i].Body)
				sent = append(sent, string(text))
			}
		}
		s.want(s.send(client{method: "PUT", body: b}), 3, 200, "")
		if len(sent) != 3 || sent[0] != "order" || sent[1] != "order" || sent[2] != "order" {
			t.Errorf("sent %q", sent)
		}
	})
}

func TestABodyThatCannotBeSentAgainIsNotRetried(t *testing.T) {
	for name, b := range map[string]io.Reader{
		"too large":              &rewinding{Reader: strings.NewReader("order"), large: true},
		"outgrown in the moment": &rewinding{Reader: strings.NewReader("order"), fails: true},
		"no record at all":       bytes.NewBufferString("order"),
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, answered(503))
			s.want(s.send(client{method: "PUT", body: b}), 1, 503, "body_too_large")
			stale := newStage(t, turn{code: failure.ResetBeforeHeaders, outcome: policy.Stale, sent: policy.NotSent})
			stale.want(stale.send(client{method: "PUT", body: b}), 1, failure.ResetBeforeHeaders, "body_too_large")
		})
	}
}

func TestAnInjectedKeyIsMadeOnceForAllAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, answered(503), answered(503), answered(200))
		s.op.Method, s.op.Idempotent = "POST", false
		s.op.Policy.Retry.IdempotencyKey = policy.IdempotencyKey{Mode: policy.KeyInject, Header: "idempotency-key", Honoured: true}
		keys := map[string]bool{}
		for i := range s.script {
			s.script[i].do = func() { keys[s.requests[i].Header.Get("Idempotency-Key")] = true }
		}
		s.want(s.send(client{method: "POST"}), 3, 200, "")
		if len(keys) != 1 {
			t.Errorf("keys %v", keys)
		}
		for key := range keys {
			if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(key) {
				t.Errorf("%q is no random UUID", key)
			}
		}
	})
	s := newStage(t, answered(200))
	s.op.Policy.Retry.IdempotencyKey.Mode = policy.KeyInject
	s.send(client{method: "POST", header: http.Header{"Idempotency-Key": {"theirs"}}})
	if got := s.requests[0].Header.Values("Idempotency-Key"); len(got) != 1 || got[0] != "theirs" {
		t.Errorf("the caller's key became %v", got)
	}
}

func TestARequiredKeyThatIsMissingIsRefusedBeforeAnyAttempt(t *testing.T) {
	s := newStage(t)
	s.op.Policy.Retry.IdempotencyKey.Mode = policy.KeyRequire
	s.op.Policy.Retry.Retries = 0
	for _, h := range []http.Header{{}, {"Idempotency-Key": {""}}} {
		s.want(s.send(client{method: "POST", header: h}), 0, failure.RequestInvalid, "")
	}
	s = newStage(t, answered(200))
	s.op.Policy.Retry.IdempotencyKey.Mode = policy.KeyRequire
	s.want(s.send(client{method: "POST", header: http.Header{"Idempotency-Key": {"k"}}}), 1, 200, "")
}

func TestAnOrdinaryExchangeAllocatesItsAttemptsRequestOnly(t *testing.T) {
	s := newStage(t)
	answer := &http.Response{StatusCode: 200, Body: http.NoBody}
	layer := Layer(Settings{Operation: s.op, Budget: &allowance{}, Endpoints: 1})(roundTrip(func(req *http.Request) (*http.Response, error) {
		exchange.AttemptOf(req.Context()).Verdict.Outcome = policy.OK
		return answer, nil
	}))
	var requests []*http.Request
	for range 102 {
		req, _ := http.NewRequestWithContext(exchange.New(context.Background(), nil, s.op, time.Now()), http.MethodGet, "http://inventory/", nil)
		requests = append(requests, req)
	}
	next := 0
	if n := testing.AllocsPerRun(100, func() {
		_, _ = layer.RoundTrip(requests[next])
		next++
	}); n > 1 {
		t.Errorf("%v allocations, want 1: the request of the attempt", n)
	}
}
