package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"outrigger/policy"
	"outrigger/policy/diff"
)

func newDiffCommand() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Say what changed in meaning between two policies",
		Long: "Compare two policies by what they mean, value by value and operation by operation, and say what each change does: riskier\n" +
			"takes a protection away or lets something fail that did not, safer gives a protection, neutral is a trade or neither.\n" +
			"A line that many operations inherit is one change. OLD and NEW are a file, or a folder whose *.yaml files are one policy.\n\n" +
			"Exit status: 0 the same meaning, 1 differences, 2 usage, unreadable input or a policy that is not valid.",
		Example: "  outrigger diff policy.yaml policy.new.yaml\n  outrigger diff --output json deployed/ policies/",
		Args:    exactly(2, "two policies"),
		RunE: func(c *cobra.Command, args []string) error {
			if output != "text" && output != "json" && output != "markdown" {
				return usage("--output %q is not known: write text, json or markdown", output)
			}
			var sets [2]*policy.Set
			for i, path := range args {
				var err error
				if sets[i], err = validSet(path, c.ErrOrStderr()); err != nil {
					return err
				}
			}
			changes := diff.Compare(sets[0], sets[1])
			if err := writeChanges(c.OutOrStdout(), output, changes); err != nil {
				return failed("the result cannot be written: %w", err)
			}
			if len(changes) > 0 {
				return &exitError{code: exitFailed}
			}
			return nil
		},
	}
	c.Flags().StringVar(&output, "output", "text", "text, json or markdown")
	return c
}

func writeChanges(w io.Writer, output string, changes []diff.Change) error {
	if output == "json" {
		return indented(w, struct {
			Version int           `json:"version"`
			Changes []diff.Change `json:"changes"`
			Summary diff.Summary  `json:"summary"`
		}{1, changes, diff.Summarize(changes)})
	}
	text := diff.Text
	if output == "markdown" {
		text = diff.Markdown
	}
	_, err := fmt.Fprint(w, text(changes))
	return err
}

// validSet compiles the policy at a path. One that is not valid is told on stderr and is unusable input.
func validSet(path string, stderr io.Writer) (*policy.Set, error) {
	read := sources{}
	result, err := compilePath(path, read, false)
	if err != nil {
		return nil, err
	}
	if result.Set != nil {
		return result.Set, nil
	}
	printer := problemPrinter{out: stderr, sources: read, colour: coloured(stderr)}
	for _, p := range result.Problems {
		if p.Severity == policy.Error {
			printer.print(p)
		}
	}
	return nil, usage("%s is not valid (%s): mend it first", path, counted(result.Problems))
}
