package live

import (
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"outrigger/policy"
	"outrigger/policy/compile"
	"outrigger/proxy/breaker"
	"outrigger/proxy/exchange"
	"outrigger/proxy/upstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// before is the policy that every edit starts from.
const before = `version: 1
service: test
upstreams:
  up:
    endpoints: ['http://one.test', 'http://two.test']
    policy:
      retry: {retries: 1, budget: {ratio: 0%, floor: 10}}
      breaker: {failureRate: 50%, window: 10s, minimumRequests: 4, consecutiveFailures: 3, openFor: 20s, probes: 1}
      concurrency: {max: 5}
    operations:
      GET /a: {timeouts: {request: 1s}}
`

// house is a Live with one upstream whose operation answers as a test says.
type house struct {
	*testing.T
	*Live
	answer policy.Outcome
	status int
}

// nobody records nothing.
type nobody struct{}

func (nobody) Record(*exchange.Exchange) {}

func inHouse(t *testing.T, f func(h *house)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := &house{T: t}
		h.Live = New(Options{
			Stack:      h.stack,
			Record:     func(*policy.Upstream, *policy.Operation) Recorder { return nobody{} },
			Endpoints:  func(u *policy.Upstream) Endpoints { return upstream.New(u, upstream.Options{}) },
			Transition: func(string, string, breaker.Transition) {},
		})
		defer h.Close()
		h.edit(before)
		f(h)
	})
}

// stack asks the circuit for a permit and ends the attempt as the test says.
func (h *house) stack(p Parts) http.RoundTripper {
	return breaker.Layer(p.Circuit)(roundTripper(func(req *http.Request) (*http.Response, error) {
		a := exchange.AttemptOf(req.Context())
		a.Verdict.Outcome, a.Verdict.Status = h.answer, h.status
		return &http.Response{StatusCode: h.status, Body: http.NoBody}, nil
	}))
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// edit makes a set of a policy's text and applies it.
func (h *house) edit(text string) (changed bool) {
	h.Helper()
	r := compile.Compile([]string{"p.yaml"}, compile.Options{ReadFile: func(path string) ([]byte, error) {
		if path != "p.yaml" {
			return nil, fs.ErrNotExist
		}
		return []byte(text), nil
	}})
	if r.Set == nil {
		h.Fatalf("the policy is refused: %v", r.Problems)
	}
	return h.Apply(r.Set)
}

// replace edits the policy of before, with pairs of old and new.
func (h *house) replace(pairs ...string) {
	h.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(before, pairs[i]) {
			h.Fatalf("the policy has no %q", pairs[i])
		}
	}
	if !h.edit(strings.NewReplacer(pairs...).Replace(before)) {
		h.Fatal("the edit is none")
	}
}

// route finds a route by the names of its upstream and operation; nil where the set has none.
func (h *house) route(up, operation string) *Route {
	for _, s := range h.Status() {
		for _, r := range s.Routes {
			if s.Target.Upstream.Name == up && r.Operation.ID == operation {
				return r
			}
		}
	}
	return nil
}

func (h *house) a() Parts { return h.route("up", "GET /a").Parts }

// send makes n exchanges of an operation, which all are answered with a status, and returns how many got a permit.
func (h *house) send(r *Route, n, status int) (admitted int) {
	h.Helper()
	h.status, h.answer = status, policy.OK
	if status >= 500 {
		h.answer = policy.UpstreamError
	}
	for range n {
		ex := exchange.New(h.Context(), r.Parts.Upstream, r.Operation, time.Now())
		a := ex.Open(time.Now())
		req, err := http.NewRequestWithContext(a, http.MethodGet, "http://up.test/a", nil)
		if err != nil {
			h.Fatal(err)
		}
		if _, err := r.Stack.RoundTrip(req); err == nil {
			admitted++
		}
		ex.Finish()
	}
	return admitted
}

