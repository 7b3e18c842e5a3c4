package main

import (
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// commands are all there are; each stands in a file of its own.
var commands = []func() *cobra.Command{
	newCheckCommand,
	newExplainCommand,
	newInitCommand,
	newDiffCommand,
	newSchemaCommand,
	newLspCommand,
	newTestCommand,
	newDriftCommand,
	newSuggestCommand,
	newDemoCommand,
	newProxyCommand,
	newRunCommand,
	newHealthcheckCommand,
	newVersionCommand,
}

// ranAnnotation marks a root whose command has begun to run, so that its errors are told from those of the command line.
const ranAnnotation = "ran"

func ran(root *cobra.Command) bool { return root.Annotations[ranAnnotation] != "" }

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "outrigger",
		Short: "A resilience sidecar: retries, timeouts, breakers and limits from policies checked against OpenAPI",
		Long: "Outrigger runs beside a service and carries its calls: it retries what may be retried, fails fast when an upstream is down,\n" +
			"and bounds everything. What it does is written in a policy file that is checked against the OpenAPI specs of the services.\n\n" +
			"Every flag may also be given as an environment variable: --log-level as OUTRIGGER_LOG_LEVEL.",
		Example:                    "  outrigger check policy.yaml\n  outrigger explain --policy policy.yaml --upstream inventory GET /stock/42\n  outrigger proxy --policy policy.yaml",
		Args:                       knownCommand,
		SuggestionsMinimumDistance: 2,
		SilenceErrors:              true,
		SilenceUsage:               true,
		Annotations:                map[string]string{},
		RunE:                       func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error {
		if err := flagsFromEnvironment(c, os.Environ()); err != nil {
			return err
		}
		root.Annotations[ranAnnotation] = "yes"
		return nil
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage("%w", err) })
	for _, construct := range commands {
		root.AddCommand(construct())
	}
	root.Version = versionLine()
	root.SetVersionTemplate("{{.Version}}\n")
	root.InitDefaultVersionFlag()
	_ = root.Flags().SetAnnotation("version", notFromEnvironment, nil) // images like to say their version in such a variable
	refuseOtherShells(root)
	return root
}

// refuseOtherShells has the library's command for completion refuse a shell that it does not know, where it would print its help.
func refuseOtherShells(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	c, _, err := root.Find([]string{"completion"})
	if err != nil {
		return
	}
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	c.Args = func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usage("no completion for %q: choose bash, fish, powershell or zsh", args[0])
		}
		return nil
	}
}

// notFromEnvironment marks a flag whose variable would mean something else.
const notFromEnvironment = "not-from-environment"

const variablePrefix = "OUTRIGGER_"

// flagsFromEnvironment gives every flag that was not typed the value of its OUTRIGGER_ variable, if there is one. Environment is
// a list of NAME=value; names that are no flag of the command, and empty values, are left alone.
func flagsFromEnvironment(c *cobra.Command, environment []string) error {
	for _, line := range environment {
		name, value, _ := strings.Cut(line, "=")
		suffix, ours := strings.CutPrefix(name, variablePrefix)
		if !ours || value == "" {
			continue
		}
		flag := c.Flags().Lookup(strings.ToLower(strings.ReplaceAll(suffix, "_", "-")))
		if flag == nil || flag.Changed || flag.Name == "help" {
			continue
		}
		if _, exempt := flag.Annotations[notFromEnvironment]; exempt {
			continue
		}
		if err := c.Flags().Set(flag.Name, value); err != nil {
			return usage("%s: %q is no value of --%s: %w", name, value, flag.Name, err)
		}
	}
	return nil
}
