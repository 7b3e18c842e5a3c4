package main

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
)

func TestADemoTooShortToSeeAnythingIsAUsageError(t *testing.T) {
	c := newDemoCommand()
	c.SetArgs([]string{"--for", "1s"})
	c.SetOut(&bytes.Buffer{})
	c.SetErr(&bytes.Buffer{})
	err := c.Execute()
	var exit *exitError
	if !errors.As(err, &exit) || exit.code != exitUsage || !strings.Contains(err.Error(), "at least 3s") {
		t.Errorf("error %v, want a usage error that names the least", err)
	}
}

func TestOnlyATerminalIsRedrawn(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	file, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if redraws(&bytes.Buffer{}, "xterm") || redraws(null, "xterm") || redraws(file, "xterm") {
		t.Error("a buffer, a file or nothing was taken for a terminal")
	}
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no pseudo-terminal here: ", err)
	}
	defer terminal.Close()
	if !redraws(terminal, "xterm") || redraws(terminal, "dumb") || redraws(terminal, "") {
		t.Error("a terminal is redrawn unless it is dumb or unknown")
	}
}