func (h *house) circuit(want breaker.State) {
	h.Helper()
	if got := h.a().Circuit.Status().State; got != want {
		h.Errorf("the circuit is %s, want %s", got, want)
	}
}

func TestNewThresholdsHoldFromTheNextDecisionOn(t *testing.T) {
	inHouse(t, func(h *house) {
		h.send(h.route("up", "GET /a"), 2, 500)
		h.replace("consecutiveFailures: 3", "consecutiveFailures: 5", "minimumRequests: 4", "minimumRequests: 100")
		h.send(h.route("up", "GET /a"), 2, 500)
		h.circuit(breaker.Closed) // four in a row, five are needed now
		h.send(h.route("up", "GET /a"), 1, 500)
		h.circuit(breaker.Open) // the two from before the edit count
	})
}

func TestAnOpenCircuitKeepsItsTimeWhenTheOpenTimeIsEdited(t *testing.T) {
	inHouse(t, func(h *house) {
		h.send(h.route("up", "GET /a"), 3, 500)
		h.replace("openFor: 20s", "openFor: 1s")
		time.Sleep(10 * time.Second)
		h.circuit(breaker.Open)
		time.Sleep(15 * time.Second)
		h.circuit(breaker.HalfOpen)
	})
}

func TestNewProbeCountHoldsForACircuitThatIsOpen(t *testing.T) {
	inHouse(t, func(h *house) {
		h.send(h.route("up", "GET /a"), 3, 500)
		h.replace("probes: 1", "probes: 2")
		time.Sleep(30 * time.Second)
		if n := h.send(h.route("up", "GET /a"), 1, 200); n != 1 {
			t.Fatal("the probe got no permit")
		}
		h.circuit(breaker.HalfOpen) // one probe would have done before
		h.send(h.route("up", "GET /a"), 1, 200)
		h.circuit(breaker.Closed)
	})
}

func TestANewWindowBeginsEmptyAndLeavesAnOpenCircuitOpen(t *testing.T) {
	inHouse(t, func(h *house) {
		h.send(h.route("up", "GET /a"), 1, 500)
		h.send(h.route("up", "GET /a"), 1, 200)
		h.replace("window: 10s", "window: 20s")
		if rate := h.a().Circuit.Status().FailureRate; rate != 0 {
			t.Errorf("the failure rate is %v, want an empty window", rate)
		}
		h.send(h.route("up", "GET /a"), 3, 500)
		h.replace("window: 10s", "window: 30s")
		h.circuit(breaker.Open)
		if n := h.send(h.route("up", "GET /a"), 1, 200); n != 0 {
			t.Error("an open circuit gave a permit after an edit of its window")
		}
	})
}

func TestABreakerThatIsSwitchedOffAndOnIsClosedAndEmpty(t *testing.T) {
	inHouse(t, func(h *house) {
		h.send(h.route("up", "GET /a"), 3, 500)
		h.edit(strings.Replace(before, "breaker: {failureRate: 50%, window: 10s, minimumRequests: 4, consecutiveFailures: 3, openFor: 20s, probes: 1}", "breaker: off", 1))
		if n := h.send(h.route("up", "GET /a"), 5, 500); n != 5 {
			t.Errorf("%d of 5 exchanges passed a breaker that is off", n)
		}
		h.edit(before)
		h.circuit(breaker.Closed)
		if rate := h.a().Circuit.Status().FailureRate; rate != 0 {
			t.Errorf("the failure rate is %v, want 0", rate)
		}
	})
}

func TestABudgetIsScaledAndNeverRefilled(t *testing.T) {
	inHouse(t, func(h *house) {
		for range 5 {
			h.a().Budget.TryExtra(time.Now())
		}
		h.replace("floor: 10", "floor: 20")
		if left := h.a().Budget.AvailableRatio(); left != .5 {
			t.Errorf("%v of the budget is left, want the half that was", left)
		}
		h.edit(before)
		if left := h.a().Budget.AvailableRatio(); left != .5 {
			t.Errorf("%v of the budget is left after the way back, want the half that was", left)
		}
	})
}

