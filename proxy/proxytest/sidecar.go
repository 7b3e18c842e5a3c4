// Package proxytest runs the whole sidecar in tests: a real proxy.Proxy from the text of a policy, on free loopback ports, between
// scripted upstreams and clients that send raw bytes, watched through its log and its real admin port.
//
// It decides nothing about what is right: tests do. It refuses to look inside the sidecar: what it tells is what an operator, a
// caller or an upstream would see. Everything it starts ends with the test.
package proxytest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"outrigger/proxy"
)

// patience bounds every wait for something that happens soon.
const patience = 10 * time.Second

// Sidecar is a running sidecar. Its methods are safe for concurrent use, but for Stop and those that edit.
type Sidecar struct {
	Proxy *proxy.Proxy
	// Log is everything the sidecar wrote.
	Log *Log
	// Policy is the path of its policy file; other files stand beside it.
	Policy string

	t       testing.TB
	stopped bool
}

// File is a file beside the policy, such as a spec.
type File struct{ Name, Text string }

// Start runs a sidecar until the end of the test. The policy should listen on port 0 of 127.0.0.1.
func Start(t testing.TB, policy string, files ...File) *Sidecar {
	t.Helper()
	s := Prepare(t, policy, files...)
	s.Run(s.Options())
	return s
}

// Run starts a sidecar that was prepared.
func (s *Sidecar) Run(o proxy.Options) {
	s.t.Helper()
	p, err := proxy.New(o)
	if err != nil {
		s.t.Fatalf("the policy is refused: %v", Problems(err))
	}
	s.Log.Follow(p)
	if err := p.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.Proxy, s.stopped = p, false
	s.t.Cleanup(s.Stop)
}

// Prepare writes the files of a sidecar that is not started.
func Prepare(t testing.TB, policy string, files ...File) *Sidecar {
	t.Helper()
	dir := t.TempDir()
	s := &Sidecar{t: t, Log: &Log{}, Policy: filepath.Join(dir, "policy.yaml")}
	for _, f := range append(files, File{"policy.yaml", policy}) {
		s.Write(f.Name, f.Text)
	}
	return s
}

// Options are those that the sidecar is started with.
func (s *Sidecar) Options() proxy.Options {
	return proxy.Options{
		Policy: s.Policy, Admin: "127.0.0.1:0", Drain: 5 * time.Second, Stderr: s.Log, Version: "test", Revision: "test",
	}
}

// Write replaces a file beside the policy in one step, as editors do.
func (s *Sidecar) Write(name, text string) {
	s.t.Helper()
	path := filepath.Join(filepath.Dir(s.Policy), name)
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		s.t.Fatal(err)
	}
}

// Edit replaces the policy and has it read at once.
func (s *Sidecar) Edit(policy string) {
	s.t.Helper()
	s.Write(filepath.Base(s.Policy), policy)
	s.Proxy.Reload()
}

// Stop ends the sidecar at once.
func (s *Sidecar) Stop() {
	if s.stopped {
		return
	}
	s.stopped = true
	over, cancel := context.WithCancel(context.Background())
	cancel()
	s.Proxy.Drain(over, nil)
}

// Drain ends the sidecar gracefully.
func (s *Sidecar) Drain(between func(context.Context)) {
	s.stopped = true
	s.Proxy.Drain(context.Background(), between)
}

// Inbound, Outbound, Admin and Port are the addresses of the ports; Port's argument is an upstream with a port of its own.
func (s *Sidecar) Inbound() string { return s.address("OUTRIGGER_INBOUND") }

// Outbound is the address of the outbound proxy port.
func (s *Sidecar) Outbound() string { return s.address("OUTRIGGER_OUTBOUND") }

// Admin is the address of the admin port.
func (s *Sidecar) Admin() string { return s.address("OUTRIGGER_ADMIN") }

// Port is the address of the port of an upstream.
func (s *Sidecar) Port(upstream string) string {
	return s.address("OUTRIGGER_UPSTREAM_" + strings.ToUpper(strings.ReplaceAll(upstream, "-", "_")))
}

func (s *Sidecar) address(variable string) string {
	s.t.Helper()
	for _, v := range s.Proxy.Environment() {
		if value, ok := strings.CutPrefix(v, variable+"="); ok {
			return strings.TrimPrefix(value, "http://")
		}
	}
	s.t.Fatalf("the sidecar has no port for %s: %v", variable, s.Proxy.Environment())
	return ""
}

// Until waits for what must hold soon.
func Until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(2 * time.Millisecond) { // what is waited for gives no sign
		if time.Now().After(end) {
			t.Fatalf("after %v still not: %s", patience, what)
		}
	}
}
