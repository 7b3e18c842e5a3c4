package main

import (
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"outrigger/policy"
	"outrigger/policy/compile"
	"outrigger/proxy/source/file"
)

func newCheckCommand() *cobra.Command {
	var o checkOptions
	c := &cobra.Command{
		Use:   "check PATH...",
		Short: "Find what is wrong with policies",
		Long: "Check policy files against the policy language, the OpenAPI specs they name, arithmetic and themselves, and print every problem.\n" +
			"Each PATH is one policy: a file, or a folder whose *.yaml files are one policy together.\n\n" +
			"With --fix, edits that leave no doubt of what was meant are made in the files and shown as a diff; what remains is printed. " +
			"Comments and layout stay.\n\n" +
			"Exit status: 0 no errors, 1 errors (with --strict also warnings), 2 usage or unreadable input.",
		Example: "  outrigger check policy.yaml\n  outrigger check --fix policy.yaml\n  outrigger check --strict --output github policies/*.yaml",
		Args:    atLeastOne("the policy to check"),
		RunE:    o.run,
	}
	c.Flags().StringVar(&o.output, "output", "text", "text, json, sarif or github")
	c.Flags().BoolVar(&o.strict, "strict", false, "exit 1 on warnings too")
	c.Flags().BoolVar(&o.fix, "fix", false, "make the edits that leave no doubt, and show them")
	c.Flags().BoolVar(&o.coverage, "coverage", false, "also tell which operations have no policy of their own")
	return c
}

// checkOptions are the flags of check.
type checkOptions struct {
	output                string
	strict, fix, coverage bool
}

func (o *checkOptions) run(c *cobra.Command, paths []string) error {
	write, known := checkOutputs[o.output]
	if !known {
		return usage("--output %q is not known: write text, json, sarif or github", o.output)
	}
	read := sources{}
	problems, err := o.find(c, paths, read)
	if err != nil {
		return err
	}
	if err := write(c.OutOrStdout(), checked{problems, read}); err != nil {
		return failed("the result cannot be written: %w", err)
	}
	n := counted(problems)
	if n.Errors > 0 || o.strict && n.Warnings > 0 {
		return &exitError{code: exitFailed}
	}
	return nil
}

// find gives the problems, with --fix those that remain. What was mended is shown before them, or beside what a machine reads.
func (o *checkOptions) find(c *cobra.Command, paths []string, read sources) (policy.Problems, error) {
	options := compile.Options{CheckSchemas: true, Coverage: o.coverage}
	if !o.fix {
		return checkAll(paths, read, options)
	}
	f := fixer{paths: paths, read: read, options: options}
	problems, err := f.fix()
	if err != nil {
		return nil, err
	}
	out := c.OutOrStdout()
	if o.output != "text" {
		out = c.ErrOrStderr()
	}
	if err := f.write(out); err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintln(out, f.summary()); err != nil {
		return nil, failed("the result cannot be written: %w", err)
	}
	return problems, nil
}

// checked is what a check found and the files it found it in.
type checked struct {
	problems policy.Problems
	sources  sources
}

var checkOutputs = map[string]func(io.Writer, checked) error{
	"text": writeText, "json": writeJSON, "sarif": writeSARIF, "github": writeGitHub,
}

// checkAll compiles each path as one policy. What several of them share, such as a spec, is reported once.
func checkAll(paths []string, read sources, o compile.Options) (policy.Problems, error) {
	var problems policy.Problems
	seen := map[policy.Problem]bool{}
	for _, path := range paths {
		result, err := compileWith(path, read, o)
		if err != nil {
			return nil, err
		}
		for _, p := range result.Problems {
			if !seen[p] {
				seen[p] = true
				problems = append(problems, p)
			}
		}
	}
	problems.Sort()
	return problems, nil
}

// compilePath compiles the policy at a path; the error is that of a path that cannot be read.
func compilePath(path string, read sources, schemas bool) (compile.Result, error) {
	return compileWith(path, read, compile.Options{CheckSchemas: schemas})
}

// compileWith is compilePath with what is to be looked for; files and variables are those of this process.
func compileWith(path string, read sources, o compile.Options) (compile.Result, error) {
	files, err := file.Files(path)
	if err != nil {
		return compile.Result{}, usage("%s: %w", path, cause(err))
	}
	for _, name := range files {
		if _, err := read.read(name); err != nil {
			return compile.Result{}, usage("%s: %w", name, err)
		}
	}
	o.ReadFile, o.Env = read.read, os.LookupEnv
	return compile.Compile(files, o), nil
}

func writeText(w io.Writer, c checked) error {
	printer := problemPrinter{out: w, sources: c.sources, colour: coloured(w)}
	for i, p := range c.problems {
		if i > 0 {
			fmt.Fprintln(w)
		}
		printer.print(p)
	}
	if len(c.problems) > 0 {
		fmt.Fprintln(w)
	}
	_, err := fmt.Fprintf(w, "%s in %s\n", counted(c.problems), filesChecked(c.sources))
	return err
}

func filesChecked(s sources) string {
	names := make([]string, 0, len(s))
	for name := range s {
		names = append(names, name)
	}
	slices.Sort(names)
	if len(names) == 1 {
		return names[0]
	}
	return fmt.Sprintf("%d files", len(names))
}
