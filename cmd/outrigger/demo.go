package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"outrigger/cmd/outrigger/internal/demo"
	"outrigger/cmd/outrigger/internal/demo/screen"
)

func newDemoCommand() *cobra.Command {
	var o demo.Options
	c := &cobra.Command{
		Use:   "demo",
		Short: "Watch the whole product on this machine, with nothing to install",
		Long: "Run a service, its sidecar and an upstream that turns flaky, slow and dead, all on loopback ports, and watch a live table of what\n" +
			"callers see with the sidecar and without it. It runs until Ctrl-C, or as long as --for says, and ends with a summary.\n" +
			"The policy it runs with is a file that you may edit meanwhile. Where stdout is no terminal, plain lines are written.",
		Example: "  outrigger demo\n  outrigger demo --for 20s --dir /tmp/demo",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.For != 0 && o.For < demo.Shortest {
				return usage("--for %s is too short to see anything: write at least %s", o.For, demo.Shortest)
			}
			o.Out = c.OutOrStdout()
			o.Redraw = redraws(o.Out, os.Getenv("TERM"))
			o.Style = screen.Style{Color: o.Redraw && os.Getenv("NO_COLOR") == ""}
			o.Version, o.Revision = build()
			ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
			defer context.AfterFunc(ctx, stop)() // a second signal ends at once
			defer stop()
			return demo.Run(ctx, o)
		},
	}
	c.Flags().DurationVar(&o.For, "for", 0*time.Second, "end by itself after this time, with every phase once")
	c.Flags().StringVar(&o.Dir, "dir", "", "folder for the policy, the spec and the log, instead of a temporary one")
	return c
}

// redraws reports whether output is an ANSI terminal.
func redraws(out io.Writer, term string) bool {
	file, ok := out.(*os.File)
	if !ok || term == "" || term == "dumb" {
		return false
	}
	info, err := file.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}
