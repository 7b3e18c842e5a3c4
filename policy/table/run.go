package table

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"outrigger/policy"
	"outrigger/policy/explain"
)

// Result is how one case came out.
type Result struct {
	Name  string
	Place policy.Place
	// Failures are the expectations that were not met; none when the case passes.
	Failures []Failure
}

// Failure is one expectation that was not met.
type Failure struct {
	Place policy.Place
	// Message says what came and what was wanted.
	Message string
	// Story is what was decided meanwhile, a line each.
	Story []string
}

// Passed reports whether every expectation was met.
func (r Result) Passed() bool { return len(r.Failures) == 0 }

// Run tries a case against a set. It is safe for concurrent use as far as the simulator is.
func (c *Case) Run(set *policy.Set, simulate Simulator) Result {
	t := trial{set: set, simulate: simulate, result: Result{Name: c.Name, Place: c.Place}}
	var seen [][]Exchange
	if c.needsSidecar() {
		var err error
		if seen, err = simulate(set, c.Steps); err != nil {
			t.cannot(c.Place, err)
			return t.result
		}
	}
	for i, s := range c.Steps {
		t.static(s)
		if seen != nil && s.Wait == 0 {
			t.dynamic(s.Expect, seen[i])
		}
	}
	slices.SortStableFunc(t.result.Failures, func(a, b Failure) int {
		return cmp.Or(cmp.Compare(a.Place.Line, b.Place.Line), cmp.Compare(a.Place.Column, b.Place.Column))
	})
	return t.result
}

// StepError says which step a simulator cannot run.
type StepError struct {
	Step *Step
	Err  error
}

// Error is the reason; the step has its place.
func (e *StepError) Error() string { return e.Err.Error() }

func (e *StepError) Unwrap() error { return e.Err }

func (t *trial) cannot(at policy.Place, err error) {
	if of := (*StepError)(nil); errors.As(err, &of) {
		at = of.Step.Place
	}
	t.fail(at, "cannot be run: "+err.Error())
}

// needsSidecar reports whether anything is expected that only a sidecar can show.
func (c *Case) needsSidecar() bool {
	for _, s := range c.Steps {
		e := s.Expect
		if e.Status != nil || e.Code != nil || e.Attempts != nil || e.AtLeast != nil || e.AtMost != nil || e.TotalAttempts != nil ||
			e.Circuit != nil || len(e.Statuses)+len(e.Codes) > 0 {
			return true
		}
	}
	return false
}

// trial is one run of a case.
type trial struct {
	set      *policy.Set
	simulate Simulator
	result   Result
}

func (t *trial) fail(at policy.Place, message string, story ...string) {
	t.result.Failures = append(t.result.Failures, Failure{at, message, story})
}

// static checks what a policy says of a request, without sending it.
func (t *trial) static(s *Step) {
	e := s.Expect
	if e.Operation != nil || e.Retries != nil || len(e.Values) > 0 {
		answer, err := explain.Explain(s.question(t.set))
		if err != nil {
			t.fail(s.Place, err.Error())
			return
		}
		if w := e.Operation; w != nil && w.Value != answer.Operation {
			t.fail(w.Place, fmt.Sprintf("operation is %s, want %s", answer.Operation, w.Value))
		}
		if w := e.Retries; w != nil && w.Value != answer.Worst.Retries {
			t.fail(w.Place, fmt.Sprintf("at most %d retries, want %d", answer.Worst.Retries, w.Value))
		}
		t.values(e.Values, answer.Effective)
	}
	for _, w := range e.Retried {
		t.retried(s, w, true)
	}
	for _, w := range e.NotRetried {
		t.retried(s, w, false)
	}
}

func (s *Step) question(set *policy.Set) explain.Question {
	return explain.Question{
		Set: set, Inbound: s.Send.Inbound, Upstream: s.Send.Upstream, Method: s.Send.Method, Target: s.Send.Target, Header: s.Send.announced(),
	}
}

// announced is the header of a request with the length of its body.
func (r Request) announced() map[string]string {
	if r.Body == 0 {
		return r.Header
	}
	header := map[string]string{"Content-Length": strconv.FormatInt(r.Body, 10)}
	for name, value := range r.Header {
		header[name] = value
	}
	return header
}

// retried has an upstream do something to the first attempt and looks whether there is another one.
func (t *trial) retried(s *Step, w Wanted[Condition], want bool) {
	first := map[Condition]Answer{
		"connect": {Action: Refuse}, "refused": {Action: Respond, Status: 425}, "reset": {Action: Reset}, "timeout": {Action: Hang},
	}[w.Value]
	if status, err := strconv.Atoi(string(w.Value)); err == nil {
		first = Answer{Action: Respond, Status: status}
	}
	once := &Step{Place: s.Place, Send: s.Send, Times: 1, Answers: []Answer{first, {Action: Respond, Status: 200}}}
	seen, err := t.simulate(t.set, []*Step{once})
	if err == nil && (len(seen) != 1 || len(seen[0]) != 1) {
		err = errors.New("the simulator lost the exchange")
	}
	if err != nil {
		t.cannot(w.Place, err)
		return
	}
	switch x := seen[0][0]; {
	case want && x.Attempts < 2:
		t.fail(w.Place, fmt.Sprintf("%s is not retried, want a retry", w.Value), t.reasons(s, x)...)
	case !want && x.Attempts > 1:
		t.fail(w.Place, fmt.Sprintf("%s is retried, want none", w.Value), t.reasons(s, x)...)
	}
}

// reasons are the story of an exchange and the settings that made it so.
func (t *trial) reasons(s *Step, x Exchange) []string {
	answer, err := explain.Explain(s.question(t.set))
	if err != nil {
		return x.Story
	}
	lines := slices.Clone(x.Story)
	for _, v := range answer.Effective {
		if v.Key == "retry.retries" || v.Key == "retry.when" || v.Key == "retry.idempotent" {
			lines = append(lines, fmt.Sprintf("%s is %s (%s)", v.Key, v.Value, v.Source))
		}
	}
	return lines
}
