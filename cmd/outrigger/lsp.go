package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"outrigger/cmd/outrigger/internal/lsp"
)

func newLspCommand() *cobra.Command {
	o := lsp.Options{Version: version, Env: os.LookupEnv}
	c := &cobra.Command{
		Use:   "lsp [--policy PATH]",
		Short: "Serve an editor as a language server",
		Long: "Speak the Language Server Protocol with an editor on standard input and output: what check would say while a policy is typed, with\n" +
			"edits that mend it; what a key means and what holds there; the keys and the operations of the specs that could be written.\n\n" +
			"An open file with upstreams, inbound, outbound, policies or defaults at its top is a policy of its own. With --policy, the files of PATH are one policy.",
		Example: "  outrigger lsp\n  outrigger lsp --policy policies/",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.Policy != "" { // an editor names files by their whole path
				path, err := filepath.Abs(o.Policy)
				if err != nil {
					return failed("--policy %s: %w", o.Policy, err)
				}
				o.Policy = path
			}
			err := lsp.Serve(c.Context(), os.Stdin, c.OutOrStdout(), o)
			if errors.Is(err, lsp.ErrNoShutdown) {
				return &exitError{code: exitFailed}
			}
			return err
		},
	}
	c.Flags().StringVar(&o.Policy, "policy", "", "policy file, or a folder of them, that is one policy")
	return c
}
