package proxy_test

import (
	"context"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"outrigger/proxy"
	"outrigger/proxy/failure"
	"outrigger/proxy/proxytest"
)

// pairing runs f beside a sidecar with an upstream of a script, in fake time.
func pairing(t *testing.T, policyText string, steps []proxytest.Step, f func(b *bubble, up *proxytest.Upstream)) {
	t.Helper()
	t.Parallel()
	var up *proxytest.Upstream
	dial := func(t *testing.T) proxy.Dial {
		up = proxytest.NewPipe(t, steps...)
		return up.Dial
	}
	inMemory(t, beside("http://upstream.test", policyText), dial, func(b *bubble) { f(b, up) })
}

type script = []proxytest.Step

var (
	busy   = proxytest.Answer(503, "busy")
	well   = proxytest.Answer(200, "ok")
	unwary = "breaker: off"
)

// expect checks the status of an answer and what the upstream has seen so far.
func (b *bubble) expect(r proxytest.Reply, status int, up *proxytest.Upstream, seen int) {
	b.Helper()
	if statusOf(r) != status || up.Seen() != seen {
		b.Errorf("the client got %d and the upstream saw %d requests, want %d and %d\n%+v", statusOf(r), up.Seen(), status, seen, b.last())
	}
}

func (b *bubble) refusedRetry(reason string) {
	b.Helper()
	synctest.Wait()
	if n := b.metric("outrigger_retries_refused_total", `reason="`+reason+`"`); n != 1 {
		b.Errorf("%v retries were refused for %q, want 1\n%+v", n, reason, b.last())
	}
}

func TestACircuitThatOpensUnderARetryEndsItAndTheAnswerBeforeIsReturned(t *testing.T) {
	pairing(t, "breaker: {consecutiveFailures: 1, minimumRequests: 1000}, retry: {retries: 2}", script{busy}, func(b *bubble, up *proxytest.Upstream) {
		r := b.call(get)
		b.expect(r, 503, up, 1)
		b.refusedRetry("circuit_open")
		if r.Text != "busy" || r.Header.Get("Outrigger-Retryable") != "false" || !strings.Contains(r.Header.Get("Proxy-Status"), "received-status=503") {
			b.Errorf("the client got %q with %v, want the upstream's own answer and that we tried", r.Text, r.Header)
		}
	})
}

func TestAnOpenCircuitAnswersAtOnceAndSaysWhenToComeBack(t *testing.T) {
	pairing(t, "breaker: {consecutiveFailures: 1, minimumRequests: 1000, openFor: 10s}, retry: {retries: 2}", script{busy}, func(b *bubble, up *proxytest.Upstream) {
		b.call(get)
		time.Sleep(4 * time.Second)
		r := b.call(get)
		b.expect(r, 503, up, 1)
		ours(b.T, r, failure.CircuitOpen)
		if after := r.Header.Get("Retry-After"); after != "6" && after != "7" { // the open time has a tenth of jitter
			b.Errorf("Retry-After is %q, want what is left of the open time", after)
		}
		if n := b.metric("outrigger_refused_total", `reason="circuit_open"`); n != 1 {
			b.Errorf("%v refusals for circuit_open, want 1", n)
		}
	})
}

func TestAHalfOpenCircuitPlacesItsProbesAndNoMore(t *testing.T) {
	pairing(t, "breaker: {consecutiveFailures: 1, minimumRequests: 1000, openFor: 10s, probes: 3}, retry: off, concurrency: {max: 100}",
		script{busy, slowly(time.Second, well)}, func(b *bubble, up *proxytest.Upstream) {
			b.call(get)
			time.Sleep(12 * time.Second)
			if at := b.operation("unmatched").Circuit; at != "half_open" {
				b.Errorf("the circuit is %s when its time is over, want half_open without any traffic", at)
			}
			statuses := b.crowd(10)
			if statuses[200] != 3 || statuses[503] != 7 || up.Seen() != 4 {
				b.Errorf("ten callers got %v and the upstream saw %d, want three probes let through", statuses, up.Seen()-1)
			}
			if at := b.operation("unmatched").Circuit; at != "closed" {
				b.Errorf("the circuit is %s after three good probes, want closed", at)
			}
		})
}

// crowd sends n requests at the same time and counts what they get.
func (b *bubble) crowd(n int) map[int]int {
	var mu sync.Mutex
	statuses := map[int]int{}
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			r := b.call(get)
			mu.Lock()
			defer mu.Unlock()
			statuses[statusOf(r)]++
		})
	}
	all.Wait()
	return statuses
}

func slowly(d time.Duration, step proxytest.Step) proxytest.Step {
	return func(c *proxytest.Conn, r *proxytest.Request) {
		time.Sleep(d)
		step(c, r)
	}
}

