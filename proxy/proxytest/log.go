package proxytest

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"outrigger/proxy"
)

// Log takes what a sidecar writes. It is safe for concurrent use.
type Log struct {
	mu    sync.Mutex
	text  bytes.Buffer
	flush func() // writes the lines that wait for their batch; nil before there is a sidecar
}

// Write adds p.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// Follow makes the log show at once what p has to say.
func (l *Log) Follow(p *proxy.Proxy) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flush = p.FlushLog
}

// String is everything that was logged so far.
func (l *Log) String() string {
	l.mu.Lock()
	flush := l.flush
	l.mu.Unlock()
	if flush != nil {
		flush()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Line is one line of the log.
type Line struct {
	Level, Msg                             string
	Direction, Upstream, Operation         string
	Method, Path, Outcome, Code, Endpoint  string
	Status, Attempts                       int
	BytesIn                                int64   `json:"bytes_in"`
	BytesOut                               int64   `json:"bytes_out"`
	DurationMS                             float64 `json:"duration_ms"`
	TraceID                                string  `json:"trace_id"`
	RequestID                              string  `json:"request_id"`
	Policy, Client, Problem, File, Service string
	Error, Reason, Byte                    string
	Line, Column, Position                 int
}

// Lines are the lines with a message so far.
func (l *Log) Lines(msg string) []Line {
	var lines []Line
	for text := range strings.Lines(l.String()) {
		var line Line
		if json.Unmarshal([]byte(text), &line) == nil && line.Msg == msg {
			lines = append(lines, line)
		}
	}
	return lines
}

// Exchanges waits until at least n exchanges are logged and returns all that are.
func (s *Sidecar) Exchanges(n int) []Line {
	s.t.Helper()
	return s.Log.Wait(s.t, "exchange", n)
}

// Wait returns the lines with a message as soon as there are n of them.
func (l *Log) Wait(t testing.TB, msg string, n int) []Line {
	t.Helper()
	var lines []Line
	Until(t, "the log has lines of "+msg+":\n"+l.String(), func() bool {
		lines = l.Lines(msg)
		return len(lines) >= n
	})
	return lines
}

// Problems prints an error of proxy.New with every problem of the policy.
func Problems(err error) string {
	var invalid *proxy.InvalidPolicy
	if !errors.As(err, &invalid) {
		return err.Error()
	}
	var b strings.Builder
	for _, p := range invalid.Problems {
		b.WriteString(p.String() + "\n")
	}
	return b.String()
}
