package proxy_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"outrigger/proxy"
	"outrigger/proxy/failure"
	"outrigger/proxy/proxytest"
)

// container is a made-up control group of 1,000 bytes.
type container struct {
	t    *testing.T
	root string
}

func newContainer(t *testing.T) container {
	c := container{t, t.TempDir()}
	c.write("proc/self/cgroup", "0::/\n")
	c.write("sys/fs/cgroup/memory.max", "1000\n")
	c.write("sys/fs/cgroup/memory.stat", "inactive_file 0\n")
	c.use(100)
	return c
}

func (c container) use(bytes int) {
	c.write("sys/fs/cgroup/memory.current", fmt.Sprintf("%-8d\n", bytes))
}

func (c container) write(name, text string) {
	c.t.Helper()
	name = filepath.Join(c.root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		c.t.Fatal(err)
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o600) // not cut first: a reader must see the old text or the new one
	if err != nil {
		c.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		c.t.Fatal(err)
	}
}

// TestWhenMemoryRunsShortTheSidecarLetsGoStepByStepAndRecovers fills the container and empties it again.
func TestWhenMemoryRunsShortTheSidecarLetsGoStepByStepAndRecovers(t *testing.T) {
	t.Parallel()
	c := newContainer(t)
	up := proxytest.NewUpstream(t)
	s := proxytest.Prepare(t, beside(up.URL(), wary))
	s.Run(proxy.InRoot(s.Options(), c.root))
	step := func(name string) func() bool {
		return func() bool { return s.Metric("outrigger_overload_step", `step="`+name+`"`) == 1 }
	}
	verbose := func() string {
		status, text := s.Get("/readyz?verbose")
		if status != 200 {
			t.Errorf("readiness is %d, want 200: the load would only move", status)
		}
		return text
	}
	proxytest.Until(t, "the sidecar is calm", step("calm"))
	idle := proxytest.Dial(t, s.Port("up"))
	if r := idle.Do(get); statusOf(r) != 200 || r.Close || !strings.Contains(verbose(), "[+]load ok\n") {
		t.Fatalf("status %d, close %t, %s", statusOf(r), r.Close, verbose())
	}

	c.use(930)
	proxytest.Until(t, "connections are closed", step("closing"))
	if b, err := io.ReadAll(idle.R); err != nil || len(b) > 0 {
		t.Errorf("the connection that waited gets %q %v, want its end", b, err)
	}
	if r := proxytest.Call(t, s.Port("up"), get); statusOf(r) != 200 || !r.Close {
		t.Errorf("status %d, close %t, want an answer that ends its connection", statusOf(r), r.Close)
	}
	if text := verbose(); !strings.Contains(text, "degraded: memory is short, connections are not kept") {
		t.Errorf("readyz says %s", text)
	}

	c.use(960)
	proxytest.Until(t, "requests are shed", step("shedding"))
	seen := up.Seen()
	r := proxytest.Call(t, s.Port("up"), get)
	if statusOf(r) != 503 || r.Header.Get("Retry-After") != "1" || up.Seen() != seen {
		t.Errorf("status %d, Retry-After %q, %d requests upstream", statusOf(r), r.Header.Get("Retry-After"), up.Seen()-seen)
	}
	ours(t, r, failure.Overload)
	if text := verbose(); !strings.Contains(text, "degraded: memory is short, new requests are answered 503") {
		t.Errorf("readyz says %s", text)
	}
	if n := s.Metric("outrigger_memory_used_ratio"); n != 0.96 {
		t.Errorf("%v of the memory is used, want 0.96", n)
	}

	c.use(910)
	proxytest.Until(t, "it is noticed", func() bool { return s.Metric("outrigger_memory_used_ratio") == 0.91 })
	if r := proxytest.Call(t, s.Port("up"), get); statusOf(r) != 503 {
		t.Errorf("status %d a little below, want 503 until there is room", statusOf(r))
	}
	c.use(500)
	proxytest.Until(t, "the sidecar is calm again", step("calm"))
	if r := proxytest.Dial(t, s.Port("up")).Do(get); statusOf(r) != 200 || r.Close {
		t.Errorf("status %d, close %t after it is over", statusOf(r), r.Close)
	}
	if n := strings.Count(s.Log.String(), "memory step changed"); n != 3 {
		t.Errorf("%d lines about steps, want 3", n)
	}
	if op := s.Operation("up", "unmatched"); op.Circuit != "closed" || op.FailureRate != 0 {
		t.Errorf("our own want of memory speaks against the upstream: %+v", op)
	}
}