func TestTheLimitRefusesBeforeAnyAttempt(t *testing.T) {
	pairing(t, "concurrency: {max: 1}, retry: {retries: 2}", script{slowly(time.Second, well)}, func(b *bubble, up *proxytest.Upstream) {
		done := make(chan proxytest.Reply)
		go func() { done <- b.call(get) }()
		synctest.Wait()
		r := b.call(get)
		b.expect(r, 503, up, 1)
		ours(b.T, r, failure.BulkheadFull)
		if r.Header.Get("Retry-After") == "" || r.Header.Get("Outrigger-Attempts") != "" || len(b.last().Attempts) != 0 {
			b.Errorf("the refusal has %v, want Retry-After and no attempt", r.Header)
		}
		b.expect(<-done, 200, up, 1)
		if op := b.operation("unmatched"); op.FailureRate != 0 || op.InFlight != 0 {
			b.Errorf("the operation stands %+v, want no failure and nothing in flight", op)
		}
	})
}

func TestTheQueueLetsInWhoCanWait(t *testing.T) {
	pairing(t, "concurrency: {max: 1, queue: 1, queueTimeout: 2s}", script{slowly(time.Second, well)}, func(b *bubble, up *proxytest.Upstream) {
		if statuses := b.crowd(3); statuses[200] != 2 || statuses[503] != 1 || up.Seen() != 2 {
			b.Errorf("three callers got %v, want one served, one queued and one refused", statuses)
		}
	})
}

func TestTheQueueTimeoutRefuses(t *testing.T) {
	pairing(t, "concurrency: {max: 1, queue: 5, queueTimeout: 100ms}", script{slowly(time.Second, well)}, func(b *bubble, up *proxytest.Upstream) {
		if statuses := b.crowd(3); statuses[200] != 1 || statuses[503] != 2 || up.Seen() != 1 {
			b.Errorf("three callers got %v, want one served", statuses)
		}
		if n := b.metric("outrigger_refused_total", `reason="queue_timeout"`); n != 2 {
			b.Errorf("%v refusals for queue_timeout, want 2", n)
		}
	})
}

func TestTimeInTheQueueCountsAgainstTheDeadline(t *testing.T) {
	const events = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n"
	pairing(t, "timeouts: {request: 500ms}, concurrency: {max: 1, queue: 1, queueTimeout: 10s}", script{proxytest.RawHang(events)}, func(b *bubble, up *proxytest.Upstream) {
		stream := b.client()
		stream.Send(get)
		stream.Head("GET") // it holds the slot for as long as its body lasts
		begun := time.Now()
		r := b.call(get)
		b.expect(r, 504, up, 1)
		ours(b.T, r, failure.Deadline)
		if waited := time.Since(begun); waited != 500*time.Millisecond {
			b.Errorf("the answer came after %v, want 500ms", waited)
		}
		stream.Close()
	})
}

func TestARetryThatCannotBeDoneInTimeIsNotMade(t *testing.T) {
	slow := proxytest.Answer(503, "busy", "Retry-After: 1")
	pairing(t, "timeouts: {request: 500ms}", script{slow, well}, func(b *bubble, up *proxytest.Upstream) {
		begun := time.Now()
		r := b.call(get)
		b.expect(r, 503, up, 1)
		b.refusedRetry("deadline")
		if time.Since(begun) != 0 || r.Text != "busy" {
			b.Errorf("the client got %q after %v, want the upstream's answer at once", r.Text, time.Since(begun))
		}
	})
}

func TestALongRetryAfterIsNotWaitedFor(t *testing.T) {
	pairing(t, "retry: {respectRetryAfter: 2s}", script{proxytest.Answer(503, "busy", "Retry-After: 3"), well}, func(b *bubble, up *proxytest.Upstream) {
		r := b.call(get)
		b.expect(r, 503, up, 1)
		if r.Header.Get("Retry-After") != "3" {
			b.Errorf("Retry-After is %q, want the upstream's own", r.Header.Get("Retry-After"))
		}
	})
}

func TestAClientThatLeavesDuringTheBackOffEndsTheExchange(t *testing.T) {
	pairing(t, "", script{proxytest.Answer(503, "busy", "Retry-After: 4"), well}, func(b *bubble, up *proxytest.Upstream) {
		c := b.client()
		c.Send(get)
		time.Sleep(time.Second)
		c.Close()
		time.Sleep(10 * time.Second)
		if d := b.last(); up.Seen() != 1 || d.Outcome != "client_closed" || d.Duration > 1200 {
			b.Errorf("the upstream saw %d requests and the record is %+v, want one, ended when the client left", up.Seen(), d)
		}
	})
}

