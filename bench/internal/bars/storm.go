package bars

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"outrigger/bench/internal/lab"
	"outrigger/bench/internal/load"
)

const (
	stormRate     = 500
	stormDuration = 12 * time.Second
	budgetRatio   = 0.20
	budgetFloor   = 10
	budgetWindow  = 10 * time.Second
	// settling is how long after the first answer "circuit open" an attempt may still arrive that had been sent before it.
	settling = 50 * time.Millisecond
	probes   = 3
)

// arrival is one attempt as the upstream saw it.
type arrival struct {
	at     time.Time
	number int
}

// stormy answers 503 to everything and remembers when.
type stormy struct {
	mu       sync.Mutex
	arrivals []arrival
}

func (s *stormy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// A field that is missing or no number gives 0, which the judgement refuses.
	number, _ := strconv.Atoi(r.Header.Get("Outrigger-Attempt"))
	s.mu.Lock()
	s.arrivals = append(s.arrivals, arrival{time.Now(), number})
	s.mu.Unlock()
	w.WriteHeader(http.StatusServiceUnavailable)
}

// storm is what was seen while the upstream failed.
type storm struct {
	arrivals []arrival
	replies  []load.Reply
	dropped  int
	halfOpen float64
	opened   float64
}

// Storm sends 500 requests a second to an upstream that answers 503 to everything: first without a breaker, so that the retry budget
// alone holds the extra attempts back, then with one.
func Storm(ctx context.Context, l *lab.Lab) (*Verdict, error) {
	v := &Verdict{}
	for _, phase := range []struct {
		breaker string
		judge   func(*Verdict, storm)
	}{
		{"off", judgeBudget},
		// So many requests are asked for that the storm is felt before the circuit opens.
		{"{failureRate: 50%, window: 10s, minimumRequests: 500, consecutiveFailures: 10000, openFor: 2s, openForMax: 3s, probes: 3}", judgeCircuit},
	} {
		l.Say("%v of %d requests/s, breaker: %s", stormDuration, stormRate, phase.breaker)
		seen, err := weather(ctx, l, phase.breaker)
		if err != nil {
			return nil, err
		}
		phase.judge(v, seen)
	}
	return v, ctx.Err()
}

func weather(ctx context.Context, l *lab.Lab, breaker string) (storm, error) {
	upstream := &stormy{}
	port, stop, err := serve(upstream.ServeHTTP)
	if err != nil {
		return storm{}, err
	}
	defer stop()
	s, err := startSidecar(ctx, l, "storm.yaml.tmpl", map[string]any{"UpstreamPort": port, "Breaker": breaker})
	if err != nil {
		return storm{}, err
	}
	defer l.Programs.Stop(s.Process)
	steady := load.Steady{URL: "http://" + s.address + "/items/42", PerSecond: stormRate, Duration: stormDuration, Most: 1000}
	replies, dropped := steady.Run(ctx)
	metrics, err := s.metrics(ctx)
	if err != nil {
		return storm{}, err
	}
	upstream.mu.Lock()
	defer upstream.mu.Unlock()
	const transitions = "outrigger_circuit_transitions_total"
	return storm{
		arrivals: upstream.arrivals, replies: replies, dropped: dropped,
		halfOpen: metrics.Sum(transitions, "upstream", "shop", "operation", "getItem", "to", "half_open"),
		opened:   metrics.Sum(transitions, "upstream", "shop", "operation", "getItem", "from", "closed", "to", "open"),
	}, nil
}

// judgeBudget judges a storm without a breaker.
func judgeBudget(v *Verdict, s storm) {
	v.lines = append(v.lines, "retry budget alone:")
	s.requireAnswers(v)
	extra := s.extra(time.Time{}, time.Now())
	total := len(s.replies)
	windows := int(stormDuration/budgetWindow) + 1
	v.Figure("%d requests, %d attempts, %d of them extra (%.1f %%)", total, len(s.arrivals), extra, 100*float64(extra)/float64(total))
	v.Require(extra >= budgetFloor, "retries happen: at least %d extra attempts", budgetFloor)
	v.Require(float64(extra) <= budgetRatio*float64(total)+float64(windows*budgetFloor),
		"extra attempts at most %.0f %% of the requests plus %d in each of %d windows: %d allowed", 100*budgetRatio, budgetFloor, windows, int(budgetRatio*float64(total))+windows*budgetFloor)
	share := s.worstWindow()
	v.Require(share <= 1, "in every window of %v: %.0f %% of the allowance used at most", budgetWindow, 100*share)
}

