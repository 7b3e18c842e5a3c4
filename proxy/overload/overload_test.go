package overload

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// system is a file tree in which a Guard finds control groups.
type system struct {
	t    *testing.T
	root string
}

func newSystem(t *testing.T, files map[string]string) system {
	s := system{t, t.TempDir()}
	for name, text := range files {
		s.write(name, text)
	}
	return s
}

func (s system) write(name, text string) {
	s.t.Helper()
	name = filepath.Join(s.root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		s.t.Fatal(err)
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o600) // not cut first: a reader must see the old text or the new one
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		s.t.Fatal(err)
	}
}

func TestAMemoryLimitIsFoundWhereverTheContainerSeesIt(t *testing.T) {
	const stat = "anon 1\nfile 2\ninactive_file 100\nactive_file 3\n"
	for name, c := range map[string]struct {
		files map[string]string
		limit int64 // 0 is none
		ratio float64
	}{
		"version 2, a group of its own": {map[string]string{
			"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "1000\n", "sys/fs/cgroup/memory.current": "600\n", "sys/fs/cgroup/memory.stat": stat,
		}, 1000, 0.5},
		"version 2, a limit two levels up": {map[string]string{
			"proc/self/cgroup":             "0::/pod/sidecar/inner\n",
			"sys/fs/cgroup/pod/memory.max": "2000\n", "sys/fs/cgroup/pod/memory.current": "1900\n", "sys/fs/cgroup/pod/memory.stat": stat,
			"sys/fs/cgroup/pod/sidecar/inner/memory.max": "max\n", "sys/fs/cgroup/pod/sidecar/inner/memory.current": "5\n", "sys/fs/cgroup/pod/sidecar/inner/memory.stat": stat,
		}, 2000, 0.9},
		"version 2, a path that the container does not see": {map[string]string{
			"proc/self/cgroup": "0::/docker/abc\n", "sys/fs/cgroup/memory.max": "1000\n", "sys/fs/cgroup/memory.current": "1050\n", "sys/fs/cgroup/memory.stat": stat,
		}, 1000, 0.95},
		"version 2 without a limit": {map[string]string{
			"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n", "sys/fs/cgroup/memory.current": "600\n", "sys/fs/cgroup/memory.stat": stat,
		}, 0, 0},
		"version 1": {map[string]string{
			"proc/self/cgroup": "12:cpu,cpuacct:/x\n5:memory:/docker/abc\n",
			"sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": "4000\n", "sys/fs/cgroup/memory/docker/abc/memory.usage_in_bytes": "3100\n",
			"sys/fs/cgroup/memory/docker/abc/memory.stat": "inactive_file 7\ntotal_inactive_file 100\n",
		}, 4000, 0.75},
		"version 1 without a limit": {map[string]string{
			"proc/self/cgroup":                           "5:memory:/\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n", "sys/fs/cgroup/memory/memory.usage_in_bytes": "3100\n", "sys/fs/cgroup/memory/memory.stat": "",
		}, 0, 0},
		"files that hold something else": {map[string]string{
			"proc/self/cgroup": "0::/\nnonsense\n", "sys/fs/cgroup/memory.max": "lots\n", "sys/fs/cgroup/memory.current": "", "sys/fs/cgroup/memory.stat": "\x00",
		}, 0, 0},
		"no control groups": {nil, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSystem(t, c.files)
			if limit, ok := ContainerLimit(s.root); ok != (c.limit > 0) || ok && limit != c.limit {
				t.Errorf("limit %d %t, want %d", limit, ok, c.limit)
			}
			g := New(Options{Root: s.root})
			g.open()
			defer g.close()
			g.look(time.Now())
			if g.Limited() != (c.limit > 0) {
				t.Errorf("limited: %t", g.Limited())
			}
			if math.Abs(g.Memory()-c.ratio) > 1e-9 {
				t.Errorf("%.3f of it is used, want %.3f", g.Memory(), c.ratio)
			}
		})
	}
}

func TestAStepEndsOnlyWellBelowWhereItBegan(t *testing.T) {
	for _, c := range []struct {
		from  Step
		ratio float64
		want  Step
	}{
		{Calm, 0.919, Calm},
		{Calm, 0.92, Closing},
		{Calm, 0.99, Shedding},
		{Closing, 0.949, Closing},
		{Closing, 0.95, Shedding},
		{Closing, 0.88, Closing},
		{Closing, 0.86, Calm},
		{Shedding, 0.93, Shedding},
		{Shedding, 0.901, Shedding},
		{Shedding, 0.89, Closing},
		{Shedding, 0.5, Calm},
		{Shedding, 1.2, Shedding},
	} {
		if got := c.from.after(c.ratio); got != c.want {
			t.Errorf("%s at %.3f becomes %s, want %s", c.from, c.ratio, got, c.want)
		}
	}
}

