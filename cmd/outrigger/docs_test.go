package main

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what commands really print into the documentation")

// documentation is where pages with commands are: the first one a reader sees, and all of docs.
func documentation(t *testing.T) []string {
	t.Helper()
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) < 3 {
		t.Fatalf("found only the pages %v: this test would hold of nothing", pages)
	}
	return append(pages, "../../README.md")
}

// TestPagesShowWhatCommandsPrint types every command of a page in its order, in a folder that holds the files of the page, and
// compares what comes with what the page shows. See parsePage for how a page is read and pattern for what may differ.
func TestPagesShowWhatCommandsPrint(t *testing.T) {
	for _, tool := range []string{"bash", "curl", "go", "python3"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skip("the pages use what is not installed here: ", err)
		}
	}
	for _, file := range documentation(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".md"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p, problems := parsePage(string(text))
			for _, problem := range problems {
				t.Errorf("%s:%s", file, problem)
			}
			if len(p.steps) == 0 || t.Failed() {
				return
			}
			differ := compare(t, file, p.steps, play(t, p.steps))
			if differ && *update {
				if err := os.WriteFile(file, []byte(p.rewritten()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// compare reports, and with -update takes over, the output of commands that is not what the page shows.
func compare(t *testing.T, file string, steps []*step, got []string) (differ bool) {
	t.Helper()
	for i, s := range steps {
		if s.file != "" || pattern(s.want).MatchString(got[i]) {
			continue
		}
		differ = true
		if *update {
			s.want = got[i]
			continue
		}
		t.Errorf("%s:%d: $ %s\nthe page shows\n%s\nit prints\n%s", file, s.line, s.text, s.want, got[i])
	}
	return differ
}

// What varies in an output; standsFor tells the kinds apart.
const (
	timestamp = `\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)`
	uuid      = `\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`
	id        = `\b[0-9a-f]{12,}\b`
	measured  = `\d+(?:\.\d+)?(?:ns|µs|ms|s)?`
)

var varying = regexp.MustCompile(`\.\.\.|` + timestamp + `|` + uuid + `|` + id + `|\d+(?:ns|µs)|\d+(?:\.\d+)+(?:ns|µs|ms|s)?`)

// pattern is what the output shown on a page stands for: itself, but a line of "..." stands for any lines and "..." within a line
// for anything; and a number with one decimal point or in units that only measurements have, a time of day and an id of hexadecimal
// digits for any other of their kind.
func pattern(shown string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`\A`)
	for line := range strings.Lines(shown) {
		line = strings.TrimSuffix(line, "\n")
		if strings.TrimSpace(line) == "..." {
			b.WriteString(`(?:.*\n)*`)
			continue
		}
		from := 0
		for _, at := range varying.FindAllStringIndex(line, -1) {
			b.WriteString(regexp.QuoteMeta(line[from:at[0]]))
			b.WriteString(standsFor(line[at[0]:at[1]]))
			from = at[1]
		}
		b.WriteString(regexp.QuoteMeta(line[from:]) + `\n`)
	}
	b.WriteString(`\z`)
	return regexp.MustCompile(b.String())
}

func standsFor(token string) string {
	switch {
	case token == "...":
		return `.*`
	case strings.Contains(token, "T"):
		return timestamp
	case strings.Contains(token, "-"):
		return uuid
	case strings.Count(token, ".") == 1, strings.HasSuffix(token, "µs"), strings.HasSuffix(token, "ns"):
		return measured
	case strings.Contains(token, "."): // an address
		return regexp.QuoteMeta(token)
	}
	return id
}
