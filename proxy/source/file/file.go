// Package file is the source of policies that live in files: it compiles them, watches them, and offers every set that has no error.
//
// It watches folders and not files, because editors replace files by rename and Kubernetes swaps the ..data symlink of a
// ConfigMap; it compares content, because events come in bursts; and it polls, because some volumes send no events. What is
// wrong with an edit is reported, and whoever adopts sets keeps the last good one.
package file

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"outrigger/policy"
	"outrigger/policy/compile"
	"outrigger/policy/document"
	"outrigger/policy/openapi"
)

// Timing of a Source. The debounce lets a burst of events end; the poll finds what sends no events.
const (
	debounce = 100 * time.Millisecond
	most     = time.Second // a burst that does not end is read after this long
	poll     = 10 * time.Second
)

// Source compiles the policy at a path. It is safe for concurrent use.
type Source struct {
	path string
	log  *slog.Logger

	mu       sync.Mutex
	listed   []string // the policy files of the last compilation
	readings readings // everything it read, specs too
	served   served

	moved chan struct{} // tells that a served spec is wanted now
}

// New returns a source for a policy file or a folder of them. Log gets what the watch itself has to say, not problems of policies.
func New(path string, log *slog.Logger) *Source {
	return &Source{path: path, log: log, moved: make(chan struct{}, 1)}
}

// Log sets where the watch tells of itself from now on.
func (s *Source) Log(log *slog.Logger) { s.log = log }

// Path is what the source was made for.
func (s *Source) Path() string { return s.path }

// Load reads and compiles the policy now. The error is about the path itself; what is wrong inside is in the result's problems.
func (s *Source) Load() (compile.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.load()
}

func (s *Source) load() (compile.Result, error) {
	files, err := Files(s.path)
	s.listed, s.readings = files, readings{}
	if err != nil {
		return compile.Result{}, err
	}
	result := compile.Compile(files, compile.Options{ReadFile: s.read, Env: os.LookupEnv, Application: s.application})
	if result.Set != nil && s.served.aim(result.Served) {
		s.askNow()
	}
	return result, nil
}

// read reads a file of the policy, of which no more is held than its kind may have.
func (s *Source) read(name string) ([]byte, error) {
	if slices.Contains(s.listed, name) {
		return s.readings.read(name, document.MaxBytes)
	}
	return s.readings.read(name, openapi.MaxFileBytes)
}

// Files lists the policy files of a path: itself, or every *.yaml and *.yml directly in the folder, sorted, but for the tables of
// outrigger test, *.test.yaml.
func Files(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		name := e.Name()
		base, isPolicy := strings.CutSuffix(name, ".yaml")
		if !isPolicy {
			base, isPolicy = strings.CutSuffix(name, ".yml")
		}
		if !isPolicy || strings.HasPrefix(name, ".") || strings.HasSuffix(base, ".test") {
			continue
		}
		if info, err := os.Stat(filepath.Join(path, name)); err == nil && info.Mode().IsRegular() {
			files = append(files, filepath.Join(path, name))
		}
	}
	if len(files) == 0 {
		return nil, &os.PathError{Op: "read", Path: path, Err: errNoPolicy}
	}
	return files, nil
}

type emptyFolder struct{}

func (emptyFolder) Error() string { return "the folder holds no *.yaml file" }

var errNoPolicy = emptyFolder{}

// Update is one reading of the policy. Err is set where the files could not even be listed.
type Update struct {
	Set      *policy.Set
	Problems policy.Problems
	Err      error
}

// Run offers an update for every change of content until ctx ends, also of a spec that the application serves. Offers are made
// one at a time.
func (s *Source) Run(ctx context.Context, offer func(Update)) {
	var asking sync.WaitGroup
	asking.Go(func() { s.ask(ctx, offer) })
	defer asking.Wait()
	w := newWatch(s.log)
	defer w.close()
	w.follow(s.path, s.names())
	ticks := time.NewTicker(poll)
	defer ticks.Stop()
	for {
		for s.offerChange(offer) { // once more after following, because what changed before that sends no event
			w.follow(s.path, s.names())
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		case <-w.events():
			w.settle(ctx)
		}
	}
}

// Reload offers what the files say now, changed or not, and returns after the offer. An application that serves its spec is asked
// for it at once; what it answers is an offer of its own.
func (s *Source) Reload(offer func(Update)) {
	defer s.askNow()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.served.refused = [sha256.Size]byte{}
	offer(s.update())
}

// offerChange offers the files if any reads otherwise than it was compiled, or a policy file came or went.
func (s *Source) offerChange(offer func(Update)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	files, _ := Files(s.path)
	if slices.Equal(files, s.listed) && !s.readings.changed() {
		return false
	}
	s.served.refused = [sha256.Size]byte{} // the edit may be what it waited for
	offer(s.update())
	return true
}

func (s *Source) update() Update {
	result, err := s.load()
	return Update{Set: result.Set, Problems: result.Problems, Err: err}
}

func (s *Source) names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.readings.names()
}
