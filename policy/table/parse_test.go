package table_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"outrigger/policy"
	"outrigger/policy/table"
)

var update = flag.Bool("update", false, "write what the golden cases should say")

// TestProblemsAreAsTheGoldenCasesSay runs testdata/*.txtar: table.yaml, and want, its problems.
func TestProblemsAreAsTheGoldenCasesSay(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden cases: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			parsed, problems := table.Parse("table.yaml", archive.Files[0].Data)
			got := told(problems)
			if (parsed == nil) != problems.HasErrors() {
				t.Errorf("a table comes with %d problems: %v", len(problems), parsed != nil)
			}
			if *update {
				archive.Files[1].Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if d := cmp.Diff(string(archive.Files[1].Data), got); d != "" {
				t.Errorf("problems (-want +got):\n%s", d)
			}
		})
	}
}

func told(problems policy.Problems) string {
	var b strings.Builder
	for _, p := range problems {
		fmt.Fprintf(&b, "%s to %d\n", p, p.Place.EndColumn)
		if p.Expected != "" {
			fmt.Fprintf(&b, "\texpected: %s\n", p.Expected)
		}
		if p.Suggestion != "" {
			fmt.Fprintf(&b, "\tinstead: %s\n", p.Suggestion)
		}
	}
	return b.String()
}

// parsed reads the cases of a table, which are the text of a list.
func parsed(t *testing.T, cases string) *table.Table {
	t.Helper()
	all, problems := table.Parse("table.yaml", []byte("version: 1\npolicy: policy.yaml\ncases:\n"+cases))
	if all == nil {
		t.Fatal(told(problems))
	}
	return all
}

func TestACaseIsOneStepOrSeveralThatShareItsRequest(t *testing.T) {
	all := parsed(t, `
- name: one
  request: POST /orders
  headers: {idempotency-key: 1}
  body: 2KiB
  upstream: stock
  times: 3
  every: 10ms
  answers: [503, {answer: reset, after: 700ms}, {answer: 200, headers: {retry-after: 2}, body: 1KiB}]
- name: several
  request: GET /stock/1
  inbound: true
  steps:
  - answers: [hang]
  - wait: 1m30s
  - request: GET http://stock/stock/2
    inbound: false
  - upstream: stock
`)
	one := all.Cases[0].Steps[0]
	want := &table.Step{
		Place: one.Place, Times: 3, Every: 10 * time.Millisecond,
		Send: table.Request{Method: "POST", Target: "/orders", Header: map[string]string{"Idempotency-Key": "1"}, Body: 2048, Upstream: "stock"},
		Answers: []table.Answer{
			{Action: table.Respond, Status: 503},
			{Action: table.Reset, After: 700 * time.Millisecond},
			{Action: table.Respond, Status: 200, Header: map[string]string{"Retry-After": "2"}, Body: 1024},
		},
	}
	if d := cmp.Diff(want, one); d != "" {
		t.Errorf("the only step (-want +got):\n%s", d)
	}
	steps := all.Cases[1].Steps
	var got []string
	for _, s := range steps {
		got = append(got, fmt.Sprintf("%s %s inbound=%v upstream=%s times=%d wait=%s", s.Send.Method, s.Send.Target, s.Send.Inbound, s.Send.Upstream, s.Times, s.Wait))
	}
	if d := cmp.Diff([]string{
		"GET /stock/1 inbound=true upstream= times=1 wait=0s",
		"GET /stock/1 inbound=true upstream= times=1 wait=1m30s",
		"GET http://stock/stock/2 inbound=false upstream= times=1 wait=0s",
		"GET /stock/1 inbound=false upstream=stock times=1 wait=0s",
	}, got); d != "" {
		t.Errorf("steps (-want +got):\n%s", d)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("version: 1\npolicy: p.yaml\ncases:\n- name: n\n  request: GET /\n  answers: [503, {answer: 200, after: 1s}]\n  expect: {status: 200, values: {retry.when: [connect]}}\n"))
	f.Add([]byte("version: 1\npolicy: p.yaml\ncases: [{name: n, steps: [{wait: 1s}, {request: GET /, expect: {codes: {none: 1}}}]}]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, problems := table.Parse("table.yaml", data)
		if (all == nil) != problems.HasErrors() && !(all == nil && len(problems) > 0) {
			t.Fatalf("table: %v, problems: %v", all != nil, problems)
		}
		if all == nil {
			return
		}
		for _, c := range all.Cases {
			if c.Name == "" || len(c.Steps) > 100 {
				t.Fatalf("case %q with %d steps", c.Name, len(c.Steps))
			}
			for _, s := range c.Steps {
				if s.Wait == 0 && (s.Send.Method == "" || s.Times < 1 || s.Times > 900) {
					t.Fatalf("step %+v", s)
				}
			}
		}
	})
}
