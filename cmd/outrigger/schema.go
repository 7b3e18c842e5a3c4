package main

import (
	"github.com/spf13/cobra"

	"outrigger/policy/editing"
	"outrigger/policy/openapi"
)

func newSchemaCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use:   "schema [--policy PATH]",
		Short: "Print the JSON Schema of policies, for editors",
		Long: "Print the JSON Schema (draft-07) of a policy file, by which editors complete keys, explain them and underline mistakes.\n" +
			"With --policy, the operations of that policy's specs are the allowed keys, and the statuses they declare are offered; the policy may have\n" +
			"mistakes. A schema cannot know everything: check says whether a policy is right.",
		Example: "  outrigger schema >outrigger.schema.json\n  outrigger schema --policy policy.yaml >outrigger.schema.json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var catalogs map[string]*openapi.Catalog
			if path != "" {
				result, err := compilePath(path, sources{}, false)
				if err != nil {
					return err
				}
				catalogs = result.Catalogs
			}
			text, err := editing.Schema(catalogs)
			if err != nil {
				return failed("the schema cannot be written: %w", err)
			}
			if _, err := c.OutOrStdout().Write(text); err != nil {
				return failed("the schema cannot be written: %w", err)
			}
			return nil
		},
	}
	c.Flags().StringVar(&path, "policy", "", "policy file, or a folder of them, whose operations are completed")
	return c
}
