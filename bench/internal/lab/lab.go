// Package lab is the room in which one benchmark happens: a scratch directory, two processors and the programs running there.
//
// It decides where files live and which core is whose. It refuses to know any proxy. Everything in it is gone after Close.
package lab

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"text/template"
	"time"

	"outrigger/bench/internal/process"
)

// Lab is one scratch directory and the programs started in it. Its methods are safe for concurrent use.
type Lab struct {
	// Dir is the scratch directory, Root the checkout of Outrigger.
	Dir, Root string
	// LoadCore runs the load generator and the origin, ProxyCore the proxy alone.
	LoadCore, ProxyCore int
	Programs            process.Group
	started             time.Time
}

// Open makes the scratch directory and binds the harness to the core of the load generator.
func Open(root string, loadCore, proxyCore int) (*Lab, error) {
	if runtime.NumCPU() < 2 || loadCore == proxyCore {
		return nil, fmt.Errorf("processors: two different ones are needed, one for the load and one for the proxy (this process may use %d)", runtime.NumCPU())
	}
	for _, core := range []int{loadCore, proxyCore} {
		if _, err := process.ReadCore(core); err != nil {
			return nil, err
		}
	}
	if err := process.PinSelf(loadCore); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "outrigger-bench-")
	if err != nil {
		return nil, err
	}
	// The workers of nginx run as another user and read files here.
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	return &Lab{Dir: dir, Root: root, LoadCore: loadCore, ProxyCore: proxyCore, started: time.Now()}, nil
}

// Close ends every program and removes the scratch directory.
func (l *Lab) Close() {
	l.Programs.Close()
	_ = os.RemoveAll(l.Dir)
}

// Say prints one line of progress on standard error.
func (l *Lab) Say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%6.1fs  %s\n", time.Since(l.started).Seconds(), fmt.Sprintf(format, args...))
}

// Path names a file in the scratch directory.
func (l *Lab) Path(name string) string { return filepath.Join(l.Dir, name) }

// Write puts a file into the scratch directory, or a folder of it, and returns its path. It replaces the file in one step, as editors do.
func (l *Lab) Write(name string, content []byte) (string, error) {
	path := l.Path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	if err := os.WriteFile(path+".new", content, 0o644); err != nil {
		return "", err
	}
	return path, os.Rename(path+".new", path)
}

// Render fills a template in and writes the result.
func (l *Lab) Render(name, text string, data any) (string, error) {
	parsed, err := template.New(name).Option("missingkey=error").Parse(text)
	if err != nil {
		return "", fmt.Errorf("template %s: %w", name, err)
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, data); err != nil {
		return "", fmt.Errorf("template %s: %w", name, err)
	}
	return l.Write(name, out.Bytes())
}

// Build compiles a Go program with the release flags of the repository and the given ones, unless this lab has done so before, and
// returns its path.
func (l *Lab) Build(name, moduleDir, pkg string, flags ...string) (string, error) {
	path := l.Path(name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	l.Say("building %s", name)
	revision := FirstLine("git", "-C", moduleDir, "describe", "--always", "--dirty")
	if _, err := l.Write(name+".revision", []byte(revision)); err != nil {
		return "", err
	}
	args := append([]string{"build", "-trimpath", "-ldflags", "-s -w", "-o", path}, flags...)
	cmd := exec.Command("go", append(args, pkg)...)
	cmd.Dir, cmd.Env = moduleDir, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build of %s: %w\n%s", name, err, out)
	}
	return path, nil
}

// Revision is what the checkout was when Build began; it may have moved on since.
func (l *Lab) Revision(name string) string {
	text, err := os.ReadFile(l.Path(name + ".revision"))
	if err != nil {
		return "unknown"
	}
	return string(text)
}

// FreePort returns a loopback port that nobody listened on a moment ago.
func FreePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
