package main

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// filePages are the resident bytes of mapped files.
func filePages(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "RssFile:"); ok {
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Skip("this kernel does not tell pages of files apart")
	return 0
}

func TestTheProgramForgetsWhatItsStartTouchedAndRunsOn(t *testing.T) {
	run([]string{"schema"}, &strings.Builder{}, &strings.Builder{}) // touches much
	before := filePages(t)
	forgetStartup()
	if after := filePages(t); after >= before {
		t.Errorf("%d bytes of files are resident, %d before", after, before)
	}
	var out strings.Builder
	if status := run([]string{"version"}, &out, &out); status != 0 {
		t.Errorf("status %d afterwards: %s", status, &out)
	}
}

func TestOnlyPartsOfTheProgramThatNobodyWritesToAreForgotten(t *testing.T) {
	for line, want := range map[string]bool{
		"00400000-00a8c000 r-xp 00000000 fe:00 131 /usr/bin/outrigger":           true,
		"00a8c000-00f00000 r--p 0068c000 fe:00 131      /usr/bin/outrigger":      true,
		"00f00000-00f40000 rw-p 00b00000 fe:00 131 /usr/bin/outrigger":           false,
		"00400000-00a8c000 r-xp 00000000 fe:00 131 /usr/lib/libc.so":             false,
		"00400000-00a8c000 r-xp 00000000 fe:00 131 /usr/bin/outrigger (deleted)": false,
		"c000000000-c000400000 rw-p 00000000 00:00 0 ":                           false,
		"zz-yy r-xp 00000000 fe:00 131 /usr/bin/outrigger":                       false,
		"": false,
	} {
		begin, end, ok := readOnly(line, "/usr/bin/outrigger")
		if ok != want || ok && begin >= end {
			t.Errorf("%q: %x to %x, %t", line, begin, end, ok)
		}
	}
}
