// Command bench measures Outrigger beside other proxies and tries the promises that only a running sidecar can break.
// See README.md for the method.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

const usage = `usage: run.sh [COMMAND] [FLAGS]

  compare   CPU per request, requests/s and memory of all proxies (the default)
  reload    policy edits under full load
  sigterm   SIGTERM under load
  storm     an upstream that answers 503 to everything
  gone      clients that go away
  differ    where proxies see the end of a message
  soak      mixed traffic for long: does anything grow or get mixed up?
  slowloris a thousand slow connections beside ordinary traffic
  idle      memory at rest, at work and with 10,000 idle connections

run.sh COMMAND -h lists the flags of a command.
`

// command is one thing the harness can do.
type command func(ctx context.Context, args []string) error

var commands = map[string]command{"compare": compareCommand, "reload": reloadCommand, "sigterm": sigtermCommand, "storm": stormCommand, "gone": goneCommand, "differ": differCommand, "soak": soakCommand, "idle": idleCommand, "slowloris": slowlorisCommand}

func main() {
	name, args := "compare", os.Args[1:]
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		name, args = args[0], args[1:]
	}
	run, known := commands[name]
	if !known {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	os.Exit(finish(run, args))
}

// finish runs a command to its end, also on Ctrl-C: every program it started is ended before the exit.
func finish(run command, args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	err := run(ctx, args)
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "bench: interrupted, nothing is reported")
		return 130
	case errors.Is(err, errUsage):
		return 2
	}
	fmt.Fprintln(os.Stderr, "bench:", err)
	return 1
}
