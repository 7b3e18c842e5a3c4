package breaker

import (
	"testing"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

func attempt(t *testing.T, v exchange.Verdict, byCaller bool) *exchange.Attempt {
	ex := exchange.New(t.Context(), nil, nil, time.Now())
	ex.CallerDeadline = byCaller
	a := ex.Open(time.Now())
	a.Verdict = v
	return a
}

func TestEveryStatusHasAWeight(t *testing.T) {
	for code := 200; code < 600; code++ {
		want := success
		switch {
		case code == 429:
			want = soft
		case code >= 500 && code != 501:
			want = hard
		}
		if got := weigh(attempt(t, status(code), false), standard().Failures); got != want {
			t.Errorf("%d weighs %d, want %d", code, got, want)
		}
	}
}

func TestEveryFailureHasAWeight(t *testing.T) {
	want := map[failure.Code]weight{
		failure.ConnectRefused: hard, failure.ConnectTimeout: hard, failure.TLSFailed: hard, failure.DNSFailed: hard,
		failure.ResetBeforeHeaders: hard, failure.ResetMidBody: hard, failure.BadResponse: hard,
		failure.UpstreamTimeout: hard, failure.Deadline: hard,
		failure.RequestInvalid: nothing, failure.ClientClosed: nothing, failure.CircuitOpen: nothing, failure.BulkheadFull: nothing,
		failure.Overload: nothing, failure.RateLimited: nothing, failure.NoRoute: nothing, failure.LoopDetected: nothing,
		failure.Internal: nothing, failure.RetriesExhausted: nothing,
	}
	for _, code := range failure.Codes() {
		w, ok := want[code]
		if !ok {
			t.Errorf("%s has no row in this table", code)
		}
		if got := weigh(attempt(t, failed(code), false), standard().Failures); got != w {
			t.Errorf("%s weighs %d, want %d", code, got, w)
		}
	}
}

func TestADeadlineThatTheCallerSetTooShortSaysNothingOfTheUpstream(t *testing.T) {
	if got := weigh(attempt(t, failed(failure.Deadline), true), standard().Failures); got != nothing {
		t.Errorf("weighs %d", got)
	}
	if got := weigh(attempt(t, failed(failure.UpstreamTimeout), true), standard().Failures); got != hard {
		t.Errorf("an attempt timeout of ours weighs %d", got)
	}
}

func TestOnlyWhatThePolicyListsIsAFailure(t *testing.T) {
	only503 := policy.Conditions{Statuses: policy.Statuses(503)}
	for code, want := range map[int]weight{503: hard, 500: success, 429: success} {
		if got := weigh(attempt(t, status(code), false), only503); got != want {
			t.Errorf("%d weighs %d, want %d", code, got, want)
		}
	}
	for _, code := range []failure.Code{failure.ConnectRefused, failure.ResetBeforeHeaders, failure.UpstreamTimeout, failure.Deadline} {
		if got := weigh(attempt(t, failed(code), false), only503); got != nothing {
			t.Errorf("%s weighs %d", code, got)
		}
	}
}
