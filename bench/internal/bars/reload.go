package bars

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"outrigger/bench/internal/lab"
	"outrigger/bench/internal/load"
	"outrigger/bench/internal/origin"
	"outrigger/bench/internal/scrape"
)

const (
	reloadTime    = 20 * time.Second
	editEvery     = 100 * time.Millisecond
	effectiveTime = 2 * time.Second
)

// edits is what was seen while the policy changed under load.
type edits struct {
	figures         load.Figures
	made, invalid   int
	applied, reject float64
	resident        []int64
	// circuitOpen says that the circuit opened before the edits is still open after them; transitions counts its openings.
	circuitOpen      bool
	transitions      float64
	version          time.Duration
	lastSuccessful   float64
	namesFileAndLine bool
}

// Reload edits the policy ten times a second for 20 seconds while wrk works at full speed; every fifth edit is invalid.
// The circuit of a second upstream is opened before, with an open time that outlasts the trial.
func Reload(ctx context.Context, l *lab.Lab) (*Verdict, error) {
	source, err := origin.Start(l)
	if err != nil {
		return nil, err
	}
	if err := source.AwaitSelf(ctx); err != nil {
		return nil, err
	}
	brokenPort, stop, err := serve(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	if err != nil {
		return nil, err
	}
	defer stop()
	doorPort, err := lab.FreePort()
	if err != nil {
		return nil, err
	}
	s, err := startSidecar(ctx, l, "reload.yaml.tmpl", map[string]any{
		"UpstreamPort": source.Port, "BrokenPort": brokenPort, "DoorPort": doorPort, "MinimumRequests": 20, "Typo": false,
	})
	if err != nil {
		return nil, err
	}
	if err := openCircuit(fmt.Sprintf("127.0.0.1:%d", doorPort)); err != nil {
		return nil, err
	}
	seen, err := s.editUnderLoad(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := source.Probe(ctx, s.address, origin.SmallPath); err != nil {
		return nil, fmt.Errorf("after the edits: %w", err)
	}
	if err := s.inspect(ctx, &seen); err != nil {
		return nil, err
	}
	return judgeEdits(seen), ctx.Err()
}

// openCircuit fails often enough for the consecutive rule of the template.
func openCircuit(address string) error {
	conn, err := load.Dial(address)
	if err != nil {
		return err
	}
	defer conn.Close()
	for range 50 {
		answer, err := conn.Get("/items/42")
		if err != nil {
			return err
		}
		if strings.Contains(string(answer.Body), "circuit_open") {
			return nil
		}
	}
	return fmt.Errorf("circuit of the broken upstream: still closed after 50 failures")
}

func (s *sidecar) editUnderLoad(ctx context.Context) (edits, error) {
	type result struct {
		figures load.Figures
		err     error
	}
	done := make(chan result, 1)
	wrk := load.Wrk{URL: "http://" + s.address + origin.SmallPath, Connections: 64, Duration: reloadTime}
	s.lab.Say("%v of wrk, an edit every %v", reloadTime, editEvery)
	go func() {
		figures, err := wrk.Run(ctx, s.lab)
		done <- result{figures, err}
	}()
	var seen edits
	ticker := time.NewTicker(editEvery)
	defer ticker.Stop()
	for {
		select {
		case r := <-done:
			seen.figures = r.figures
			return seen, r.err
		case <-ticker.C:
		}
		seen.made++
		typo := seen.made%5 == 0
		if typo {
			seen.invalid++
		}
		if err := s.edit(seen.made, typo); err != nil {
			return seen, err
		}
		usage, err := s.Usage()
		if err != nil {
			return seen, fmt.Errorf("%w\n%s", err, s.Tail())
		}
		seen.resident = append(seen.resident, usage.Resident)
	}
}

// edit changes a threshold, by turns as editors do (a new file in the place of the old) and as shells do (the same file rewritten).
func (s *sidecar) edit(n int, typo bool) error {
	s.values["MinimumRequests"], s.values["Typo"] = 20+n, typo
	text, err := configs.ReadFile("config/reload.yaml.tmpl")
	if err != nil {
		return err
	}
	draft, err := s.lab.Render(filepath.Join("drafts", "policy.yaml"), string(text), s.values)
	if err != nil {
		return err
	}
	if n%2 == 0 {
		return os.Rename(draft, s.policy)
	}
	content, err := os.ReadFile(draft)
	if err != nil {
		return err
	}
	return os.WriteFile(s.policy, content, 0o644)
}

// inspect makes a last valid edit, times it, and reads what the sidecar says about all of them.
func (s *sidecar) inspect(ctx context.Context, seen *edits) error {
	// Whatever the last edits of the storm were, they are settled by then.
	if err := pause(ctx, effectiveTime); err != nil {
		return err
	}
	before, err := s.version(ctx)
	if err != nil {
		return err
	}
	begun := time.Now()
	if err := s.edit(5000, false); err != nil {
		return err
	}
	for after := before; after == before && time.Since(begun) < 2*effectiveTime; {
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return err
		}
		if after, err = s.version(ctx); err != nil {
			return err
		}
	}
	seen.version = time.Since(begun)
	metrics, err := s.metrics(ctx)
	if err != nil {
		return err
	}
	const reloads = "outrigger_policy_reloads_total"
	seen.applied, seen.reject = metrics.Sum(reloads, "result", "applied"), metrics.Sum(reloads, "result", "rejected")
	seen.lastSuccessful = metrics.Sum("outrigger_policy_last_reload_successful")
	seen.circuitOpen = metrics.Sum("outrigger_circuit_state", "upstream", "broken", "operation", "getItem", "state", "open") == 1
	seen.transitions = metrics.Sum("outrigger_circuit_transitions_total", "upstream", "broken")
	text, err := os.ReadFile(s.Output)
	seen.namesFileAndLine = namesTypo(string(text))
	return err
}

// version is the version of the policy in force.
func (s *sidecar) version(ctx context.Context) (string, error) {
	text, err := scrape.Fetch(ctx, "http://"+s.admin+"/metrics")
	if err != nil {
		return "", err
	}
	match := regexp.MustCompile(`outrigger_policy_info\{[^}]*version="([^"]+)"[^}]*\} 1`).FindStringSubmatch(text)
	if match == nil {
		return "", fmt.Errorf("outrigger_policy_info: no sample with value 1")
	}
	return match[1], nil
}

// typoLine is where the template writes its unknown field.
const typoLine = "4"

// namesTypo reports whether any log line names the policy file and the line of the typo.
func namesTypo(log string) bool {
	return slices.ContainsFunc(strings.Split(log, "\n"), func(line string) bool {
		return strings.Contains(line, "policy.yaml:"+typoLine) ||
			strings.Contains(line, "policy.yaml") && regexp.MustCompile(`"line":"?`+typoLine+`\b`).MatchString(line)
	})
}

func judgeEdits(e edits) *Verdict {
	v := &Verdict{}
	v.Figure("%d edits, %d of them invalid; %.0f applied, %.0f rejected (close ones are read as one)", e.made, e.invalid, e.applied, e.reject)
	v.Figure("%.0f requests/s, 99 %% within %.1f ms", e.figures.PerSecond(), float64(e.figures.P99)/1000)
	v.Require(e.figures.Check() == nil, "no failed request: %d answered, errors: %v", e.figures.Requests, e.figures.Check())
	v.Require(e.made >= int(reloadTime/editEvery)*8/10, "the edits were made: %d", e.made)
	v.Require(e.applied >= 10, "valid edits were applied under load: %.0f", e.applied)
	v.Require(e.reject >= 1, "invalid edits were rejected: %.0f", e.reject)
	v.Require(e.namesFileAndLine, "the log names the file and the line of the typo")
	v.Require(e.circuitOpen && e.transitions == 1, "breaker state kept: open %t, transitions %.0f", e.circuitOpen, e.transitions)
	v.Require(e.version <= effectiveTime, "the last edit in force within %v: %v", effectiveTime, e.version.Round(time.Millisecond))
	v.Require(e.lastSuccessful == 1, "last reload successful: %.0f", e.lastSuccessful)
	early, late := e.memory()
	v.Require(early > 0 && late <= early*1.10+2, "memory flat: %.1f MiB in the second quarter, %.1f MiB in the last (10 %% and 2 MiB allowed)", early, late)
	return v
}

// memory is the median resident memory, in MiB, of the second and of the last quarter of the run.
func (e edits) memory() (early, late float64) {
	n := len(e.resident)
	if n < 8 {
		return 0, 0
	}
	middle := func(part []int64) float64 {
		return float64(slices.Sorted(slices.Values(part))[len(part)/2]) / (1 << 20)
	}
	return middle(e.resident[n/4 : n/2]), middle(e.resident[n*3/4:])
}
