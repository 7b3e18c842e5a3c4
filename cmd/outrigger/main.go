// Command outrigger is the resilience sidecar and every command that a user types around it.
//
// Each command is one small file here; what it does is done by packages below. This package decides nothing but words, flags and
// exit codes.
package main

import (
	"io"
	"os"
)

func main() {
	steerCollector()
	os.Exit(profiled(func() int { return run(os.Args[1:], os.Stdout, os.Stderr) }))
}

// run executes one command line and returns its exit code.
func run(args []string, stdout, stderr io.Writer) int {
	root := newRootCommand()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return report(root.Execute(), root, stderr)
}