func TestALimitKeepsWhatIsInFlight(t *testing.T) {
	inHouse(t, func(h *house) {
		limiter := h.a().Limiter
		h.replace("max: 5", "max: 2")
		if h.a().Limiter != limiter {
			t.Error("the limiter is another one, so that what is in flight would not count")
		}
	})
}

func TestEverythingElseOutlivesAnEditOfTheEndpoints(t *testing.T) {
	inHouse(t, func(h *house) {
		h.send(h.route("up", "GET /a"), 3, 500)
		old := h.a()
		h.replace("'http://two.test'", "'http://three.test'")
		now := h.a()
		if now.Circuit != old.Circuit || now.Budget != old.Budget || now.Limiter != old.Limiter || now.Endpoints != old.Endpoints {
			t.Error("state was lost with an endpoint")
		}
		h.circuit(breaker.Open)
		if s := now.Endpoints.Status(); len(s) != 2 || s[0].Address != "one.test:80" || s[1].Address != "three.test:80" {
			t.Errorf("the endpoints are %+v", s)
		}
	})
}

func TestARenamedOperationBeginsAnewUnlessItSaysWhatItWas(t *testing.T) {
	for _, c := range []struct {
		name, operation string
		want            breaker.State
	}{
		{"without a word", "GET /b: {timeouts: {request: 1s}}", breaker.Closed},
		{"with its earlier name", "GET /b: {timeouts: {request: 1s}, formerly: [GET /a]}", breaker.Open},
	} {
		t.Run(c.name, func(t *testing.T) {
			inHouse(t, func(h *house) {
				h.send(h.route("up", "GET /a"), 3, 500)
				h.replace("GET /a: {timeouts: {request: 1s}}", c.operation)
				b := h.route("up", "GET /b")
				if got := b.Parts.Circuit.Status().State; got != c.want {
					t.Errorf("the circuit is %s, want %s", got, c.want)
				}
			})
		})
	}
}

func TestARenamedUpstreamTakesEverythingAlong(t *testing.T) {
	inHouse(t, func(h *house) {
		h.send(h.route("up", "GET /a"), 3, 500)
		h.a().Budget.TryExtra(time.Now())
		old, inFlight := h.a(), h.Status()[0].Target.InFlight
		h.replace("  up:\n", "  upper:\n    formerly: [up]\n")
		now := h.route("upper", "GET /a").Parts
		if now.Circuit != old.Circuit || now.Budget != old.Budget || now.Limiter != old.Limiter || now.Endpoints != old.Endpoints {
			t.Error("state was lost with the name")
		}
		if h.Status()[0].Target.InFlight != inFlight {
			t.Error("exchanges in flight are counted apart")
		}
	})
}

func TestThePortOfARenamedUpstreamLeadsToItsHeir(t *testing.T) {
	inHouse(t, func(h *house) {
		if got := h.Current().Port("up", ""); got == nil || got.Upstream.Name != "up" {
			t.Errorf("the port of up leads to %v", got)
		}
		h.replace("  up:\n", "  upper:\n    listen: 127.0.0.1:1\n")
		if got := h.Current().Port("up", "127.0.0.1:1"); got == nil || got.Upstream.Name != "upper" {
			t.Errorf("the port at the address of upper leads to %v", got)
		}
		if got := h.Current().Port("up", "127.0.0.1:2"); got != nil {
			t.Errorf("a port that nobody has any more leads to %v", got)
		}
		h.replace("  up:\n", "  upper:\n    formerly: [up]\n    listen: 127.0.0.1:0\n")
		if got := h.Current().Port("up", "127.0.0.1:0"); got == nil || got.Upstream.Name != "upper" {
			t.Errorf("the port of what upper was leads to %v", got)
		}
	})
}