func TestMemoryThatRunsShortIsFollowedStepByStepAndToldOnce(t *testing.T) {
	s := newSystem(t, map[string]string{
		"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "1000\n", "sys/fs/cgroup/memory.current": "100     \n", "sys/fs/cgroup/memory.stat": "inactive_file 0\n",
	})
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var steps []Step
		g := New(Options{Root: s.root, Log: slog.New(slog.NewTextHandler(&log, nil)), OnStep: func(s Step) { steps = append(steps, s) }})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			g.Run(ctx)
		}()
		for _, c := range []struct {
			used          int
			closes, sheds bool
			within        time.Duration
		}{
			{100, false, false, calmInterval},
			{930, true, false, calmInterval},
			{960, true, true, closeInterval}, // looked at more often by now
			{920, true, true, 5 * time.Second},
			{890, true, true, easeAfter - 2*closeInterval}, // enough, but not for long enough
			{920, true, true, closeInterval},
			{890, true, true, easeAfter - 2*closeInterval},
			{890, true, false, 4 * closeInterval},
			{100, true, false, easeAfter - 5*closeInterval},
			{100, false, false, 6 * closeInterval},
		} {
			s.write("sys/fs/cgroup/memory.current", fmt.Sprintf("%-8d\n", c.used))
			time.Sleep(c.within + time.Millisecond)
			synctest.Wait()
			if g.Closes() != c.closes || g.Sheds() != c.sheds {
				t.Errorf("at %d of 1000: closes %t, sheds %t", c.used, g.Closes(), g.Sheds())
			}
		}
		cancel()
		<-done
		if got := fmt.Sprint(steps); got != "[closing shedding closing calm]" {
			t.Errorf("steps %s", got)
		}
		if n := strings.Count(log.String(), "memory step changed"); n != 4 || !strings.Contains(log.String(), "from=closing to=shedding used_ratio=0.96") {
			t.Errorf("%d lines:\n%s", n, &log)
		}
	})
}

func TestTheLimitOfTheRuntimeCountsLiveMemoryOnly(t *testing.T) {
	all := New(Options{Root: t.TempDir(), GoLimit: 1})
	all.open()
	all.look(time.Now())
	if !all.Sheds() {
		t.Errorf("%.0f times the limit is used and nothing is shed", all.Memory())
	}
	roomy := New(Options{Root: t.TempDir(), GoLimit: 64 << 30})
	roomy.open()
	roomy.look(time.Now())
	if roomy.Closes() || roomy.Memory() <= 0 {
		t.Errorf("%.6f of the limit is used", roomy.Memory())
	}
}

func TestClientsGetHalfOfTheDescriptorsOfAllPortsTogether(t *testing.T) {
	g := New(Options{Root: t.TempDir()})
	limit, ok := openFiles()
	if !ok || g.descriptors != int64(limit/2) {
		t.Fatalf("%d of %d descriptors", g.descriptors, limit)
	}
	g.descriptors = 2
	for i, want := range []bool{true, true, false, false} {
		if got := g.Admit(); got != want {
			t.Errorf("connection %d admitted: %t", i+1, got)
		}
	}
	g.Leave()
	if !g.Admit() || g.Admit() {
		t.Error("whoever leaves does not make room for one")
	}
}

func TestConnectionsThatCannotBeAcceptedAreToldOncePerEpisode(t *testing.T) {
	root := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		g := New(Options{Root: root, Log: slog.New(slog.NewTextHandler(&log, nil))})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			g.Run(ctx)
		}()
		for range 2 {
			if !g.Accepting() {
				t.Error("not accepting before anything failed")
			}
			for range 100 {
				g.NotAccepted(syscall.EMFILE)
				time.Sleep(50 * time.Millisecond)
			}
			if g.Accepting() {
				t.Error("accepting while it fails")
			}
			time.Sleep(10 * time.Second)
		}
		cancel()
		<-done
		text := log.String()
		if n := strings.Count(text, "connection not accepted"); n != 2 {
			t.Errorf("%d lines for two episodes:\n%s", n, text)
		}
		if n := strings.Count(text, `msg="connections are accepted again" failures=100`); n != 2 {
			t.Errorf("%d ends of episodes:\n%s", n, text)
		}
		g.Dropped()
		if got := g.Unanswered(); got != (Unanswered{NotAccepted: 200, TooMany: 1}) {
			t.Errorf("%+v", got)
		}
		if !strings.Contains(text, errors.New("too many open files").Error()) {
			t.Errorf("the cause is missing:\n%s", text)
		}
	})
}

func TestBuffersRefuseWhatIsBeyondTheirBound(t *testing.T) {
	b := NewBuffers(100)
	if !b.Take(60) || b.Take(41) || !b.Take(40) || b.Used() != 100 || b.Refused() != 1 {
		t.Errorf("%d used, %d refused", b.Used(), b.Refused())
	}
	b.Force(10)
	b.Give(50)
	if b.Used() != 60 || b.Take(50) || !b.Take(40) {
		t.Errorf("%d used", b.Used())
	}
	b.Adopt(10)
	if b.Limit() != 10 || b.Take(1) {
		t.Error("a smaller bound does not hold")
	}
	b.Give(100)
	if !b.Take(10) || b.Used() != 10 {
		t.Errorf("%d used after everything was given back", b.Used())
	}
}
