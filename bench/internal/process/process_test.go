package process

import (
	"errors"
	"path/filepath"
	"testing"
	"time"
)

func startShell(t *testing.T, g *Group, script string) *Process {
	t.Helper()
	p, err := g.Start(Spec{Name: "shell", Path: "sh", Args: []string{"-c", script}, Output: filepath.Join(t.TempDir(), "out")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	return p
}

func TestUsageCountsTheTimeOfChildren(t *testing.T) {
	var g Group
	p := startShell(t, &g, "(while :; do :; done) & wait")
	time.Sleep(100 * time.Millisecond)
	before, err := p.Usage()
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	after, err := p.Usage()
	if err != nil {
		t.Fatal(err)
	}
	if len(p.pids) < 2 {
		t.Errorf("family = %v, want the shell and its child", p.pids)
	}
	// The shell itself waits: whatever was used, its child used. The machine may be busy, so a fraction is enough.
	if used := after.CPU - before.CPU; used < 20*time.Millisecond {
		t.Errorf("used %v in 300ms of a busy child", used)
	}
	if after.Resident < 100<<10 {
		t.Errorf("resident %d bytes, want more than a shell can do without", after.Resident)
	}
}

func TestUsageOfAnEndedProgramIsAnError(t *testing.T) {
	var g Group
	p := startShell(t, &g, "exit 3")
	if status, err := p.Wait(5 * time.Second); err != nil || status != 3 {
		t.Fatalf("Wait = %d, %v, want 3", status, err)
	}
	if usage, err := p.Usage(); err == nil {
		t.Errorf("Usage = %+v, want an error", usage)
	}
}

func TestStopEndsAlsoWhatIgnoresTheRequest(t *testing.T) {
	var g Group
	p := startShell(t, &g, "trap '' TERM; echo deaf; while :; do sleep 0.1; done")
	for p.Tail() != "deaf\n" {
		time.Sleep(time.Millisecond)
	}
	if _, err := p.Wait(50 * time.Millisecond); !errors.Is(err, ErrStillRunning) {
		t.Fatalf("Wait = %v, want %v", err, ErrStillRunning)
	}
	g.Stop(p)
	if status, err := p.Wait(0); err != nil || status != -1 {
		t.Errorf("Wait = %d, %v, want the status of a killed program", status, err)
	}
}

func TestStopEndsAlsoTheChildrenThatOutliveTheirParent(t *testing.T) {
	for name, script := range map[string]string{
		"polite": "sleep 60 & echo up; wait",
		"deaf":   "(trap '' TERM; echo up; while :; do sleep 0.1; done) & wait",
	} {
		var g Group
		p := startShell(t, &g, script)
		for p.Tail() != "up\n" {
			time.Sleep(time.Millisecond)
		}
		members := family(p.PID())
		if len(members) < 2 {
			t.Fatalf("%s: family = %v, want a child", name, members)
		}
		g.Stop(p)
		for _, pid := range members {
			// A killed orphan may wait a moment for init.
			for deadline := time.Now().Add(2 * time.Second); alive(pid); time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Errorf("%s: process %d of %v is still there", name, pid, members)
					break
				}
			}
		}
	}
}

// alive reports whether a process is there and more than a zombie.
func alive(pid int) bool {
	fields, err := statFields(pid)
	return err == nil && fields[0] != "Z"
}

func TestReadCoreRefusesAProcessorThatIsNotThere(t *testing.T) {
	if _, err := ReadCore(4096); err == nil {
		t.Error("no error")
	}
	if core, err := ReadCore(0); err != nil || core.Total <= 0 || core.Busy > core.Total {
		t.Errorf("ReadCore(0) = %+v, %v", core, err)
	}
}