func TestTheBudgetRefusesAndTheAnswerBeforeIsReturned(t *testing.T) {
	pairing(t, "retry: {retries: 2, budget: {ratio: 0%, floor: 0}}, "+unwary, script{busy, well}, func(b *bubble, up *proxytest.Upstream) {
		r := b.call(get)
		b.expect(r, 503, up, 1)
		b.refusedRetry("budget")
		if r.Text != "busy" || r.Header.Get("Outrigger-Retryable") != "false" {
			b.Errorf("the client got %q with %v", r.Text, r.Header)
		}
	})
}

func TestAnAnswerThenAResetReturnsTheAnswer(t *testing.T) {
	pairing(t, unwary, script{proxytest.Answer(503, "busy", "Connection: close"), proxytest.Reset}, func(b *bubble, up *proxytest.Upstream) {
		r := b.call(get)
		b.expect(r, 503, up, 2)
		if r.Text != "busy" || !strings.Contains(r.Header.Get("Proxy-Status"), `received-status=503; details="upstream_reset_before_headers"`) {
			b.Errorf("the client got %q with %q, want the first answer and the later failure", r.Text, r.Header.Get("Proxy-Status"))
		}
		if d := b.last(); len(d.Attempts) != 2 || d.Attempts[1].Outcome != "upstream_reset_before_headers" || d.Outcome != "upstream_error" {
			b.Errorf("the record is %+v", d)
		}
	})
}

func TestAnAnswerThenTheDeadlineIsADeadline(t *testing.T) {
	pairing(t, "timeouts: {request: 1s}, "+unwary, script{busy, proxytest.Hang}, func(b *bubble, up *proxytest.Upstream) {
		begun := time.Now()
		r := b.call(get)
		b.expect(r, 504, up, 2)
		ours(b.T, r, failure.Deadline)
		if waited := time.Since(begun); waited > time.Second {
			b.Errorf("the answer came after %v, want within the request timeout", waited)
		}
	})
}

func TestTwoAnswersReturnTheLast(t *testing.T) {
	pairing(t, unwary, script{busy, proxytest.Answer(502, "worse")}, func(b *bubble, up *proxytest.Upstream) {
		r := b.call(get)
		b.expect(r, 502, up, 2)
		b.refusedRetry("exhausted")
		if r.Text != "worse" || r.Header.Get("Outrigger-Attempts") != "2" || r.Header.Get("Outrigger-Retryable") != "false" {
			b.Errorf("the client got %q with %v", r.Text, r.Header)
		}
		if d := b.last(); d.Code != "retries_exhausted" || d.Status != 502 {
			b.Errorf("the record is %+v", d)
		}
	})
}

func TestTheAttemptTimeoutSpeaksAgainstTheUpstreamAndARetrySaves(t *testing.T) {
	pairing(t, "timeouts: {request: 5s, attempt: 1s}", script{proxytest.Hang, well}, func(b *bubble, up *proxytest.Upstream) {
		begun := time.Now()
		r := b.call(get)
		b.expect(r, 200, up, 2)
		if waited := time.Since(begun); waited < time.Second || waited > 1100*time.Millisecond {
			b.Errorf("the answer came after %v, want one attempt timeout and a back-off", waited)
		}
		if op := b.operation("unmatched"); op.FailureRate != .5 {
			b.Errorf("the failure rate is %v, want one of two", op.FailureRate)
		}
		if got := up.Requests()[1].Header.Get("Outrigger-Attempt"); got != "2" || r.Header.Get("Outrigger-Attempts") != "2" {
			b.Errorf("the upstream was told attempt %q and the client %q attempts, want 2 and 2", got, r.Header.Get("Outrigger-Attempts"))
		}
	})
}

func TestADeadConnectionA503AndASuccessAreThreeAttemptsOfTwo(t *testing.T) {
	pairing(t, unwary, script{well, proxytest.Close, busy, well}, func(b *bubble, up *proxytest.Upstream) {
		b.call(get)
		r := b.call(get)
		b.expect(r, 200, up, 4)
		synctest.Wait()
		if n := b.metric("outrigger_attempts_total", `outcome="stale_connection"`); n != 1 {
			b.Errorf("%v stale attempts are counted, want 1", n)
		}
	})
}

func TestACircuitThatOthersOpenDuringABackOffEndsTheRetry(t *testing.T) {
	pairing(t, "breaker: {consecutiveFailures: 2, minimumRequests: 1000}", script{proxytest.Answer(503, "first", "Retry-After: 3"), proxytest.Answer(500, "second"), well}, func(b *bubble, up *proxytest.Upstream) {
		done := make(chan proxytest.Reply)
		go func() { done <- b.call(get) }()
		time.Sleep(time.Second)
		b.call(get) // its 500 is the second failure in a row
		r := <-done
		b.expect(r, 503, up, 2)
		if r.Text != "first" {
			b.Errorf("the client got %q, want the answer that its own attempt met", r.Text)
		}
	})
}

