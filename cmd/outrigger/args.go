package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// atLeastOne refuses a command line that names nothing; what is that which is missing, in words.
func atLeastOne(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usage("%s is missing, as in%s", what, firstExample(c))
		}
		return nil
	}
}

// exactly refuses any other number of arguments; what are they, in words.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != n {
			return usage("%s takes %s, not %d, as in%s", c.CommandPath(), what, len(args), firstExample(c))
		}
		return nil
	}
}

// oneOf refuses a value of a flag that is none of the words, which are listed as in a sentence; empty is a flag that was not given.
func oneOf(what, value, words string) error {
	known := strings.FieldsFunc(words, func(r rune) bool { return r == ' ' || r == ',' })
	if value == "" || value != "or" && slices.Contains(known, value) {
		return nil
	}
	return usage("%q is no %s: write %s", value, what, words)
}

// firstExample is the first line of a command's examples, behind a space.
func firstExample(c *cobra.Command) string {
	line, _, _ := strings.Cut(c.Example, "\n")
	return " " + strings.TrimSpace(line)
}

// knownCommand refuses what is no command, and names the one that was probably meant.
func knownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	text := fmt.Sprintf("unknown command %q", args[0])
	if meant := c.SuggestionsFor(args[0]); len(meant) > 0 {
		text += fmt.Sprintf(": did you mean %q?", meant[0])
	}
	return usage("%s", text)
}
