package process

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// CoreTime is how one processor has spent its time since boot.
type CoreTime struct {
	// Busy is user, nice and system time; Interrupts is hard and soft interrupts; Stolen is what the hypervisor gave to others.
	Busy, Interrupts, Stolen, Total time.Duration
}

// Sub returns the time between two readings.
func (t CoreTime) Sub(earlier CoreTime) CoreTime {
	return CoreTime{t.Busy - earlier.Busy, t.Interrupts - earlier.Interrupts, t.Stolen - earlier.Stolen, t.Total - earlier.Total}
}

// ReadCore reads /proc/stat for one processor.
func ReadCore(core int) (CoreTime, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return CoreTime{}, err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 9 || fields[0] != "cpu"+strconv.Itoa(core) {
			continue
		}
		var spent [8]time.Duration
		var total time.Duration
		for i := range spent {
			ticks, err := strconv.ParseInt(fields[i+1], 10, 64)
			if err != nil {
				return CoreTime{}, fmt.Errorf("/proc/stat: %w", err)
			}
			spent[i] = time.Duration(ticks) * tick
			total += spent[i]
		}
		return CoreTime{
			Busy: spent[0] + spent[1] + spent[2], Interrupts: spent[5] + spent[6], Stolen: spent[7], Total: total,
		}, nil
	}
	return CoreTime{}, fmt.Errorf("processor %d: not in /proc/stat, choose another with -load-core or -proxy-core", core)
}

// PinSelf binds every thread of the harness to one core, so that it stays off the core of the proxy.
func PinSelf(core int) error {
	out, err := exec.Command("taskset", "-a", "-c", "-p", strconv.Itoa(core), strconv.Itoa(os.Getpid())).CombinedOutput()
	if err != nil {
		return fmt.Errorf("binding the harness to processor %d: %w: %s", core, err, strings.TrimSpace(string(out)))
	}
	return nil
}
