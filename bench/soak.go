package main

import (
	"context"
	"flag"
	"time"

	"outrigger/bench/internal/bars"
	"outrigger/bench/internal/lab"
	"outrigger/bench/internal/soak"
)

// soakCommand lets a sidecar work for long and looks for growth and mix-ups.
func soakCommand(ctx context.Context, args []string) error {
	var r room
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	r.register(flags)
	duration := flags.Duration("for", 10*time.Minute, "how long; trends of less than a minute say little")
	if err := parse(flags, args); err != nil {
		return err
	}
	run := func(ctx context.Context, l *lab.Lab) (*bars.Verdict, error) { return soak.Run(ctx, l, *duration) }
	return r.judge(ctx, run, "taskset")
}
