package proxytest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"

	"outrigger/proxy/observe"
)

// Get asks the admin port and returns status and body.
func (s *Sidecar) Get(path string) (int, string) {
	s.t.Helper()
	return s.ask(http.MethodGet, path, "")
}

// Post changes something through the admin port.
func (s *Sidecar) Post(path, body string) (int, string) {
	s.t.Helper()
	return s.ask(http.MethodPost, path, body)
}

func (s *Sidecar) ask(method, path, body string) (int, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, "http://"+s.Admin()+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func (s *Sidecar) json(path string, to any) {
	s.t.Helper()
	status, body := s.Get(path)
	if status != http.StatusOK {
		s.t.Fatalf("GET %s answers %d: %s", path, status, body)
	}
	if err := json.NewDecoder(bytes.NewReader([]byte(body))).Decode(to); err != nil {
		s.t.Fatalf("GET %s: %v in %s", path, err, body)
	}
}

// Upstream is how an upstream stands, by /operations.
func (s *Sidecar) Upstream(name string) observe.UpstreamState {
	s.t.Helper()
	var all struct{ Upstreams []observe.UpstreamState }
	s.json("/operations", &all)
	for _, u := range all.Upstreams {
		if u.Name == name {
			return u
		}
	}
	s.t.Fatalf("/operations knows no upstream %s: %+v", name, all)
	return observe.UpstreamState{}
}

// Operation is how an operation stands, by /operations.
func (s *Sidecar) Operation(upstream, operation string) observe.OperationState {
	s.t.Helper()
	for _, op := range s.Upstream(upstream).Operations {
		if op.Name == operation {
			return op
		}
	}
	s.t.Fatalf("/operations knows no operation %s of %s", operation, upstream)
	return observe.OperationState{}
}

// Decisions are the exchanges remembered, newest first; the query may be empty.
func (s *Sidecar) Decisions(query string) []observe.Decision {
	s.t.Helper()
	var all struct{ Decisions []observe.Decision }
	s.json("/decisions?"+query, &all)
	return all.Decisions
}

// Metric sums the samples of a metric whose labels hold all of the given ones, written name="value".
func (s *Sidecar) Metric(name string, labels ...string) float64 {
	s.t.Helper()
	status, body := s.Get("/metrics")
	if status != http.StatusOK {
		s.t.Fatalf("GET /metrics answers %d", status)
	}
	return Sum(body, name, labels...)
}

// Sum is Metric over a text in Prometheus' format.
func Sum(text, name string, labels ...string) float64 {
	sum := 0.0
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, name)
		if !ok || rest == "" || rest[0] != '{' && rest[0] != ' ' || !containsAll(rest, labels) {
			continue
		}
		fields := strings.Fields(rest[strings.LastIndexByte(rest, '}')+1:])
		if len(fields) == 0 {
			continue
		}
		if v, err := strconv.ParseFloat(fields[0], 64); err == nil {
			sum += v
		}
	}
	return sum
}

func containsAll(s string, parts []string) bool {
	for _, p := range parts {
		if !strings.Contains(s, p) {
			return false
		}
	}
	return true
}
