package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"outrigger/proxy"
)

func newRunCommand() *cobra.Command {
	var flags sidecarFlags
	c := &cobra.Command{
		Use:   "run --policy PATH -- CMD ARG...",
		Short: "Run a service with the sidecar around it",
		Long: "Start the sidecar, then CMD with these variables set: PORT, the port on which inbound.application expects it; HTTP_PROXY and\n" +
			"http_proxy, the outbound port; OUTRIGGER_ADMIN, OUTRIGGER_INBOUND, OUTRIGGER_OUTBOUND and OUTRIGGER_UPSTREAM_<NAME>, the\n" +
			"addresses of the ports. Signals are passed on; SIGTERM first lets callers finish. The exit status is that of CMD.",
		Example: "  outrigger run --policy policy.yaml -- python app.py",
		Args:    atLeastOne("the command of the service"),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := flags.start(c.ErrOrStderr())
			if err != nil {
				return err
			}
			return around(p, args)
		},
	}
	flags.add(c)
	return c
}

// around runs the service inside a started sidecar and returns its exit status.
func around(p *proxy.Proxy, args []string) error {
	service := exec.Command(args[0], args[1:]...)
	service.Stdin, service.Stdout, service.Stderr = os.Stdin, os.Stdout, os.Stderr
	service.Env = append(os.Environ(), p.Environment()...)

	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2)
	defer signal.Stop(signals)
	if err := service.Start(); err != nil {
		p.Drain(cancelled(), nil)
		return &exitError{code: 127, err: fmt.Errorf("the service cannot be started: %w", err)}
	}
	exited := make(chan error, 1)
	go func() { exited <- service.Wait() }()
	err := attend(p, service.Process, signals, exited)
	return status(err)
}

// attend passes signals on until the service has exited and the sidecar has drained.
func attend(p *proxy.Proxy, service *os.Process, signals <-chan os.Signal, exited <-chan error) error {
	for {
		select {
		case err := <-exited:
			p.Drain(cancelled(), nil)
			return err
		case s := <-signals:
			switch s {
			case syscall.SIGHUP:
				p.Reload()
			case syscall.SIGTERM, syscall.SIGINT:
				return end(p, service, signals, exited)
			default:
				_ = service.Signal(s)
			}
		}
	}
}

// end lets callers finish, asks the service to end, waits for it while its own calls still work, and ends the sidecar. A second
// signal skips all patience.
func end(p *proxy.Proxy, service *os.Process, signals <-chan os.Signal, exited <-chan error) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var result error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.Drain(ctx, func(ctx context.Context) {
			_ = service.Signal(syscall.SIGTERM)
			select {
			case result = <-exited:
			case <-ctx.Done():
				_ = service.Kill()
				result = <-exited
			}
		})
	}()
	for {
		select {
		case s := <-signals:
			if s == syscall.SIGTERM || s == syscall.SIGINT {
				cancel()
			}
		case <-ended:
			return result
		}
	}
}

func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// status turns the end of the service into our own exit status: its code, or 128 plus the signal that ended it.
func status(err error) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return &exitError{code: 128 + int(ws.Signal())}
	}
	return &exitError{code: exit.ExitCode()}
}
