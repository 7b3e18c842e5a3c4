package bars

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"outrigger/bench/internal/load"
	"outrigger/bench/internal/scrape"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func at(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }

func TestAnEndIsJudgedByTheRequestsThatTheProxyHadAccepted(t *testing.T) {
	failed := errors.New("reset")
	refused := at(500)
	for _, c := range []struct {
		name    string
		failure load.Failure
		counts  bool
	}{
		{"on a connection made before the signal", load.Failure{Dialled: at(-900), Sent: at(500), Err: failed}, true},
		{"the first request of such a connection", load.Failure{Dialled: at(-1), Sent: at(480), First: true, Err: failed}, true},
		{"on a later connection that had been served", load.Failure{Dialled: at(10), Sent: at(490), Err: failed}, true},
		{"on a later connection long before the listener closed", load.Failure{Dialled: at(10), Sent: at(11), First: true, Err: failed}, true},
		{"on a connection that the listener took with it", load.Failure{Dialled: at(495), Sent: at(496), First: true, Err: failed}, false},
	} {
		e := end{signal: start, before: 1000, exited: time.Second, tally: load.Tally{FirstRefused: refused, Failures: []load.Failure{c.failure}}}
		if err := judgeEnd(e).Err(); (err != nil) != c.counts {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestAnEndThatIsLateOrUncleanIsMissed(t *testing.T) {
	good := end{before: 1000, exited: time.Second}
	if err := judgeEnd(good).Err(); err != nil {
		t.Errorf("a good end: %v", err)
	}
	for name, spoil := range map[string]func(*end){
		"exit too late":       func(e *end) { e.exited = drainTime + 1 },
		"exit status 1":       func(e *end) { e.status = 1 },
		"no exit":             func(e *end) { e.exitErr = errors.New("still running") },
		"readiness late":      func(e *end) { e.hasReady, e.unready = true, time.Second },
		"no load to speak of": func(e *end) { e.before = 3 },
	} {
		e := good
		spoil(&e)
		if judgeEnd(e).Err() == nil {
			t.Errorf("%s: met", name)
		}
	}
}

// weatherOf makes a storm of 500 requests a second with an extra attempt after each nth request.
func weatherOf(nth int) storm {
	var s storm
	for i := range int(stormDuration.Seconds()) * stormRate {
		sent := at(2 * i)
		s.replies = append(s.replies, load.Reply{Sent: sent, Done: sent.Add(time.Millisecond), Status: http.StatusServiceUnavailable})
		s.arrivals = append(s.arrivals, arrival{sent, 1})
		if i%nth == 0 {
			s.arrivals = append(s.arrivals, arrival{sent, 2})
		}
	}
	return s
}

func TestABudgetIsJudgedByItsExtraAttempts(t *testing.T) {
	for _, c := range []struct {
		name string
		nth  int
		met  bool
	}{{"every fifth is retried", 5, true}, {"every fourth is retried", 4, false}, {"every one is retried", 1, false}, {"hardly any is retried", 2000, false}} {
		v := &Verdict{}
		judgeBudget(v, weatherOf(c.nth))
		if (v.Err() == nil) != c.met {
			t.Errorf("%s:\n%s", c.name, v)
		}
	}
}

// brokenAfter makes a storm whose circuit opens after 500 requests and lets the given attempts through later.
func brokenAfter(later ...arrival) storm {
	s := weatherOf(6)
	kept := slices.Clone(later)
	for _, a := range s.arrivals {
		if a.at.Before(at(1000)) {
			kept = append(kept, a)
		}
	}
	for i := range s.replies {
		if !s.replies[i].Sent.Before(at(1000)) {
			s.replies[i].Reason = `outrigger; error=destination_unavailable; details="circuit_open"`
		}
	}
	s.arrivals, s.opened, s.halfOpen = kept, 1, 2
	return s
}

func TestACircuitIsJudgedByWhatPassesItAfterwards(t *testing.T) {
	probe := func(ms, number int) arrival { return arrival{at(ms), number} }
	for _, c := range []struct {
		name  string
		storm storm
		met   bool
	}{
		{"probes alone", brokenAfter(probe(3100, 1), probe(3101, 1), probe(6000, 1)), true},
		{"no probe", brokenAfter(), false},
		{"a probe that was retried", brokenAfter(probe(3100, 1), probe(3150, 2)), false},
		{"more than the probes", brokenAfter(probe(3100, 1), probe(3101, 1), probe(3102, 1), probe(3103, 1), probe(3104, 1), probe(3105, 1), probe(3106, 1)), false},
		{"never opened", weatherOf(6), false},
	} {
		v := &Verdict{}
		judgeCircuit(v, c.storm)
		if (v.Err() == nil) != c.met {
			t.Errorf("%s:\n%s", c.name, v)
		}
	}
}

func TestAVanishedClientIsJudged(t *testing.T) {
	metrics, err := scrape.Parse(strings.NewReader(`outrigger_requests_total{upstream="shop",operation="getItem",outcome="client_closed"} 30
outrigger_attempts_total{upstream="shop",operation="getItem",outcome="client_closed"} 30
`))
	if err != nil {
		t.Fatal(err)
	}
	good := departures{cancelled: []time.Duration{time.Millisecond, goneLimit}, metrics: metrics, failing: failuresToOpen, openedAfter: true}
	if v := judgeDepartures(good); v.Err() != nil {
		t.Errorf("good:\n%s", v)
	}
	for name, spoil := range map[string]func(*departures){
		"one too slow":        func(d *departures) { d.cancelled = append(d.cancelled, goneLimit+1) },
		"one never cancelled": func(d *departures) { d.never = 1 },
		"counted as failures": func(d *departures) { d.failing = 0 },
		"counted as good":     func(d *departures) { d.failing, d.openedAfter = failuresToOpen+1, false },
		"not in the metrics":  func(d *departures) { d.metrics = nil },
	} {
		d := good
		spoil(&d)
		if judgeDepartures(d).Err() == nil {
			t.Errorf("%s: met", name)
		}
	}
}

func TestARejectionNamesFileAndLine(t *testing.T) {
	for log, want := range map[string]bool{
		`{"msg":"policy rejected","problem":"/x/policy.yaml:4:1: error: unknown field"}`: true,
		`{"msg":"policy rejected","file":"policy.yaml","line":4}`:                        true,
		`{"msg":"policy rejected","file":"policy.yaml","line":41}`:                       false,
		`{"msg":"policy rejected"}` + "\n" + `{"line":4}`:                                false,
	} {
		if namesTypo(log) != want {
			t.Errorf("namesTypo(%s) = %t", log, !want)
		}
	}
}

func TestEditsAreJudged(t *testing.T) {
	good := edits{
		figures: load.Figures{Requests: 1e6, Micros: 2e7}, made: 200, invalid: 40, applied: 100, reject: 30, resident: make([]int64, 200),
		circuitOpen: true, transitions: 1, version: time.Second, lastSuccessful: 1, namesFileAndLine: true,
	}
	for i := range good.resident {
		good.resident[i] = 20 << 20
	}
	if v := judgeEdits(good); v.Err() != nil {
		t.Errorf("good:\n%s", v)
	}
	for name, spoil := range map[string]func(*edits){
		"a failed request":      func(e *edits) { e.figures.Read = 1 },
		"nothing was rejected":  func(e *edits) { e.reject = 0 },
		"the circuit closed":    func(e *edits) { e.circuitOpen = false },
		"it opened once more":   func(e *edits) { e.transitions = 3 },
		"too slow":              func(e *edits) { e.version = effectiveTime + 1 },
		"silent about the typo": func(e *edits) { e.namesFileAndLine = false },
		"memory grows": func(e *edits) {
			e.resident = make([]int64, 200)
			for i := range e.resident {
				e.resident[i] = int64(20+i/10) << 20
			}
		},
	} {
		e := good
		spoil(&e)
		if judgeEdits(e).Err() == nil {
			t.Errorf("%s: met", name)
		}
	}
}

func TestMemoryIsJudgedOnlyWhereTheConnectionsWereThere(t *testing.T) {
	good := memory{resting: 15 << 20, busy: 45 << 20, crowd: 120 << 20, opened: idleConnections, answered: 100_000}
	if err := judgeMemory(good).Err(); err != nil {
		t.Errorf("a good sidecar: %v", err)
	}
	for name, spoil := range map[string]func(*memory){
		"large at rest":           func(m *memory) { m.resting = restingLimit + 1 },
		"large at work":           func(m *memory) { m.busy = busyLimit + 1 },
		"large in a crowd":        func(m *memory) { m.crowd = crowdLimit + 1 },
		"12 KiB each":             func(m *memory) { m.crowd = m.resting + idleConnections*eachLimit },
		"a connection was closed": func(m *memory) { m.opened-- },
		"a request failed":        func(m *memory) { m.failed = 1 },
		"no work":                 func(m *memory) { m.answered = 0 },
		"nothing measured":        func(m *memory) { m.resting = 0 },
	} {
		m := good
		spoil(&m)
		if judgeMemory(m).Err() == nil {
			t.Errorf("%s: met", name)
		}
	}
}

// repliesOf makes n answers that took so many milliseconds each.
func repliesOf(n, ms int) []load.Reply {
	replies := make([]load.Reply, n)
	for i := range replies {
		replies[i] = load.Reply{Sent: at(0), Done: at(ms), Status: http.StatusOK}
	}
	return replies
}

func TestAnAttackIsJudgedByWhatOrdinaryTrafficFelt(t *testing.T) {
	calm := int(attackRounds * calmPhase.Seconds() * ordinaryRate)
	under := int(attackRounds * attackedPhase.Seconds() * ordinaryRate)
	good := func() attack {
		return attack{calm: repliesOf(calm, 2), attacked: repliesOf(under, 3), held: attackersHeld, cut: 1}
	}
	if err := judgeAttack(good()).Err(); err != nil {
		t.Errorf("a good sidecar: %v", err)
	}
	for name, spoil := range map[string]func(*attack){
		"twice as slow":         func(a *attack) { a.attacked = repliesOf(under, 4) },
		"a failed request":      func(a *attack) { a.attacked[7].Status = 503 },
		"one without answer":    func(a *attack) { a.calm[7].Status = 0 },
		"a request not made":    func(a *attack) { a.dropped = 1 },
		"the rate was not held": func(a *attack) { a.attacked = a.attacked[:under/2] },
		"hardly an attack":      func(a *attack) { a.held-- },
		"nobody was cut off":    func(a *attack) { a.cut = 0 },
		"nothing measured":      func(a *attack) { a.calm, a.attacked = nil, nil },
	} {
		a := good()
		spoil(&a)
		if judgeAttack(a).Err() == nil {
			t.Errorf("%s: met", name)
		}
	}
}
