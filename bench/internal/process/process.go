// Package process starts, pins, measures and ends the programs of a benchmark.
//
// It decides how a program is bound to a core and how it is ended: with its whole process group, politely first. It refuses to know what
// the programs are for. Everything a Group started is gone when its Close returns.
package process

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Spec describes one program to start.
type Spec struct {
	// Name is used in messages, and Path and Args as in exec.Command.
	Name string
	Path string
	Args []string
	// Env is added to the environment of the harness.
	Env []string
	// Core is the processor that the program and its children are bound to; Cores, as "0,1", are several in its stead.
	Core  int
	Cores string
	// Output is the file that receives standard error and, where Stdout is nil, standard output.
	Output string
	Stdout io.Writer
}

// Process is one started program. It is safe for concurrent use.
type Process struct {
	Name   string
	Output string
	cmd    *exec.Cmd
	ended  chan struct{}
	err    error

	family sync.Once
	pids   []int
}

// ErrStillRunning says that a program had not ended when the wait for it was over.
var ErrStillRunning = errors.New("program is still running")

func start(spec Spec) (*Process, error) {
	output, err := os.OpenFile(spec.Output, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("output of %s: %w", spec.Name, err)
	}
	defer output.Close()
	// taskset replaces itself by the program, so the id that we know is the program's.
	cores := spec.Cores
	if cores == "" {
		cores = strconv.Itoa(spec.Core)
	}
	args := append([]string{"-c", cores, spec.Path}, spec.Args...)
	cmd := exec.Command("taskset", args...)
	cmd.Env = append(os.Environ(), spec.Env...)
	cmd.Stdout, cmd.Stderr = output, output
	if spec.Stdout != nil {
		cmd.Stdout = spec.Stdout
	}
	// An own process group keeps Ctrl-C of the terminal from reaching the program before the harness can end it in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start of %s: %w", spec.Name, err)
	}
	p := &Process{Name: spec.Name, Output: spec.Output, cmd: cmd, ended: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// PID is the process id of the program.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Ended is closed when the program has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Signal sends a signal to the program alone, not to its children.
func (p *Process) Signal(signal syscall.Signal) error { return p.cmd.Process.Signal(signal) }

// Wait returns the exit status once the program has ended, or ErrStillRunning after the timeout.
// A program ended by a signal has status -1.
func (p *Process) Wait(timeout time.Duration) (int, error) {
	select {
	case <-p.ended:
	case <-time.After(timeout):
		// Both may be true at once, and the end is what was asked for.
		select {
		case <-p.ended:
		default:
			return 0, fmt.Errorf("%s: %w after %v", p.Name, ErrStillRunning, timeout)
		}
	}
	return p.cmd.ProcessState.ExitCode(), nil
}

// Stop asks the program and its children to end and kills what is left two seconds later. A child may outlive its parent
// (nginx's workers do when the master is killed), so the group is ended and not only the process that we know.
func (p *Process) Stop() {
	group := -p.PID()
	_ = syscall.Kill(group, syscall.SIGTERM)
	deadline := time.Now().Add(2 * time.Second)
	// ESRCH says that nobody is left; orphans count until init has taken note of their end.
	for time.Now().Before(deadline) && !errors.Is(syscall.Kill(group, 0), syscall.ESRCH) {
		time.Sleep(5 * time.Millisecond)
	}
	_ = syscall.Kill(group, syscall.SIGKILL)
	<-p.ended
}

// Tail returns the end of what the program printed, at most 2 KiB.
func (p *Process) Tail() string {
	const most = 2 << 10
	text, err := os.ReadFile(p.Output)
	if err != nil {
		return err.Error()
	}
	if len(text) > most {
		text = text[len(text)-most:]
	}
	return string(text)
}
