package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"outrigger/policy"
	"outrigger/policy/table"
	"outrigger/proxy/simulate"
)

func newTestCommand() *cobra.Command {
	var output, junit string
	c := &cobra.Command{
		Use:   "test FILE...",
		Short: "Try policies against tables of what they must do",
		Long: "Run the cases of policy tables: a request, what the upstream answers, and what must come of it. Values and operations are\n" +
			"read off the policy; what happens to requests is tried on the sidecar's own layers in fake time, so that a minute of waiting\n" +
			"takes no time and the result never changes by chance. docs/testing-policies.md tells what a table may say.\n\n" +
			"Exit status: 0 all cases pass, 1 some do not, 2 usage, unreadable input, or a table or policy that is not valid.",
		Example: "  outrigger test orders.test.yaml\n  outrigger test --junit report.xml policies/*.test.yaml",
		Args:    atLeastOne("the table to run"),
		RunE: func(c *cobra.Command, args []string) error {
			if output != "text" && output != "json" {
				return usage("--output %q is not known: write text or json", output)
			}
			bench := bench{read: sources{}, sets: map[string]*policy.Set{}, stderr: c.ErrOrStderr()}
			reports := make([]table.Report, len(args))
			for i, name := range args {
				var err error
				if reports[i], err = bench.try(name); err != nil {
					return err
				}
			}
			if err := writeReports(c.OutOrStdout(), output, reports); err != nil {
				return failed("the result cannot be written: %w", err)
			}
			if junit != "" {
				if err := writeFile(junit, reports); err != nil {
					return usage("--junit %s: %w", junit, cause(err))
				}
			}
			for _, r := range reports {
				if _, failures := r.Count(); failures > 0 {
					return &exitError{code: exitFailed}
				}
			}
			return nil
		},
	}
	c.Flags().StringVar(&output, "output", "text", "text or json")
	c.Flags().StringVar(&junit, "junit", "", "write JUnit XML to this file as well")
	return c
}

// bench reads tables and the policies that they are about, each once.
type bench struct {
	read   sources
	sets   map[string]*policy.Set // by path
	stderr io.Writer
}

// try runs every case of a table. The error is that of a table or a policy that is no use.
func (b *bench) try(name string) (table.Report, error) {
	data, err := b.read.read(name)
	if err != nil {
		return table.Report{}, usage("%s: %w", name, err)
	}
	t, problems := table.Parse(name, data)
	printer := problemPrinter{out: b.stderr, sources: b.read, colour: coloured(b.stderr)}
	for _, p := range problems {
		printer.print(p)
	}
	if t == nil {
		return table.Report{}, usage("%s is no table that can be run (%s): mend it first", name, counted(problems))
	}
	path := t.Policy
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(name), path)
	}
	set, known := b.sets[path]
	if !known {
		if set, err = validSet(path, b.stderr); err != nil {
			return table.Report{}, usage("%s names a policy that is of no use: %w", t.PolicyPlace, err)
		}
		b.sets[path] = set
	}
	report := table.Report{File: name, Policy: path}
	for _, c := range t.Cases {
		report.Cases = append(report.Cases, c.Run(set, simulate.Run))
	}
	return report, nil
}

func writeReports(w io.Writer, output string, reports []table.Report) error {
	if output == "json" {
		shape := struct {
			Version int            `json:"version"`
			Tables  []table.Report `json:"tables"`
			Summary struct {
				Passed int `json:"passed"`
				Failed int `json:"failed"`
			} `json:"summary"`
		}{Version: 1, Tables: reports}
		for _, r := range reports {
			passed, failures := r.Count()
			shape.Summary.Passed += passed
			shape.Summary.Failed += failures
		}
		return indented(w, shape)
	}
	for _, r := range reports {
		if _, err := fmt.Fprintln(w, r.Text()); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, table.Summary(reports))
	return err
}

func writeFile(name string, reports []table.Report) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() {
		if closed := f.Close(); err == nil {
			err = closed
		}
	}()
	return table.WriteJUnit(f, reports)
}
