package lab

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Need makes sure that programs are installed: with apt-get when this user may, otherwise it says which are missing.
// Their packages bear the names of the programs, except taskset, which belongs to util-linux.
func (l *Lab) Need(programs ...string) error {
	missing := absent(programs)
	if len(missing) == 0 {
		return nil
	}
	packages := make([]string, len(missing))
	for i, program := range missing {
		packages[i] = program
		if program == "taskset" {
			packages[i] = "util-linux"
		}
	}
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		return fmt.Errorf("programs missing: %s; install them, e.g. as root: apt-get install %s", strings.Join(missing, ", "), strings.Join(packages, " "))
	}
	l.Say("installing %s", strings.Join(packages, ", "))
	for _, args := range [][]string{{"update", "-q"}, append([]string{"install", "-y", "-q", "--no-install-recommends"}, packages...)} {
		cmd := exec.Command("apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w\n%s", args[0], err, out)
		}
	}
	if missing = absent(programs); len(missing) > 0 {
		return fmt.Errorf("programs missing after the installation: %s", strings.Join(missing, ", "))
	}
	return nil
}

func absent(programs []string) []string {
	var missing []string
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, program)
		}
	}
	return missing
}

// FirstLine runs a program and returns the first line it prints, or "unknown". Programs that print their version
// with a failing status (wrk does) are believed.
func FirstLine(program string, args ...string) string {
	out, _ := exec.Command(program, args...).CombinedOutput()
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if line == "" {
		return "unknown"
	}
	return line
}
