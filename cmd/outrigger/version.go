package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// Set by the linker in release builds; otherwise what the Go tool knows of the build is taken.
var (
	version  string
	revision string
)

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(c.OutOrStdout(), versionLine())
			return err
		},
	}
}

func versionLine() string {
	v, r := build()
	return fmt.Sprintf("outrigger %s (%s, %s)", v, r, runtime.Version())
}

// build tells the version and revision of this binary.
func build() (v, r string) {
	v, r = version, revision
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return orUnknown(v), orUnknown(r)
	}
	if v == "" && info.Main.Version != "(devel)" {
		v = info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && r == "" {
			r = s.Value
		}
	}
	return orUnknown(v), orUnknown(r)
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}
