package observe

import (
	"io"
	"log/slog"
	"testing"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

// logged is an observer that writes a line per exchange into nothing.
func logged(t testing.TB, format string) *Observer {
	log, err := NewLogger(io.Discard, format, new(slog.LevelVar))
	if err != nil {
		t.Fatal(err)
	}
	return New(Options{Log: log})
}

func TestAnExchangeIsRecordedWithoutAllocation(t *testing.T) {
	retried := func(ex *exchange.Exchange) {
		ex.Attempts[0].Verdict = exchange.Verdict{Outcome: policy.UpstreamError, Status: 503}
		tried(ex, policy.OK, 200).Reason = "503"
		ex.Decide("retry", "attempt 1 ended with 503", "retry.when")
	}
	for name, o := range map[string]*Observer{"without a log": New(Options{}), "with a line of JSON": logged(t, "json")} {
		s := series(o)
		for what, ex := range map[string]*exchange.Exchange{"ordinary": ended(t), "retried": ended(t, retried)} {
			for range MaxDecisions { // then every record has its memory
				s.Record(ex)
			}
			if allocs := testing.AllocsPerRun(1000, func() { s.Record(ex) }); allocs > 0 {
				t.Errorf("%s, %s: %v allocations", name, what, allocs)
			}
		}
	}
}

func TestTheCodeSaysWhatFailed(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*exchange.Exchange)
		want failure.Code
	}{
		"went well":   {func(*exchange.Exchange) {}, ""},
		"404":         {func(ex *exchange.Exchange) { ex.Status, ex.Outcome = 404, policy.ClientError }, ""},
		"503":         {func(ex *exchange.Exchange) { ex.Status, ex.Outcome = 503, policy.UpstreamError }, ""},
		"our failure": {func(ex *exchange.Exchange) { ex.Failure = failure.New(failure.Deadline, "") }, failure.Deadline},
		"client left": {func(ex *exchange.Exchange) { ex.Outcome = policy.ClientClosed }, failure.ClientClosed},
		"503 to the last attempt": {func(ex *exchange.Exchange) {
			tried(ex, policy.UpstreamError, 503)
			ex.Outcome, ex.RetryRefused = policy.UpstreamError, exhausted
		}, failure.RetriesExhausted},
		"429 to the last attempt": {func(ex *exchange.Exchange) {
			tried(ex, policy.ClientError, 429)
			ex.Outcome, ex.RetryRefused = policy.ClientError, exhausted
		}, failure.RetriesExhausted},
		"503 and no budget": {func(ex *exchange.Exchange) { ex.Outcome, ex.RetryRefused = policy.UpstreamError, "budget" }, ""},
	} {
		if got := summarise(ended(t, c.edit)).code; got != c.want {
			t.Errorf("%s: code %q, want %q", name, got, c.want)
		}
	}
}

func TestTheEndpointIsTheOneThatAnswered(t *testing.T) {
	sum := summarise(ended(t, func(ex *exchange.Exchange) {
		ex.Answered = ex.Attempts[0]
		tried(ex, policy.Outcome(failure.ConnectRefused), 0).Endpoint = "inventory:8081"
	}))
	if sum.endpoint != "inventory:8080" || sum.attempts != 2 {
		t.Errorf("%d attempts, endpoint %s", sum.attempts, sum.endpoint)
	}
}

func BenchmarkRecord(b *testing.B) {
	for name, o := range map[string]*Observer{"quiet": New(Options{}), "json": logged(b, "json"), "text": logged(b, "text")} {
		b.Run(name, func(b *testing.B) {
			s, ex := series(o), ended(b)
			b.ReportAllocs()
			for b.Loop() {
				s.Record(ex)
			}
		})
	}
}
