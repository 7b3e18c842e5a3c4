package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"outrigger/proxy"
)

// sidecarFlags are the flags of every command that runs a sidecar.
type sidecarFlags struct {
	options proxy.Options
}

func (f *sidecarFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.options.Policy, "policy", "", "policy file, or a folder of them (required)")
	flags.StringVar(&f.options.Admin, "admin", "", "address of the admin port, instead of the policy's")
	flags.StringVar(&f.options.LogLevel, "log-level", "", "debug, info, warn or error, instead of the policy's")
	flags.StringVar(&f.options.LogFormat, "log-format", "", "json or text, instead of the policy's")
	flags.DurationVar(&f.options.Drain, "drain", 10*time.Second, "the longest time from SIGTERM to exit")
}

// start makes a running sidecar of the flags, or an error that says what to mend.
func (f *sidecarFlags) start(stderr io.Writer) (*proxy.Proxy, error) {
	if f.options.Policy == "" {
		return nil, usage("--policy is missing: name the policy file, as in --policy policy.yaml")
	}
	if err := oneOf("log level", f.options.LogLevel, "debug, info, warn or error"); err != nil {
		return nil, err
	}
	if err := oneOf("log format", f.options.LogFormat, "json or text"); err != nil {
		return nil, err
	}
	f.options.Stderr = stderr
	f.options.Version, f.options.Revision = build()
	p, err := proxy.New(f.options)
	if err == nil {
		err = p.Start()
	}
	if err != nil {
		return nil, startFailure(err, stderr)
	}
	debug.FreeOSMemory() // what reading policies and specs took is not needed to serve
	forgetStartup()
	return p, nil
}

func newProxyCommand() *cobra.Command {
	var flags sidecarFlags
	c := &cobra.Command{
		Use:   "proxy --policy PATH",
		Short: "Run the sidecar",
		Long: "Run the sidecar from a policy file, or from all *.yaml files of a folder. It prints one ready line with every bound address\n" +
			"when it serves. SIGHUP reloads the policy, SIGTERM and SIGINT drain, a second one ends at once.",
		Example: "  outrigger proxy --policy policy.yaml\n  curl 127.0.0.1:9901/operations",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			p, err := flags.start(c.ErrOrStderr())
			if err != nil {
				return err
			}
			return serve(p)
		},
	}
	flags.add(c)
	return c
}

// serve runs until a signal asks for the end and the sidecar has drained.
func serve(p *proxy.Proxy) error {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer signal.Stop(signals)
	for {
		select {
		case s := <-signals:
			if s == syscall.SIGHUP {
				p.Reload()
				continue
			}
		case <-p.DrainAsked():
		}
		return drain(p, signals)
	}
}

// drain ends the sidecar gracefully; a second signal ends it at once.
func drain(p *proxy.Proxy, signals <-chan os.Signal) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		for {
			select {
			case s := <-signals:
				if s != syscall.SIGHUP {
					cancel()
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	p.Drain(ctx, nil)
	return nil
}
