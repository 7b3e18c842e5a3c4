package screen

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"outrigger/cmd/outrigger/internal/demo/stage"
	"outrigger/proxy/observe"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares text with a file of testdata; escapes are spelled out, so that a diff can be read.
func golden(t *testing.T, name string, lines []string) {
	t.Helper()
	text := strings.ReplaceAll(strings.Join(lines, "\n")+"\n", "\x1b", "<ESC>")
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

var escape = regexp.MustCompile("\x1b\\[[0-9;?]*[A-Za-z]")

func narrow(t *testing.T, lines []string) {
	t.Helper()
	for _, line := range lines {
		for part := range strings.SplitSeq(line, "\n") {
			if n := utf8.RuneCountInString(escape.ReplaceAllString(part, "")); n > Width {
				t.Errorf("%d columns, %d at most: %q", n, Width, part)
			}
		}
	}
}

var places = Places{Dir: "/tmp/outrigger-demo-1234567890", Admin: "127.0.0.1:41234"}

func frame() Frame {
	return Frame{
		Moment:  stage.Moment{Phase: stage.Dead, In: 3600 * time.Millisecond, Length: 4 * time.Second},
		Elapsed: 15600 * time.Millisecond, Total: 20 * time.Second, Patience: time.Second, Recently: 2 * time.Second,
		Rows: []Row{
			{
				Operation: "getStock", Rate: 43.9, With: Seen{true, .9997, 212 * time.Millisecond}, Without: Seen{true, .703, 1002 * time.Millisecond},
				Retries: 14223, Saved: 8821, Budget: 1456, Circuit: "closed", InState: 12300 * time.Millisecond,
			},
			{
				Operation: "listStock", Rate: 20.3, With: Seen{true, .93, 3010 * time.Microsecond}, Without: Seen{true, 1, 840 * time.Microsecond},
				Retries: 68, Saved: 41, Budget: 32, Circuit: "half_open", InState: 300 * time.Millisecond,
			},
			{
				Operation: "reserveStock", With: Seen{}, Without: Seen{true, 0, 41 * time.Second},
				Unsafe: 47, Circuit: "open", InState: 123400 * time.Millisecond,
			},
		},
		With: Seen{true, .9534, 212 * time.Millisecond}, Without: Seen{true, .703, 1002 * time.Millisecond},
		BudgetLeft: .302,
		Decisions: []Decision{
			{"reserveStock", "no retry (not_idempotent): attempt 1 ended with upstream_reset_before_headers and may have been processed", "default", 502, 0},
			{"getStock", "attempt 1 ended with 503; retry 1 of 2 in 9.426ms", "policy.yaml:22", 200, 1250 * time.Millisecond},
			{"listStock", strings.Repeat("word ", 200), "", 0, time.Second},
		},
		Places: places,
	}
}

func TestTheTableShowsEveryFigureInItsPlace(t *testing.T) {
	f := frame()
	golden(t, "frame.golden", f.Lines(Style{}))
	golden(t, "frame-color.golden", f.Lines(Style{Color: true}))
	narrow(t, f.Lines(Style{Color: true}))
}

func TestColorChangesNothingButColor(t *testing.T) {
	f := frame()
	colored := strings.Join(f.Lines(Style{Color: true}), "\n")
	if diff := cmp.Diff(strings.Join(f.Lines(Style{}), "\n"), escape.ReplaceAllString(colored, "")); diff != "" {
		t.Error(diff)
	}
}

func TestEveryFrameHasAsManyLinesAsEveryOther(t *testing.T) {
	full, empty := frame(), frame()
	empty.Decisions, empty.Total, empty.Policy = nil, 0, Edits{Applied: 2, Refused: true}
	if a, b := len(full.Lines(Style{})), len(empty.Lines(Style{})); a != b {
		t.Errorf("%d and %d lines", a, b)
	}
	narrow(t, empty.Lines(Style{}))
}

func TestAnEditThatIsNotValidIsSaidInsteadOfTheOneBefore(t *testing.T) {
	f := frame()
	for _, c := range []struct {
		edits Edits
		want  string
	}{
		{Edits{}, "edit it now"},
		{Edits{Applied: 1}, "in force (1 so far)"},
		{Edits{Applied: 1, Rejected: 1, Refused: true}, "NOT VALID"},
	} {
		f.Policy = c.edits
		if text := strings.Join(f.Lines(Style{}), "\n"); !strings.Contains(text, c.want) {
			t.Errorf("%+v: %q is not said", c.edits, c.want)
		}
	}
}

func TestProgressIsALineAndOneMoreForCircuits(t *testing.T) {
	f := frame()
	calm := frame()
	for i := range calm.Rows {
		calm.Rows[i].Circuit = "closed"
	}
	golden(t, "progress.golden", []string{f.Progress(), calm.Progress()})
	narrow(t, []string{f.Progress(), calm.Progress()})
}

func summary() Summary {
	ms := time.Millisecond
	return Summary{
		Lasted: 20 * time.Second, Places: places,
		Phases: []Compared{
			{stage.Healthy, Side{240, 0, 520 * time.Microsecond, 3 * ms, 240, 0}, Side{240, 0, 410 * time.Microsecond, 2 * ms, 240, 0}},
			{stage.Flaky, Side{400, 51, ms, 26 * ms, 513, 86}, Side{400, 137, ms, 3 * ms, 400, 0}},
			{stage.Slow, Side{320, 76, 2 * ms, 624 * ms, 401, 49}, Side{319, 134, ms, time.Second, 319, 0}},
			{stage.Dead, Side{320, 320, ms, 11 * ms, 61, 0}, Side{320, 320, ms, 2 * ms, 320, 0}},
			{stage.WellAgain, Side{318, 21, ms, 5 * ms, 297, 0}, Side{318, 0, ms, 4 * ms, 318, 0}},
		},
		All: Compared{With: Side{1598, 468, ms, 422 * ms, 1512, 135}, Without: Side{1597, 591, ms, time.Second, 1597, 0}},
		Operations: []OperationSummary{
			{"getStock", Seen{true, .734, 0}, Seen{true, .63, 0}, 148, 99, 53, 0, 1, 1, 175},
			{"reserveStock", Seen{true, .63, 0}, Seen{true, .648, 0}, 0, 0, 12, 48, 1, 1, 58},
		},
		With: stage.Booked{Orders: 237, Unanswered: 36}, Without: stage.Booked{Orders: 240, Unanswered: 38},
	}
}

func TestTheSummaryComparesAndSaysWhatItMeans(t *testing.T) {
	lines := summary().Lines(Style{})
	golden(t, "summary.golden", lines)
	narrow(t, lines)
}

func TestTheSummaryDoesNotHideWhatSpeaksAgainstUs(t *testing.T) {
	m := summary()
	m.With.Twice, m.Skipped = 3, 17
	m.Phases[3].With.Calls = 400
	text := strings.Join(m.Lines(Style{}), " ")
	for _, want := range []string{"3 orders were booked TWICE", "17 pairs of requests were left out", "too late to spare", "6.6% of the calls failed instead of 0.0%"} {
		if !strings.Contains(strings.Join(strings.Fields(text), " "), want) {
			t.Errorf("%q is not said in: %s", want, text)
		}
	}
	if strings.Contains(text, "none was booked twice") {
		t.Error("it is also said that none was booked twice")
	}
}

func TestOfDecisionsThatDifferInNumbersOnlyTheNewestIsShown(t *testing.T) {
	now := time.Date(2026, 5, 4, 10, 11, 12, 0, time.UTC)
	decided := func(operation, at, what string) observe.Decision {
		return observe.Decision{Operation: operation, Time: at, Duration: 100, Status: 200, Events: []observe.Event{{What: "something before"}, {What: what, Source: "/a/b/policy.yaml:7"}}}
	}
	got := Latest([]observe.Decision{
		decided("getStock", "2026-05-04T10:11:11.500Z", "attempt 1 ended with 503; retry 1 of 2 in 9.4ms"),
		decided("getStock", "2026-05-04T10:11:11.400Z", "attempt 1 ended with 503; retry 1 of 2 in 512µs"),
		{Operation: "getStock", Time: "2026-05-04T10:11:11.300Z"},
		decided("getStock", "2026-05-04T10:11:11.300Z", "attempt 1 ended with 429; retry 1 of 2 in 8ms"),
		decided("listStock", "not a time", "attempt 1 ended with 503; retry 1 of 2 in 1ms"),
	}, now)
	want := []Decision{
		{"getStock", "attempt 1 ended with 503; retry 1 of 2 in 9.4ms", "policy.yaml:7", 200, 400 * time.Millisecond},
		{"getStock", "attempt 1 ended with 429; retry 1 of 2 in 8ms", "policy.yaml:7", 200, 600 * time.Millisecond},
		{"listStock", "attempt 1 ended with 503; retry 1 of 2 in 1ms", "policy.yaml:7", 200, 0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheTerminalGivesBackWhatItTook(t *testing.T) {
	var out bytes.Buffer
	terminal := Open(&out)
	terminal.Draw([]string{"one", "two"})
	terminal.Close()
	for _, pair := range [][2]string{{"\x1b[?1049h", "\x1b[?1049l"}, {"\x1b[?25l", "\x1b[?25h"}, {"\x1b[?7l", "\x1b[?7h"}} {
		taken, given := strings.Index(out.String(), pair[0]), strings.Index(out.String(), pair[1])
		if taken < 0 || given < taken {
			t.Errorf("%q at %d is not followed by %q at %d", pair[0], taken, pair[1], given)
		}
	}
	if !strings.Contains(out.String(), "\x1b[2;1H\x1b[2Ktwo") || strings.Contains(out.String(), "\n") {
		t.Errorf("lines are not placed one by one: %q", out.String())
	}
}

func TestDurationsAndSharesAreShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "-", 400 * time.Microsecond: "0.40ms", 9994 * time.Microsecond: "9.99ms", 12345 * time.Microsecond: "12.3ms",
		999 * time.Millisecond: "999ms", 999600 * time.Microsecond: "1.00s", 9996 * time.Millisecond: "10s", 99960 * time.Microsecond: "100ms",
	} {
		if got := brief(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
	for share, want := range map[float64]string{1: "100.0%", .9999: "99.9%", 0: "0.0%", .703: "70.3%", .29: "29.0%"} {
		if got := percent(share); got != want {
			t.Errorf("%v: %s, want %s", share, got, want)
		}
	}
}
