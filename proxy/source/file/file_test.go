package file

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func policyWith(timeout string) string {
	return fmt.Sprintf(`version: 1
service: orders
upstreams:
  inventory:
    endpoints: [http://127.0.0.1:9]
    policy: {timeouts: {request: %s}}
`, timeout)
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// watched starts a source and returns its updates.
func watched(t *testing.T, path string) (*Source, <-chan Update) {
	t.Helper()
	s := New(path, slog.New(slog.DiscardHandler))
	if _, err := s.Load(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	updates, ended := make(chan Update, 64), make(chan struct{})
	go func() {
		defer close(ended)
		s.Run(ctx, func(u Update) { updates <- u })
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	time.Sleep(50 * time.Millisecond) // until the folder is watched
	return s, updates
}

func next(t *testing.T, updates <-chan Update) Update {
	t.Helper()
	select {
	case u := <-updates:
		return u
	case <-time.After(5 * time.Second):
		t.Fatal("no update within 5 s")
	}
	return Update{}
}

func quiet(t *testing.T, updates <-chan Update) {
	t.Helper()
	select {
	case u := <-updates:
		t.Errorf("an update without a change: %v %v", u.Problems, u.Err)
	case <-time.After(400 * time.Millisecond):
	}
}

func requestTimeout(t *testing.T, u Update) time.Duration {
	t.Helper()
	if u.Set == nil {
		t.Fatalf("no set: %v %v", u.Problems, u.Err)
	}
	return u.Set.Upstreams[0].Unmatched.Policy.Timeouts.Request
}

func TestAnEditIsOfferedOnceWhetherWrittenInPlaceOrByRename(t *testing.T) {
	path := filepath.Join(t.TempDir(), "policy.yaml")
	write(t, path, policyWith("1s"))
	_, updates := watched(t, path)
	write(t, path, policyWith("2s"))
	if got := requestTimeout(t, next(t, updates)); got != 2*time.Second {
		t.Errorf("in place: %v", got)
	}
	write(t, path+".new", policyWith("3s"))
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	if got := requestTimeout(t, next(t, updates)); got != 3*time.Second {
		t.Errorf("by rename: %v", got)
	}
	quiet(t, updates)
	write(t, path, policyWith("3s"))
	quiet(t, updates)
}

func TestAnEditBetweenTheFirstReadingAndTheWatchIsSeen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.yaml")
	write(t, path, policyWith("1s"))
	s := New(path, slog.New(slog.DiscardHandler))
	if _, err := s.Load(); err != nil {
		t.Fatal(err)
	}
	write(t, path, policyWith("2s"))
	ctx, cancel := context.WithCancel(t.Context())
	updates, ended := make(chan Update, 1), make(chan struct{})
	go func() {
		defer close(ended)
		s.Run(ctx, func(u Update) { updates <- u })
	}()
	if got := requestTimeout(t, next(t, updates)); got != 2*time.Second {
		t.Errorf("request timeout %v, want 2s", got)
	}
	cancel()
	<-ended
}

func TestWhatIsWrongWithAnEditIsOfferedAndTheNextGoodOneToo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "policy.yaml")
	write(t, path, policyWith("1s"))
	_, updates := watched(t, path)
	for _, c := range []struct {
		name string
		edit func()
	}{
		{"half-written", func() { write(t, path, policyWith("1s")[:60]) }},
		{"empty", func() { write(t, path, "") }},
		{"with a mistake", func() { write(t, path, strings.Replace(policyWith("1s"), "timeouts", "timeoots", 1)) }},
		{"deleted", func() { _ = os.Remove(path) }},
	} {
		c.edit()
		u := next(t, updates)
		if u.Set != nil || (u.Err == nil && !u.Problems.HasErrors()) {
			t.Errorf("%s: set %v, problems %v, error %v", c.name, u.Set, u.Problems, u.Err)
		}
	}
	write(t, path, policyWith("4s"))
	for {
		if u := next(t, updates); u.Set != nil {
			if got := requestTimeout(t, u); got != 4*time.Second {
				t.Errorf("after all that: %v", got)
			}
			return
		}
	}
}

