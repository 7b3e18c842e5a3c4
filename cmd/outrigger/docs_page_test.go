package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// page is a page of documentation as its commands see it.
type page struct {
	lines []string
	steps []*step
}

// step is a file that a page shows, or a command with its output.
type step struct {
	line int    // of the page, from 1
	file string // "" for a command
	text string // of the file, or what is typed
	want string // the output shown
	// The output stands in lines [from, to) of the page, from 0.
	from, to int
}

var fence = regexp.MustCompile("^```(\\w*) ?(.*)$")

// parsePage reads the fenced blocks of a page in order. A block "console" holds commands after "$ ", continued after "> ", each
// followed by what it prints. "console no-test: REASON" is left out. A block with a name after its language, "yaml policy.yaml", is
// a file, written anew each time it is shown, also where a comment hides it from readers; a block without a name is an excerpt.
// Other blocks that show commands are a problem.
func parsePage(text string) (page, []string) {
	p := page{lines: strings.SplitAfter(text, "\n")}
	var problems []string
	for i := 0; i < len(p.lines); i++ {
		m := fence.FindStringSubmatch(strings.TrimSuffix(p.lines[i], "\n"))
		if m == nil {
			continue
		}
		begin := i + 1
		for i++; i < len(p.lines) && !strings.HasPrefix(p.lines[i], "```"); i++ {
		}
		body := p.lines[begin:min(i, len(p.lines))]
		language, about := m[1], m[2]
		switch {
		case i >= len(p.lines):
			problems = append(problems, fmt.Sprintf("%d: the block is not closed", begin))
		case language == "console" && about == "":
			p.commands(begin, body)
		case language == "console":
			if reason, ok := strings.CutPrefix(about, "no-test: "); !ok || len(reason) < 10 {
				problems = append(problems, fmt.Sprintf("%d: write \"console\", or \"console no-test: \" and why these commands cannot be tried", begin))
			}
		case about != "":
			p.steps = append(p.steps, &step{line: begin, file: about, text: strings.Join(body, "")})
		case strings.Contains("\n"+strings.Join(body, ""), "\n$ "):
			problems = append(problems, fmt.Sprintf("%d: a block with commands is \"console\"", begin))
		}
	}
	return p, problems
}

func (p *page) commands(begin int, body []string) {
	var s *step
	for i, line := range body {
		switch typed, isCommand := strings.CutPrefix(line, "$ "); {
		case isCommand:
			s = &step{line: begin + i + 1, text: typed, from: begin + i + 1, to: begin + i + 1}
			p.steps = append(p.steps, s)
		case s == nil:
		case s.want == "" && strings.HasPrefix(line, "> "):
			s.text += line[2:]
			s.from, s.to = begin+i+1, begin+i+1
		default:
			s.want += line
			s.to = begin + i + 1
		}
	}
}

// rewritten is the page with what its steps want as the output shown.
func (p *page) rewritten() string {
	var b strings.Builder
	at := 0
	for _, s := range p.steps {
		if s.file != "" {
			continue
		}
		b.WriteString(strings.Join(p.lines[at:s.from], ""))
		b.WriteString(s.want)
		at = s.to
	}
	b.WriteString(strings.Join(p.lines[at:], ""))
	return b.String()
}

func TestAPageThatDriftsIsFound(t *testing.T) {
	tests := map[string]struct {
		shown, printed string
		same           bool
	}{
		"the same":                        {"no problems in p.yaml\n", "no problems in p.yaml\n", true},
		"another word":                    {"no problems in p.yaml\n", "no problem in p.yaml\n", false},
		"another setting":                 {"timeouts.request  300ms\n", "timeouts.request  200ms\n", false},
		"another address":                 {"127.0.0.1:80\n", "127.0.0.2:80\n", false},
		"a line more":                     {"ready\n", "ready\nsteady\n", false},
		"a line less":                     {"ready\nsteady\n", "ready\n", false},
		"another measurement":             {"in 12.3ms\n", "in 871µs\n", true},
		"a round measurement":             {"in 250µs\n", "in 1.8ms\n", true},
		"a measurement that is a word":    {"in 12.3ms\n", "in time\n", false},
		"another time and id":             {"2026-11-24T07:38:36Z 0123456789ab\n", "2027-01-01T00:00:00.25Z ba9876543210\n", true},
		"another UUID":                    {"id 1405c3c4-4f5a-4fce-b210-dbe3b457f101\n", "id f2e3190f-3b46-46de-8e9e-81e0bba84303\n", true},
		"an id that is missing":           {"id 0123456789ab\n", "id \n", false},
		"lines left out":                  {"a\n...\nz\n", "a\nb\nc\nz\n", true},
		"lines left out, and another end": {"a\n...\nz\n", "a\nb\n", false},
		"a part left out":                 {"a ... z\n", "a b c z\n", true},
	}
	for name, test := range tests {
		if got := pattern(test.shown).MatchString(test.printed); got != test.same {
			t.Errorf("%s: %q stands for %q: %v, want %v", name, test.shown, test.printed, got, test.same)
		}
	}
}

func TestAPageIsReadInOrder(t *testing.T) {
	text := "```yaml p.yaml\na: 1\n```\n```console\n$ one \\\n> two\n1\n2\n$ three\n```\n```yaml\nexcerpt: 1\n```\n```console no-test: needs containers\n$ four\n```\n"
	p, problems := parsePage(text)
	var got []string
	for _, s := range p.steps {
		got = append(got, fmt.Sprintf("%d %s %q %q", s.line, s.file, s.text, s.want))
	}
	want := []string{`1 p.yaml "a: 1\n" ""`, `5  "one \\\ntwo\n" "1\n2\n"`, `9  "three\n" ""`}
	if len(problems) > 0 || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("steps\n%s\nwant\n%s\nproblems %v", strings.Join(got, "\n"), strings.Join(want, "\n"), problems)
	}
	p.steps[2].want = "3\n"
	if again := p.rewritten(); again != strings.Replace(text, "$ three\n", "$ three\n3\n", 1) {
		t.Errorf("rewritten\n%s", again)
	}
	for _, bad := range []string{"```\n$ one\n```\n", "```console later\n$ one\n```\n", "```console no-test: \n```\n", "```console\n$ one\n"} {
		if _, problems := parsePage(bad); len(problems) != 1 {
			t.Errorf("%q has the problems %v, want one", bad, problems)
		}
	}
}
