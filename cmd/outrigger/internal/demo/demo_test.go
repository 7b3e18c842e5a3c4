package demo

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"outrigger/cmd/outrigger/internal/demo/load"
	"outrigger/cmd/outrigger/internal/demo/screen"
	"outrigger/cmd/outrigger/internal/demo/stage"
	"outrigger/policy/compile"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// played runs a whole demo of five seconds at twice the pace, so that chance has less to say.
func played(t *testing.T) (*run, screen.Summary, string) {
	t.Helper()
	var out bytes.Buffer
	r, err := prepare(Options{For: 5 * time.Second, Dir: t.TempDir(), Out: &out, interval: interval / 2})
	if err != nil {
		t.Fatal(err)
	}
	defer r.end()
	if err := r.play(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r, r.summary(5 * time.Second), out.String()
}

func TestAWholeRunShowsWhatTheSidecarIsFor(t *testing.T) {
	_, m, out := played(t)
	sum := screen.OperationSummary{}
	for _, op := range m.Operations {
		sum.Retries += op.Retries
		sum.Saved += op.Saved
		sum.Budget += op.Budget
		sum.Unsafe += op.Unsafe
		sum.Opened += op.Opened
		sum.Closed += op.Closed
	}
	if sum.Retries == 0 || sum.Saved == 0 || sum.Saved > sum.Retries {
		t.Errorf("%d retries saved %d requests: want some, and no more than there were retries", sum.Retries, sum.Saved)
	}
	if sum.Budget == 0 || sum.Unsafe == 0 {
		t.Errorf("%d retries refused by the budget, %d as unsafe: want some of both", sum.Budget, sum.Unsafe)
	}
	if sum.Opened == 0 || sum.Closed == 0 {
		t.Errorf("circuits opened %d times and closed %d times: want both", sum.Opened, sum.Closed)
	}
	if len(m.Phases) != stage.Phases {
		t.Errorf("%d phases were seen", len(m.Phases))
	}
	if m.All.With.Failed > m.All.Without.Failed {
		t.Errorf("%d requests failed with the sidecar, %d without", m.All.With.Failed, m.All.Without.Failed)
	}
	if dead := m.Phases[stage.Dead]; dead.With.Calls >= dead.Without.Calls {
		t.Errorf("a dead inventory was called %d times with the sidecar and %d times without", dead.With.Calls, dead.Without.Calls)
	}
	if m.With.Twice != 0 || m.With.Orders == 0 || m.With.Unanswered == 0 {
		t.Errorf("booked: %+v; want orders, some of them unanswered, and none booked twice", m.With)
	}
	for _, want := range []string{"What the callers of orders saw", "none was booked twice", "flaky", "circuits: ", "/decisions"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in the output:\n%s", want, out)
		}
	}
	if strings.Contains(out, "\x1b") {
		t.Error("escapes were written to what is no terminal")
	}
}

func TestAnInterruptEndsTheDemoSoonAndWithASummary(t *testing.T) {
	var out bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, Options{Dir: t.TempDir(), Out: &out, Redraw: true, Style: screen.Style{Color: true}})
	}()
	time.Sleep(700 * time.Millisecond) // for a few frames
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it still runs, ten seconds later")
	}
	text := out.String()
	left, table, said := strings.LastIndex(text, "\x1b[?1049l"), strings.LastIndex(text, "\x1b[2K"), strings.Index(text, "What the callers")
	if table < 0 || left < table || said < left {
		t.Errorf("last drawn at %d, screen given back at %d, summary at %d: want this order", table, left, said)
	}
}

func TestThePolicyIsCleanHoweverLongTheDemoRuns(t *testing.T) {
	for _, cycle := range []time.Duration{Shortest, 20 * time.Second, cycle, time.Hour} {
		dir := t.TempDir()
		if err := write(dir, settingsFor(cycle, "127.0.0.1:20000")); err != nil {
			t.Fatal(err)
		}
		result := compile.Compile([]string{filepath.Join(dir, screen.PolicyName)}, compile.Options{ReadFile: os.ReadFile, CheckSchemas: true})
		for _, p := range result.Problems {
			t.Errorf("cycle %v: %v", cycle, p)
		}
		if result.Set == nil {
			t.Errorf("cycle %v: no set", cycle)
			continue
		}
		open := result.Set.Upstreams[0].Unmatched.Policy.Breaker.OpenForMax
		if again := (stage.Script{Cycle: cycle}).Length(stage.WellAgain); 3*open > again {
			t.Errorf("cycle %v: a circuit may be open for %v, too long to close within %v", cycle, open, again)
		}
	}
}

func TestAPolicyThatSomebodyElseWroteIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, screen.PolicyName)
	if err := os.WriteFile(path, []byte("version: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := Run(t.Context(), Options{For: Shortest, Dir: dir, Out: &bytes.Buffer{}})
	if err == nil || !strings.Contains(err.Error(), path+" exists and is not the demo's") {
		t.Errorf("error %v", err)
	}
	if text, _ := os.ReadFile(path); string(text) != "version: 1\n" {
		t.Errorf("the policy is now %q", text)
	}
}

func TestItsOwnPolicyIsWrittenAnew(t *testing.T) {
	dir := t.TempDir()
	for _, address := range []string{"127.0.0.1:20001", "127.0.0.1:20002"} {
		if err := write(dir, settingsFor(cycle, address)); err != nil {
			t.Fatal(err)
		}
		if text, _ := os.ReadFile(filepath.Join(dir, screen.PolicyName)); !strings.Contains(string(text), "http://"+address) {
			t.Errorf("%s is not in the policy", address)
		}
	}
}

func TestAFullLogBeginsAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), screen.LogName)
	log, err := createLog(path)
	if err != nil {
		t.Fatal(err)
	}
	line := bytes.Repeat([]byte("x"), maxLog/4)
	for range 6 {
		if _, err := log.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := int64(2 * len(line)); info.Size() != want {
		t.Errorf("%d bytes, want %d", info.Size(), want)
	}
}

func TestThePatternCallsEveryOperation(t *testing.T) {
	var calls [load.Operations]int
	for _, op := range pattern {
		calls[op]++
	}
	for op, n := range calls {
		if n == 0 {
			t.Errorf("%s is never called", operations[op])
		}
	}
}