// A mounted ConfigMap is ..data → ..2026_x, policy.yaml → ..data/policy.yaml; an update renames a new ..data over the old one.
func TestASwapOfAConfigMapIsSeen(t *testing.T) {
	dir := t.TempDir()
	version := func(name, timeout string) {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name, "policy.yaml"), policyWith(timeout))
		if err := os.Symlink(name, filepath.Join(dir, "..data_tmp")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	version("..one", "1s")
	if err := os.Symlink("..data/policy.yaml", filepath.Join(dir, "policy.yaml")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Join(dir, "policy.yaml")} {
		t.Run(filepath.Base(path), func(t *testing.T) {
			_, updates := watched(t, path)
			for i, timeout := range []time.Duration{2 * time.Second, 3 * time.Second, 4 * time.Second} {
				version(fmt.Sprintf("..%s_%d", filepath.Base(path), i), timeout.String())
				if got := requestTimeout(t, next(t, updates)); got != timeout {
					t.Errorf("swap %d: %v", i, got)
				}
			}
		})
	}
}

func TestAFolderIsOnePolicyAndSpecsBelongToIt(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.yaml"), "version: 1\nservice: orders\n")
	write(t, filepath.Join(dir, "b.yaml"), "version: 1\nupstreams:\n  inventory: {endpoints: [\"http://127.0.0.1:9\"], openapi: spec/inventory.json}\n")
	write(t, filepath.Join(dir, ".hidden.yaml"), "not: [policy")
	if err := os.Mkdir(filepath.Join(dir, "spec"), 0o755); err != nil {
		t.Fatal(err)
	}
	spec := filepath.Join(dir, "spec", "inventory.json")
	write(t, spec, `{"openapi":"3.0.0","info":{"title":"i","version":"1"},"paths":{"/a":{"get":{"operationId":"a","responses":{}}}}}`)
	_, updates := watched(t, dir)
	write(t, spec, `{"openapi":"3.0.0","info":{"title":"i","version":"1"},"paths":{"/a":{"get":{"operationId":"renamed","responses":{}}}}}`)
	u := next(t, updates)
	if u.Set == nil || u.Set.Upstreams[0].Operations[0].ID != "renamed" {
		t.Errorf("an edit of the spec: %v %v", u.Problems, u.Err)
	}
	write(t, filepath.Join(dir, "c.yaml"), "version: 1\nupstreams:\n  billing: {endpoints: [\"http://127.0.0.1:10\"]}\n")
	if u := next(t, updates); u.Set == nil || len(u.Set.Upstreams) != 2 {
		t.Errorf("a new file: %v %v", u.Problems, u.Err)
	}
}

func TestReloadOffersAlsoWhatDidNotChange(t *testing.T) {
	path := filepath.Join(t.TempDir(), "policy.yaml")
	write(t, path, policyWith("1s"))
	s := New(path, slog.New(slog.DiscardHandler))
	offers := 0
	for range 2 {
		s.Reload(func(u Update) {
			offers++
			requestTimeout(t, u)
		})
	}
	if offers != 2 {
		t.Errorf("%d offers", offers)
	}
}

func TestAPathThatIsNoPolicyIsAnError(t *testing.T) {
	for _, path := range []string{filepath.Join(t.TempDir(), "missing.yaml"), t.TempDir()} {
		if _, err := New(path, slog.New(slog.DiscardHandler)).Load(); err == nil {
			t.Errorf("%s gave no error", path)
		}
	}
}

func TestAHugeFileIsRefusedWithoutBeingHeld(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "policy.yaml")
	write(t, path, policyWith("1s"))
	s := New(path, slog.New(slog.DiscardHandler))
	if err := os.Truncate(path, 256<<20); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	result, err := s.Load()
	changed := s.readings.changed()
	runtime.ReadMemStats(&after)
	if err != nil || result.Set != nil || len(result.Problems) != 1 || result.Problems[0].Code != "OR104" {
		t.Errorf("got %v, %v, %v; want that it is too large", result.Set, result.Problems, err)
	}
	if taken := (after.TotalAlloc - before.TotalAlloc) >> 20; taken > 16 {
		t.Errorf("%d MiB were taken for it", taken)
	}
	if changed {
		t.Error("it is said to have changed")
	}
}

func TestTestTablesBesideAPolicyAreNoPolicies(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.yaml", "b.yml", "a.test.yaml", "b.test.yml", ".hidden.yaml", "notes.txt"} {
		write(t, filepath.Join(dir, name), "")
	}
	files, err := Files(dir)
	if want := fmt.Sprint([]string{filepath.Join(dir, "a.yaml"), filepath.Join(dir, "b.yml")}); err != nil || fmt.Sprint(files) != want {
		t.Errorf("%v, %v, want %s", files, err, want)
	}
}
