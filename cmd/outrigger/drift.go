package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"outrigger/cmd/outrigger/internal/drift"
	"outrigger/cmd/outrigger/internal/patch"
	"outrigger/proxy/source/file"
)

func newDriftCommand() *cobra.Command {
	var admin, output, policyPath string
	c := &cobra.Command{
		Use:   "drift",
		Short: "Say how the traffic of a running sidecar differs from the specs",
		Long: "Ask a running sidecar for requests and statuses that no spec declares, for deprecated operations in use, and for operations\n" +
			"that nobody has called since it started. With --policy it also proposes a patch of the policy, as a diff, and says what the\n" +
			"specs lack. It changes nothing.\n\n" +
			"Exit status: 0 traffic and specs agree, 1 they differ, 2 usage or no answer.",
		Example: "  outrigger drift\n  outrigger drift --admin 127.0.0.1:9901 --policy policy.yaml",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if output != "text" && output != "json" {
				return usage("--output %q is not known: write text or json", output)
			}
			states, err := operationsOf(c.Context(), admin)
			if err != nil {
				return err
			}
			report := drift.Of(states)
			out := c.OutOrStdout()
			if output == "json" {
				err = indented(out, report)
			} else {
				_, err = io.WriteString(out, visible(report.Text()+report.ForSpecs()))
			}
			if err == nil && policyPath != "" && output == "text" {
				err = proposeDrift(out, c.ErrOrStderr(), report, policyPath)
			}
			if err == nil && report.Differs {
				return &exitError{code: exitFailed}
			}
			return err
		},
	}
	c.Flags().StringVar(&admin, "admin", "127.0.0.1:9901", "address of the admin port")
	c.Flags().StringVar(&output, "output", "text", "text or json")
	c.Flags().StringVar(&policyPath, "policy", "", "the policy to propose a patch of")
	return c
}

func proposeDrift(out, stderr io.Writer, report drift.Report, path string) error {
	set, err := validSet(path, stderr)
	if err != nil {
		return err
	}
	return propose(out, path, report.Changes(set))
}

// propose prints changes of a policy as a diff, and those that it cannot bear.
func propose(out io.Writer, path string, changes []patch.Change) error {
	files, err := file.Files(path)
	if err != nil {
		return usage("%w", err)
	}
	changed, left := patch.Make(files, changes)
	for _, f := range changed {
		fmt.Fprintln(out)
		if err := showDifference(out, f.Name, f.Before, f.After); err != nil {
			return err
		}
	}
	for _, l := range left {
		fmt.Fprint(out, visible(fmt.Sprintf("not in the patch: %s: %s\n", l, l.Reason)))
	}
	return nil
}
