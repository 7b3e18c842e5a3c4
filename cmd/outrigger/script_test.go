package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"outrigger": func() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) },
		// The same, and at the end what Linux says of the process, for tests of its memory.
		"outrigger-measured": func() {
			exit := run(os.Args[1:], os.Stdout, os.Stderr)
			status, _ := os.ReadFile("/proc/self/status")
			_, _ = os.Stderr.Write(status)
			os.Exit(exit)
		},
	})
}

// TestCommandsKeepTheirContract runs testdata/script/*.txtar: what a user types, and what must come of it.
func TestCommandsKeepTheirContract(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != ""})
}