func TestAConnectTimeoutIsRetriedForEveryMethod(t *testing.T) {
	t.Parallel()
	inMemory(t, beside("http://upstream.test", "timeouts: {request: 10s, connect: 1s}, "+unwary), func(*testing.T) proxy.Dial {
		return func(ctx context.Context, _, _ string) (net.Conn, error) { // a black hole
			<-ctx.Done()
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: ctx.Err()}
		}
	}, func(b *bubble) {
		begun := time.Now()
		r := b.call(post("Content-Length: 5\r\n", "hello"))
		ours(b.T, r, failure.ConnectTimeout)
		if waited := time.Since(begun); statusOf(r) != 504 || waited < 2*time.Second || waited > 2100*time.Millisecond {
			b.Errorf("the client got %d after %v, want 504 after two connect timeouts", statusOf(r), waited)
		}
	})
}

func TestAnotherEndpointIsAskedAtOnce(t *testing.T) {
	t.Parallel()
	var up *proxytest.Upstream
	text := strings.Replace(beside("http://one.test", ""), "['http://one.test']", "['http://one.test', 'http://two.test']", 1)
	for range 4 { // the choice of the first is random
		failed := ""
		inMemory(t, text, func(t *testing.T) proxy.Dial {
			up = proxytest.NewPipe(t)
			return func(ctx context.Context, network, address string) (net.Conn, error) {
				if failed == "" || failed == address {
					failed = address
					return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
				}
				return up.Dial(ctx, network, address)
			}
		}, func(b *bubble) {
			begun := time.Now()
			b.expect(b.call(post("Content-Length: 5\r\n", "hello")), 200, up, 1)
			if waited := time.Since(begun); waited != 0 {
				b.Errorf("the other endpoint was asked after %v, want at once", waited)
			}
			if a := b.last().Attempts; len(a) != 2 || a[0].Endpoint == a[1].Endpoint {
				b.Errorf("the attempts were %+v, want two endpoints", a)
			}
		})
	}
}

func TestAnOperationThatRequiresAKeyRefusesWithoutOne(t *testing.T) {
	pairing(t, "retry: {idempotencyKey: require}", nil, func(b *bubble, up *proxytest.Upstream) {
		r := b.call(post("Content-Length: 5\r\n", "hello"))
		b.expect(r, 400, up, 0)
		ours(b.T, r, failure.RequestInvalid)
		b.expect(b.call(post("Idempotency-Key: 7\r\nContent-Length: 5\r\n", "hello")), 200, up, 1)
	})
}

// TestARetryStormIsHeldBackByTheBudget is 1,000 requests a second against an upstream that answers 503 to everything.
func TestARetryStormIsHeldBackByTheBudget(t *testing.T) {
	pairing(t, "retry: {retries: 2}, "+unwary, script{busy}, func(b *bubble, up *proxytest.Upstream) {
		const requests = 3000
		var all sync.WaitGroup
		for range requests {
			all.Go(func() { b.call(get) })
			time.Sleep(time.Millisecond)
		}
		all.Wait()
		extra := up.Seen() - requests
		if most := requests/5 + 10; extra > most || extra < most/2 {
			b.Errorf("%d extra attempts for %d requests, want up to 20%% and the floor of 10", extra, requests)
		}
	})
}

func TestARetryStormEndsWithAnOpenCircuitAndItsProbes(t *testing.T) {
	pairing(t, "retry: {retries: 2}, breaker: {openFor: 1s, openForMax: 1s, probes: 3}", script{busy}, func(b *bubble, up *proxytest.Upstream) {
		var all sync.WaitGroup
		for range 3000 {
			all.Go(func() { b.call(get) })
			time.Sleep(time.Millisecond)
		}
		all.Wait()
		if seen := up.Seen(); seen > 40 || seen < 5 {
			b.Errorf("the upstream saw %d requests in three seconds, want those that opened the circuit and probes since", seen)
		}
	})
}

// TestAProbeThatStreamsClosesTheCircuitWithItsHead: its body may last for hours.
func TestAProbeThatStreamsClosesTheCircuitWithItsHead(t *testing.T) {
	pairing(t, "breaker: {consecutiveFailures: 1, minimumRequests: 1000, openFor: 10s, probes: 1}, retry: off",
		script{busy, proxytest.RawHang("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")}, func(b *bubble, _ *proxytest.Upstream) {
			b.call(get)
			time.Sleep(12 * time.Second)
			stream := b.client()
			stream.Send(get)
			if r := stream.Head("GET"); statusOf(r) != 200 {
				b.Fatalf("the probe gets %d", statusOf(r))
			}
			synctest.Wait()
			if at := b.operation("unmatched").Circuit; at != "closed" {
				b.Errorf("the circuit is %s while the probe streams, want closed", at)
			}
			stream.Close()
		})
}
