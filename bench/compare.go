package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"outrigger/bench/internal/compare"
	"outrigger/bench/internal/lab"
	"outrigger/bench/internal/proxies"
)

var errUsage = errors.New("wrong usage")

// room holds the flags of every command that opens a lab.
type room struct {
	root                string
	loadCore, proxyCore int
}

func (r *room) register(flags *flag.FlagSet) {
	flags.StringVar(&r.root, "root", checkout(), "checkout of Outrigger")
	flags.IntVar(&r.loadCore, "load-core", 0, "processor of load generator and origin")
	flags.IntVar(&r.proxyCore, "proxy-core", 1, "processor of the proxy")
}

// checkout is where run.sh has put this program: in the folder bin of the checkout.
func checkout() string {
	self, err := os.Executable()
	if err != nil {
		return "."
	}
	return filepath.Dir(filepath.Dir(self))
}

// open returns a lab in which the programs are installed.
func (r *room) open(programs ...string) (*lab.Lab, error) {
	l, err := lab.Open(r.root, r.loadCore, r.proxyCore)
	if err != nil {
		return nil, err
	}
	if err := l.Need(programs...); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

func parse(flags *flag.FlagSet, args []string) error {
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		if err == nil {
			fmt.Fprintf(flags.Output(), "unexpected argument %q\n", flags.Arg(0))
		}
		return errUsage
	}
	return nil
}

type compareFlags struct {
	room
	only, cells, out string
	rounds, seconds  int
	tries            int
	quick, enforce   bool
}

func compareCommand(ctx context.Context, args []string) error {
	var f compareFlags
	flags := flag.NewFlagSet("compare", flag.ContinueOnError)
	f.register(flags)
	flags.StringVar(&f.only, "only", "", "proxies, comma-separated, e.g. outrigger,haproxy (default all)")
	flags.StringVar(&f.cells, "cells", "", "loads, comma-separated, of "+compare.CellNames()+" (default all)")
	flags.StringVar(&f.out, "out", "", "directory for results.md and results.json (default bench/results of the checkout)")
	flags.IntVar(&f.rounds, "rounds", 3, "measurements of each proxy under each load")
	flags.IntVar(&f.seconds, "seconds", 5, "length of one measurement; below 4 the clock ticks of /proc show")
	flags.IntVar(&f.tries, "tries", 3, "how often a measurement that others disturb is made at most; the least disturbed one counts")
	flags.BoolVar(&f.quick, "quick", false, "one round of 2 seconds: to see that everything works, not to publish")
	flags.BoolVar(&f.enforce, "enforce", false, "fail when a bar is missed")
	if err := parse(flags, args); err != nil {
		return err
	}
	plan, err := f.plan()
	if err != nil {
		return err
	}
	programs := []string{"taskset", "nginx", "wrk"}
	for _, proxy := range plan.Proxies {
		programs = append(programs, proxy.Programs...)
	}
	l, err := f.open(programs...)
	if err != nil {
		return err
	}
	defer l.Close()
	samples, err := plan.Run(ctx, l)
	if err != nil {
		return err
	}
	report := compare.NewReport(plan, samples)
	report.Describe(l)
	if f.out == "" {
		f.out = filepath.Join(f.root, "bench", "results")
	}
	if err := report.Save(f.out); err != nil {
		return err
	}
	fmt.Print(report.Markdown())
	if f.enforce {
		return compare.Missed(report.Bars)
	}
	return nil
}

func (f *compareFlags) plan() (compare.Plan, error) {
	plan := compare.Plan{Rounds: f.rounds, Tries: f.tries, Measure: time.Duration(f.seconds) * time.Second, WarmUp: time.Second}
	if f.quick {
		plan.Rounds, plan.Tries, plan.Measure = 1, 1, 2*time.Second
	}
	if plan.Rounds < 1 || plan.Measure < time.Second {
		return plan, fmt.Errorf("rounds %d, seconds %d: at least 1 expected", f.rounds, f.seconds)
	}
	var err error
	if plan.Proxies, err = proxies.Select(f.only); err != nil {
		return plan, err
	}
	plan.Cells, err = compare.SelectCells(f.cells)
	return plan, err
}
