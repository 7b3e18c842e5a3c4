package main

import (
	"context"
	"flag"
	"fmt"

	"outrigger/bench/internal/bars"
	"outrigger/bench/internal/lab"
	"outrigger/bench/internal/proxies"
)

func reloadCommand(ctx context.Context, args []string) error {
	return try(ctx, args, "reload", bars.Reload, "taskset", "nginx", "wrk")
}

func stormCommand(ctx context.Context, args []string) error {
	return try(ctx, args, "storm", bars.Storm, "taskset")
}

func goneCommand(ctx context.Context, args []string) error {
	return try(ctx, args, "gone", bars.Gone, "taskset")
}

func idleCommand(ctx context.Context, args []string) error {
	return try(ctx, args, "idle", bars.Idle, "taskset")
}

func slowlorisCommand(ctx context.Context, args []string) error {
	return try(ctx, args, "slowloris", bars.Slowloris, "taskset")
}

// trial is one of the bars that are not ratios.
type trial func(context.Context, *lab.Lab) (*bars.Verdict, error)

// try runs a trial that needs no flags of its own.
func try(ctx context.Context, args []string, name string, run trial, programs ...string) error {
	var r room
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	r.register(flags)
	if err := parse(flags, args); err != nil {
		return err
	}
	return r.judge(ctx, run, programs...)
}

func sigtermCommand(ctx context.Context, args []string) error {
	var r room
	flags := flag.NewFlagSet("sigterm", flag.ContinueOnError)
	r.register(flags)
	name := flags.String("proxy", proxies.OutriggerFull, "proxy to end, by its own signal for ending gently")
	if err := parse(flags, args); err != nil {
		return err
	}
	proxy, err := proxies.Named(*name)
	if err != nil {
		return err
	}
	end := func(ctx context.Context, l *lab.Lab) (*bars.Verdict, error) { return bars.Sigterm(ctx, l, proxy) }
	return r.judge(ctx, end, append([]string{"taskset"}, proxy.Programs...)...)
}

// judge runs a trial, prints its verdict and fails when a requirement was missed.
func (r *room) judge(ctx context.Context, run trial, programs ...string) error {
	l, err := r.open(programs...)
	if err != nil {
		return err
	}
	defer l.Close()
	verdict, err := run(ctx, l)
	if err != nil {
		return err
	}
	fmt.Print(verdict)
	return verdict.Err()
}
