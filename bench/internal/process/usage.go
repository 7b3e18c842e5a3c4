package process

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of the times in /proc; Linux shows them to programs in hundredths of a second on every platform.
const tick = 10 * time.Millisecond

// Usage is what a program and its descendants have used.
type Usage struct {
	// CPU is user plus system time since their start.
	CPU time.Duration
	// Resident is their memory at this moment, in bytes.
	Resident int64
}

// Usage reads /proc for the program and its descendants. The descendants are looked up once, at the first call:
// call it first when the program is ready. Time of descendants that have ended meanwhile is an error, not a silent loss.
func (p *Process) Usage() (Usage, error) {
	p.family.Do(func() { p.pids = family(p.PID()) })
	var sum Usage
	for _, pid := range p.pids {
		cpu, err := cpuTime(pid)
		if err != nil {
			return Usage{}, fmt.Errorf("usage of %s: %w", p.Name, err)
		}
		resident, err := residentBytes(pid)
		if err != nil {
			return Usage{}, fmt.Errorf("usage of %s: %w", p.Name, err)
		}
		sum.CPU += cpu
		sum.Resident += resident
	}
	return sum, nil
}

// family returns pid and all its descendants.
func family(pid int) []int {
	parents := map[int]int{}
	paths, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range paths {
		child, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			continue
		}
		// A process that ended since the listing is nobody's descendant.
		if fields, err := statFields(child); err == nil {
			parents[child], _ = strconv.Atoi(fields[1])
		}
	}
	members := []int{pid}
	for i := 0; i < len(members); i++ {
		for child, parent := range parents {
			if parent == members[i] && !slices.Contains(members, child) {
				members = append(members, child)
			}
		}
	}
	return members
}

// statFields returns the fields of /proc/PID/stat from the state on: the name before it may hold spaces and parentheses.
func statFields(pid int) ([]string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	_, rest, found := strings.Cut(string(text[max(0, bytes.LastIndexByte(text, ')')):]), " ")
	fields := strings.Fields(rest)
	if !found || len(fields) < 13 {
		return nil, fmt.Errorf("/proc/%d/stat: too few fields", pid)
	}
	return fields, nil
}

func cpuTime(pid int) (time.Duration, error) {
	fields, err := statFields(pid)
	if err != nil {
		return 0, err
	}
	user, err := strconv.ParseInt(fields[11], 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * tick, err
}

func residentBytes(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, "VmRSS:"); found {
			kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/status: no VmRSS", pid)
}
