package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// The exit codes that every command keeps to.
const (
	exitFailed = 1 // it was done, and the answer is no
	exitUsage  = 2 // it was not done: the command line or its input is not usable
)

// exitError ends a command with a code. A nil err is for commands that have said everything already.
type exitError struct {
	code int
	err  error
}

// Error is empty where everything was said already.
func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usage is the error of a command line that cannot be understood; say what to write instead.
func usage(format string, args ...any) error {
	return &exitError{code: exitUsage, err: fmt.Errorf(format, args...)}
}

// failed is the error of a command that could not do what it was asked; say what to do next.
func failed(format string, args ...any) error {
	return &exitError{code: exitFailed, err: fmt.Errorf(format, args...)}
}

// report says on stderr why a command ended, and returns its exit code.
func report(err error, root *cobra.Command, stderr io.Writer) int {
	if err == nil {
		return 0
	}
	var exit *exitError
	if !errors.As(err, &exit) {
		// The library's own errors come before a command runs: unknown commands and wrong numbers of arguments.
		exit = &exitError{code: exitUsage, err: err}
		if ran(root) {
			exit.code = exitFailed
		}
	}
	if exit.err != nil {
		fmt.Fprintln(stderr, visible("outrigger: "+exit.err.Error()))
	}
	if exit.code == exitUsage && !ran(root) {
		fmt.Fprintln(stderr, "run \"outrigger --help\", or \"outrigger COMMAND --help\"")
	}
	return exit.code
}
