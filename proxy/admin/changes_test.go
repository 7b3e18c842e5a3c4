package admin

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"outrigger/policy"
)

func TestAReloadTellsWhatBecameOfIt(t *testing.T) {
	problem := policy.Problem{Code: "OR110", Severity: policy.Error, Place: policy.Place{File: "policy.yaml", Line: 3, Column: 5, EndColumn: 9}, Message: "unknown field"}
	for name, c := range map[string]struct {
		reload Reload
		err    error
		status int
		want   string
	}{
		"applied":   {Reload{Result: "applied", Version: "v2"}, nil, 200, `{"result":"applied","version":"v2","problems":[]}`},
		"unchanged": {Reload{Result: "unchanged", Version: "v1"}, nil, 200, `{"result":"unchanged","version":"v1","problems":[]}`},
		"rejected": {Reload{Result: "rejected", Version: "v1", Problems: policy.Problems{problem}}, nil, 422, `{"result":"rejected","version":"v1","problems":[` +
			`{"code":"OR110","severity":"error","file":"policy.yaml","line":3,"column":5,"endLine":3,"endColumn":9,"message":"unknown field","expected":"","suggestion":""}]}`},
		"rejected for a port": {
			Reload{Result: "rejected", Version: "v1", Reason: "127.0.0.1:80 is in use"},
			nil, 422,
			`{"result":"rejected","version":"v1","reason":"127.0.0.1:80 is in use","problems":[]}`,
		},
		"not read": {
			Reload{},
			errors.New("the sidecar is draining"), 503,
			`{"title":"Service Unavailable","status":503,"detail":"the policy was not read: the sidecar is draining"}`,
		},
	} {
		s := &sidecar{reload: c.reload, err: c.err}
		w := s.ask("POST", "/policy/reload", "")
		if w.Code != c.status {
			t.Errorf("%s: %d, want %d", name, w.Code, c.status)
		}
		if diff := cmp.Diff(c.want+"\n", w.Body.String()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if c.err == nil && !strings.Contains(s.log.String(), "result="+c.reload.Result) {
			t.Errorf("%s: not in the log: %s", name, s.log.String())
		}
	}
}

func TestTheLogLevelIsOneOfFour(t *testing.T) {
	s := &sidecar{}
	for word, level := range map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError} {
		w := s.ask("POST", "/log-level", fmt.Sprintf(`{"level":%q}`, word))
		if w.Code != 200 || s.level.Level() != level || members(t, w)["level"] != word {
			t.Errorf("%s: %d %s, level %v", word, w.Code, w.Body, s.level.Level())
		}
	}
	s.level.Set(slog.LevelInfo)
	for _, body := range []string{`{"level":"DEBUG"}`, `{"level":"info+3"}`, `{"level":""}`, `{}`, `{"level":7}`} {
		if w := s.ask("POST", "/log-level", body); w.Code != 400 || s.level.Level() != slog.LevelInfo {
			t.Errorf("%s: %d, level %v", body, w.Code, s.level.Level())
		}
	}
}

func TestACircuitIsForcedByNamesOfAnySpelling(t *testing.T) {
	for target, want := range map[string][]string{
		"/operations/inventory/getStock/breaker":                        {"inventory", "getStock", "open"},
		"/operations/inventory/GET%20%2Fstock%2F%7Bitem%7D/breaker":     {"inventory", "GET /stock/{item}", "open"},
		"/operations/in%2Fventory/unmatched/breaker":                    {"in/ventory", "unmatched", "open"},
		"/operations/inventory/GET%20%2Fa%2F..%2Fb%22%0A/breaker?x=%7D": {"inventory", "GET /a/../b\"\n", "open"},
	} {
		s := &sidecar{}
		w := s.ask("POST", target, `{"state":"open"}`)
		if diff := cmp.Diff(want, s.forced); diff != "" || w.Code != 200 {
			t.Errorf("%s: %d %s", target, w.Code, diff)
			continue
		}
		got := members(t, w)
		if got["upstream"] != want[0] || got["operation"] != want[1] || got["state"] != "open" {
			t.Errorf("%s: answer %v", target, got)
		}
		if n := strings.Count(s.log.String(), "\n"); n != 1 {
			t.Errorf("%s: %d log lines", target, n)
		}
	}
}

func TestACircuitThatCannotBeForcedIsToldWhy(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		body   string
		status int
	}{
		"no such operation": {ErrNoOperation, `{"state":"open"}`, 404},
		"no breaker":        {ErrNoCircuit, `{"state":"open"}`, 409},
		"unknown state":     {nil, `{"state":"half_open"}`, 400},
		"no state":          {nil, `{}`, 400},
		"no body":           {nil, ``, 400},
	} {
		s := &sidecar{err: c.err}
		w := s.ask("POST", "/operations/inventory/getStock/breaker", c.body)
		if w.Code != c.status || s.touched() {
			t.Errorf("%s: %d, touched %v", name, w.Code, s.touched())
		}
		if w.Header().Get("Content-Type") != "application/problem+json" || members(t, w)["detail"] == "" {
			t.Errorf("%s: %s %s", name, w.Header().Get("Content-Type"), w.Body)
		}
	}
}

func TestBodiesAreReadStrictlyAndWithinBounds(t *testing.T) {
	for name, c := range map[string]struct {
		target, body string
		status       int
	}{
		"unknown member":       {"/log-level", `{"level":"debug","also":1}`, 400},
		"two values":           {"/log-level", `{"level":"debug"}{}`, 400},
		"junk behind":          {"/log-level", `{"level":"debug"}x`, 400},
		"no JSON":              {"/log-level", `level=debug`, 400},
		"half":                 {"/log-level", `{"level":"de`, 400},
		"an array":             {"/log-level", `["debug"]`, 400},
		"a megabyte":           {"/log-level", `{"level":"` + strings.Repeat("x", 1<<20) + `"}`, 413},
		"blanks without end":   {"/log-level", `{"level":"debug"}` + strings.Repeat(" ", maxBody), 413},
		"members for a drain":  {"/drain", `{"now":true}`, 400},
		"nothing for a drain":  {"/drain", ``, 202},
		"{} for a drain":       {"/drain", `{}`, 202},
		"members for a reload": {"/policy/reload", `{"force":true}`, 400},
	} {
		s := &sidecar{}
		if w := s.ask("POST", c.target, c.body); w.Code != c.status || s.touched() != (c.status < 300) {
			t.Errorf("%s: %d, touched %v; want %d", name, w.Code, s.touched(), c.status)
		}
	}
}

func TestADrainBeginsOnce(t *testing.T) {
	s := &sidecar{}
	w := s.ask("POST", "/drain", "")
	if w.Code != http.StatusAccepted || s.drained != 1 || members(t, w)["draining"] != true {
		t.Errorf("%d %s, drained %d", w.Code, w.Body, s.drained)
	}
}
