package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"outrigger/policy/compile"
)

// TestPagesOfChecksShowTheMistakeAndItsNeighbour plays the page of every code: its first check of a policy reports the code, its last
// one, of a policy that is nearly the same, does not, and both print what the page shows.
func TestPagesOfChecksShowTheMistakeAndItsNeighbour(t *testing.T) {
	for _, code := range compile.Codes() {
		t.Run(code.Code, func(t *testing.T) {
			file, err := filepath.Abs("../../docs/checks/" + code.Code + ".md")
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p, problems := parsePage(string(text))
			for _, problem := range problems {
				t.Errorf("%s:%s", file, problem)
			}
			got := playCheck(t, p.steps)
			differ := compare(t, file, p.steps, got)
			if differ && *update {
				if err := os.WriteFile(file, []byte(p.rewritten()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			reported := reportedBy(p.steps, got, code.Code)
			if len(reported) < 2 || !reported[0] || reported[len(reported)-1] {
				t.Errorf("%s: checks report %s: %v, want the first one and not the last", file, code.Code, reported)
			}
			if !strings.Contains(string(text), "\nFamily "+code.Family+", severity ") {
				t.Errorf("%s does not say that the family is %s", file, code.Family)
			}
			if severity := severityOf(strings.Join(got, ""), code.Code); severity != "" && !strings.Contains(string(text), ", severity "+severity) {
				t.Errorf("%s says another severity than %s", file, severity)
			}
		})
	}
}

// severityOf is the severity with which the first problem of a code is printed, "" where none is.
func severityOf(printed, code string) string {
	for line := range strings.Lines(printed) {
		if strings.Contains(line, "["+code+"]") {
			for _, severity := range []string{"error", "warning", "info"} {
				if strings.Contains(line, ": "+severity+": ") {
					return severity
				}
			}
		}
	}
	return ""
}

// reportedBy says for each check of a page whether it reports the code.
func reportedBy(steps []*step, printed []string, code string) []bool {
	var reported []bool
	for i, s := range steps {
		if strings.HasPrefix(s.text, "outrigger check ") && s.file == "" {
			reported = append(reported, strings.Contains(printed[i], "["+code+"]"))
		}
	}
	return reported
}

// playCheck does what a page shows in a folder of its own: a file is written, outrigger runs in this process, anything else in a shell.
func playCheck(t *testing.T, steps []*step) []string {
	t.Helper()
	t.Chdir(t.TempDir())
	printed := make([]string, len(steps))
	for i, s := range steps {
		command, isOurs := strings.CutPrefix(s.text, "outrigger ")
		var out bytes.Buffer
		switch {
		case s.file != "":
			if err := os.MkdirAll(filepath.Dir(s.file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(s.file, []byte(s.text), 0o600); err != nil {
				t.Fatal(err)
			}
		case isOurs:
			run(strings.Fields(command), &out, &out)
		default:
			shown, err := exec.CommandContext(t.Context(), "sh", "-c", s.text).CombinedOutput()
			if err != nil {
				t.Fatalf("%s: %v: %s", s.text, err, shown)
			}
			out.Write(shown)
		}
		printed[i] = out.String()
	}
	return printed
}
