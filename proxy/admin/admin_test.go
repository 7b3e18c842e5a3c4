package admin

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"outrigger/policy"
	"outrigger/proxy/observe"
)

// sidecar is everything that the port shows and changes.
type sidecar struct {
	set     *policy.Set
	reload  Reload
	failing error // of the ready check
	err     error // of Reload and Force
	filter  observe.Filter
	forced  []string
	drained int
	level   slog.LevelVar
	log     strings.Builder
	states  []observe.UpstreamState
	found   []observe.Decision
}

func (s *sidecar) Live() []Check    { return []Check{{Name: "process"}} }
func (s *sidecar) Started() []Check { return []Check{{Name: "ports"}} }
func (s *sidecar) Ready() []Check {
	return []Check{{Name: "policy", Note: "v1"}, {Name: "drain", Err: s.failing}}
}

func (s *sidecar) Current() *policy.Set                   { return s.set }
func (s *sidecar) Reload(context.Context) (Reload, error) { return s.reload, s.err }
func (s *sidecar) Upstreams() []observe.UpstreamState     { return s.states }
func (s *sidecar) ClientConnections() int                 { return 1 }
func (s *sidecar) Pressure() observe.PressureState        { return observe.PressureState{Step: "calm"} }

func (s *sidecar) Force(upstream, operation, to string) error {
	if s.err == nil {
		s.forced = []string{upstream, operation, to}
	}
	return s.err
}

func (s *sidecar) Decisions(f observe.Filter) []observe.Decision {
	s.filter = f
	return s.found
}

func (s *sidecar) handler() http.Handler {
	metrics := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "metrics\n") })
	return New(Options{
		Probes: s, Policies: s, State: s, Decisions: s, Metrics: metrics, Circuits: s,
		Drain: func() { s.drained++ }, Level: &s.level, Log: slog.New(slog.NewTextHandler(&s.log, nil)),
	})
}

const (
	near = "127.0.0.1:40000"
	far  = "10.1.2.3:40000"
)

// ask sends a request from this machine, unless an edit says otherwise.
func (s *sidecar) ask(method, target, body string, edits ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.RemoteAddr, r.Host = near, "127.0.0.1:9901"
	for _, edit := range edits {
		edit(r)
	}
	w := httptest.NewRecorder()
	s.handler().ServeHTTP(w, r)
	return w
}

func from(remote string) func(*http.Request) { return func(r *http.Request) { r.RemoteAddr = remote } }
func host(name string) func(*http.Request)   { return func(r *http.Request) { r.Host = name } }
func field(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// members decodes a JSON answer.
func members(t *testing.T, w *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil {
		t.Fatalf("%v in %q", err, w.Body)
	}
	return m
}

// withToken gives the sidecar a token file and returns its path.
func (s *sidecar) withToken(t *testing.T, token string) string {
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	s.set = &policy.Set{Version: "v1", Admin: policy.Admin{TokenFile: path}}
	return path
}

func TestProbesSayOkOrWhatFails(t *testing.T) {
	for _, c := range []struct {
		target  string
		failing error
		status  int
		want    string
	}{
		{"/livez", nil, 200, "ok\n"},
		{"/startupz", nil, 200, "ok\n"},
		{"/readyz", nil, 200, "ok\n"},
		{"/readyz?verbose", nil, 200, "[+]policy ok: v1\n[+]drain ok\nreadyz check passed\n"},
		{"/readyz", errors.New("draining"), 503, "[-]drain failed: draining\nreadyz check failed\n"},
		{"/readyz?verbose", errors.New("draining"), 503, "[+]policy ok: v1\n[-]drain failed: draining\nreadyz check failed\n"},
		{"/livez?verbose", errors.New("draining"), 200, "[+]process ok\nlivez check passed\n"},
	} {
		s := &sidecar{failing: c.failing}
		if w := s.ask("GET", c.target, ""); w.Code != c.status || w.Body.String() != c.want {
			t.Errorf("%s: %d %q, want %d %q", c.target, w.Code, w.Body, c.status, c.want)
		}
	}
}

func TestThePortForMetricsServesMetricsAndProbesAlone(t *testing.T) {
	s := &sidecar{}
	h := MetricsHandler(s, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "metrics\n") }))
	for _, c := range []struct {
		method, target string
		status         int
	}{
		{"GET", "/metrics", 200},
		{"GET", "/livez", 200},
		{"GET", "/readyz", 200},
		{"GET", "/startupz", 200},
		{"HEAD", "/readyz", 200},
		{"GET", "/", 404},
		{"GET", "/policy", 404},
		{"GET", "/decisions", 404},
		{"GET", "/operations", 404},
		{"POST", "/drain", 404},
		{"POST", "/policy/reload", 404},
		{"POST", "/log-level", 404},
		{"POST", "/metrics", 405},
		{"GET", "/metrics?name[]=" + strings.Repeat("x", maxQuery), 414},
	} {
		r := httptest.NewRequest(c.method, c.target, nil)
		r.RemoteAddr, r.Host = near, "orders.shop.svc.cluster.local:9902"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.status {
			t.Errorf("%s %.40s: %d, want %d", c.method, c.target, w.Code, c.status)
		}
	}
	if s.drained != 0 {
		t.Error("drained from the port for metrics")
	}
}

func TestTheIndexListsEveryPath(t *testing.T) {
	s := &sidecar{}
	w := s.ask("GET", "/", "")
	for _, path := range []string{
		"/livez", "/readyz", "/startupz", "/metrics", "/policy ", "/operations ", "/decisions", "/policy/reload", "/drain", "/log-level",
		"/operations/{upstream}/{operation}/breaker",
	} {
		if !strings.Contains(w.Body.String(), path) {
			t.Errorf("%s is missing", path)
		}
	}
	if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		t.Errorf("%d %s", w.Code, w.Header().Get("Content-Type"))
	}
	if w := s.ask("GET", "/nothing", ""); w.Code != 404 {
		t.Errorf("an unknown path: %d", w.Code)
	}
}

func TestASlowReaderIsCutOff(t *testing.T) {
	w := &deadlines{ResponseWriter: httptest.NewRecorder()}
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.RemoteAddr = near
	before := time.Now()
	(&sidecar{}).handler().ServeHTTP(w, r)
	if d := w.write.Sub(before); d < writeTimeout || d > writeTimeout+10*time.Second {
		t.Errorf("the write deadline is %v from now", d)
	}
}

type deadlines struct {
	http.ResponseWriter
	write time.Time
}

// SetWriteDeadline is what http.ResponseController looks for.
func (d *deadlines) SetWriteDeadline(t time.Time) error {
	d.write = t
	return nil
}