// judgeCircuit judges a storm with a breaker.
func judgeCircuit(v *Verdict, s storm) {
	v.lines = append(v.lines, "with the circuit breaker:")
	s.requireAnswers(v)
	open, found := s.firstRefusal()
	v.Require(found && s.opened == 1, "the circuit opened once: %t, %.0f times", found, s.opened)
	if !found {
		return
	}
	before, requests := s.extra(time.Time{}, open), s.sentBefore(open)
	v.Figure("open after %d requests; %d extra attempts until then", requests, before)
	v.Require(before >= 1, "retries happen before the circuit opens: %d", before)
	v.Require(float64(before) <= budgetRatio*float64(requests)+budgetFloor, "extra attempts until then at most %.0f %% plus %d: %d allowed", 100*budgetRatio, budgetFloor, int(budgetRatio*float64(requests))+budgetFloor)
	after := s.between(open.Add(settling), time.Now())
	v.Require(s.extra(open.Add(settling), time.Now()) == 0, "no extra attempt afterwards: %d", s.extra(open.Add(settling), time.Now()))
	v.Require(s.halfOpen >= 1 && after >= 1, "probes happen: %d attempts in %.0f half-open periods", after, s.halfOpen)
	v.Require(float64(after) <= probes*s.halfOpen, "only probes afterwards: %d attempts, %d allowed in each half-open period", after, probes)
}

// requireAnswers requires that the storm was what it should be and that everybody was answered.
func (s storm) requireAnswers(v *Verdict) {
	unanswered, numbered, other := 0, 0, 0
	for _, reply := range s.replies {
		switch reply.Status {
		case 0:
			unanswered++
		case http.StatusServiceUnavailable:
		default:
			other++
		}
	}
	for _, a := range s.arrivals {
		if a.number > 0 {
			numbered++
		}
	}
	v.Require(s.dropped == 0 && len(s.replies) >= int(stormDuration.Seconds())*stormRate*9/10, "the rate was held: %d requests, %d not made", len(s.replies), s.dropped)
	v.Require(unanswered == 0 && other == 0, "every client got a 503: %d got nothing, %d something else", unanswered, other)
	v.Require(numbered == len(s.arrivals), "every attempt bears its number: %d of %d", numbered, len(s.arrivals))
}

func (s storm) firstRefusal() (time.Time, bool) {
	var first time.Time
	for _, reply := range s.replies {
		if strings.Contains(reply.Reason, "circuit_open") && (first.IsZero() || reply.Done.Before(first)) {
			first = reply.Done
		}
	}
	return first, !first.IsZero()
}

func (s storm) sentBefore(t time.Time) (n int) {
	for _, reply := range s.replies {
		if reply.Sent.Before(t) {
			n++
		}
	}
	return n
}

func (s storm) between(from, to time.Time) (n int) {
	for _, a := range s.arrivals {
		if !a.at.Before(from) && a.at.Before(to) {
			n++
		}
	}
	return n
}

func (s storm) extra(from, to time.Time) (n int) {
	for _, a := range s.arrivals {
		if a.number > 1 && !a.at.Before(from) && a.at.Before(to) {
			n++
		}
	}
	return n
}

// worstWindow is the largest part of its allowance that any window used, 1 for all of it. A retry counts when it is decided but is seen
// when it arrives, one back-off later: the requests of that time are added to the window.
func (s storm) worstWindow() float64 {
	const backoff = 250 * time.Millisecond
	var worst float64
	for i := range s.arrivals {
		if i%50 != 0 {
			continue
		}
		end := s.arrivals[i].at
		used := s.extra(end.Add(-budgetWindow), end)
		requests := s.sentBefore(end) - s.sentBefore(end.Add(-budgetWindow-backoff))
		worst = max(worst, float64(used)/(budgetRatio*float64(requests)+budgetFloor))
	}
	return worst
}
