package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"outrigger/bench/internal/differ"
)

// differCommand compares where proxies see the end of a message, and fails on what is not explained.
func differCommand(ctx context.Context, args []string) error {
	var r room
	var plan differ.Plan
	flags := flag.NewFlagSet("differ", flag.ContinueOnError)
	r.register(flags)
	flags.DurationVar(&plan.Duration, "for", 20*time.Second, "how long")
	flags.IntVar(&plan.Cases, "cases", 0, "how many cases beyond the corpus at most (default as many as there is time for)")
	flags.Uint64Var(&plan.Seed, "seed", uint64(time.Now().UnixNano()), "seed of the generator; the same seed makes the same cases")
	flags.StringVar(&plan.Found, "found", "", "directory for unexplained cases (default bench/results/differ of the checkout)")
	if err := parse(flags, args); err != nil {
		return err
	}
	if plan.Found == "" {
		plan.Found = filepath.Join(r.root, "bench", "results", "differ")
	}
	l, err := r.open("taskset")
	if err != nil {
		return err
	}
	defer l.Close()
	if err := l.Need("nginx", "haproxy"); err != nil {
		if os.Getenv("CI") == "true" {
			return err
		}
		l.Say("compared without what is missing: %v", err)
	}
	report, err := plan.Run(ctx, l)
	if err != nil {
		return err
	}
	fmt.Printf("seed %d: %d cases, %d observations of outrigger and %v\n", plan.Seed, report.Cases, report.Observations, report.Others)
	for _, name := range slices.Sorted(maps.Keys(report.Explained)) {
		fmt.Printf("%7d explained: %s\n", report.Explained[name], name)
	}
	fmt.Printf("%7d disagreements were gone at the second look\n", report.Unstable)
	for _, d := range slices.Concat(report.Leaks, report.Unexplained) {
		fmt.Print(d)
	}
	if n := len(report.Leaks) + len(report.Unexplained); n > 0 {
		return fmt.Errorf("%d unexplained, %d leaks; their bytes are in %s", len(report.Unexplained), len(report.Leaks), plan.Found)
	}
	if report.Cases == 0 {
		return errors.New("no case was tried")
	}
	return nil
}