func TestWhatIsPutBackWithinFiveMinutesIsAsItWas(t *testing.T) {
	for _, c := range []struct {
		name string
		away time.Duration
		kept bool
	}{
		{"after four minutes", 4 * time.Minute, true},
		{"after six minutes", 6 * time.Minute, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			inHouse(t, func(h *house) {
				old := h.a()
				h.edit("version: 1\nservice: test\nupstreams: {other: {endpoints: ['http://other.test']}}\n")
				if h.route("up", "GET /a") != nil {
					t.Fatal("the operation is there still")
				}
				time.Sleep(c.away)
				h.edit(before)
				now := h.a()
				if kept := now.Circuit == old.Circuit && now.Budget == old.Budget && now.Limiter == old.Limiter && now.Endpoints == old.Endpoints; kept != c.kept {
					t.Errorf("the state is the old one: %t, want %t", kept, c.kept)
				}
			})
		})
	}
}

func TestStateWithoutAnOwnerIsDroppedThoughNobodyEdits(t *testing.T) {
	inHouse(t, func(h *house) {
		h.edit("version: 1\nservice: test\nupstreams: {other: {endpoints: ['http://other.test']}}\n")
		time.Sleep(6 * time.Minute)
		h.mu.Lock()
		defer h.mu.Unlock()
		for id := range h.state.circuits {
			if id.upstream == "up" {
				t.Errorf("the circuit of %v is kept for ever", id)
			}
		}
		if len(h.state.pools) != 1 || len(h.state.budgets) != 1 {
			t.Errorf("%d pools and %d budgets are kept, want those of one upstream", len(h.state.pools), len(h.state.budgets))
		}
	})
}

func TestAnEqualSetIsNoEdit(t *testing.T) {
	inHouse(t, func(h *house) {
		snapshot := h.Current()
		if h.edit(before) || h.Current() != snapshot {
			t.Error("the same content made another snapshot")
		}
	})
}

func TestAnExchangeKeepsItsSnapshotAndSharesItsState(t *testing.T) {
	inHouse(t, func(h *house) {
		old := h.route("up", "GET /a") // an exchange in flight holds it
		h.replace("consecutiveFailures: 3", "consecutiveFailures: 2")
		if h.route("up", "GET /a") == old || old.Operation.Policy.Breaker.ConsecutiveFailures != 3 {
			t.Error("the old snapshot was changed")
		}
		h.send(old, 2, 500)
		h.circuit(breaker.Open) // one circuit, with the settings of now
	})
}

func TestForce(t *testing.T) {
	inHouse(t, func(h *house) {
		if err := h.Force("up", "GET /a", "open"); err != nil {
			t.Fatal(err)
		}
		h.replace("max: 5", "max: 6")
		if n := h.send(h.route("up", "GET /a"), 1, 200); n != 0 {
			t.Error("a circuit that is held open gave a permit after an edit")
		}
		if err := h.Force("up", "GET /b", "open"); !errors.Is(err, ErrNoOperation) {
			t.Errorf("Force of an unknown operation gives %v", err)
		}
		h.edit(strings.Replace(before, "GET /a: {", "GET /a: {breaker: off, ", 1))
		if err := h.Force("up", "GET /a", "closed"); !errors.Is(err, ErrNoCircuit) {
			t.Errorf("Force of a breaker that is off gives %v", err)
		}
	})
}

func TestDrainStopsWhatIsRegisteredOnce(t *testing.T) {
	inHouse(t, func(h *house) {
		var stopped, taken int
		h.OnDrain(func() { stopped++ })
		unregister := h.OnDrain(func() { taken++ })
		unregister()
		h.Drain()
		h.Drain()
		if stopped != 1 || taken != 0 {
			t.Errorf("stopped %d times and %d times after it was taken back, want 1 and 0", stopped, taken)
		}
		late := make(chan struct{})
		h.OnDrain(func() { close(late) })
		<-late // who comes late is stopped at once
	})
}
