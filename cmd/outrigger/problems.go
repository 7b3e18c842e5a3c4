package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"unicode/utf8"

	"outrigger/policy"
	"outrigger/policy/openapi"
	"outrigger/proxy"
)

// sources reads the files of one run of a command, each once, and keeps them to show the lines that problems speak of.
type sources map[string][]byte

// read returns a file of at most the size that any document may have, and one byte more, so that a larger one is refused unread.
func (s sources) read(name string) ([]byte, error) {
	if data, known := s[name]; known {
		return data, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, cause(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, openapi.MaxFileBytes+1))
	if err != nil {
		return nil, cause(err)
	}
	s[name] = data
	return data, nil
}

// cause leaves the path out, which the message names already.
func cause(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// problemPrinter writes problems for people.
type problemPrinter struct {
	out     io.Writer
	sources sources
	colour  bool
	starts  map[string][]int // of the lines of each file, once a problem speaks of it
}

// line returns a line of a file, counted from 1, or "" when there is none to show. Files are indexed once: they can be large, and
// have many problems.
func (p *problemPrinter) line(file string, n int) string {
	data, err := p.sources.read(file)
	if err != nil {
		return ""
	}
	starts, known := p.starts[file]
	if !known {
		starts = []int{0}
		for at, c := range data {
			if c == '\n' {
				starts = append(starts, at+1)
			}
		}
		if p.starts == nil {
			p.starts = map[string][]int{}
		}
		p.starts[file] = starts
	}
	if n < 1 || n > len(starts) {
		return ""
	}
	rest := data[starts[n-1]:]
	line, _, _ := bytes.Cut(rest[:min(len(rest), farthestColumn*utf8.UTFMax)], []byte("\n"))
	return string(bytes.TrimRight(bytes.TrimPrefix(line, []byte("\xef\xbb\xbf")), "\r"))
}

func (p *problemPrinter) paint(code, text string) string {
	if !p.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

var severityColours = map[policy.Severity]string{policy.Error: "1;31", policy.Warning: "1;33", policy.Info: "1;36"}

// print writes one problem: where and what, the line with a caret under the very token, what was expected, what to write instead.
func (p *problemPrinter) print(problem policy.Problem) {
	at := problem.Place
	fmt.Fprintf(p.out, "%s: %s: %s [%s]\n", p.paint("1", position(at)), p.paint(severityColours[problem.Severity], string(problem.Severity)), oneLine(problem.Message), problem.Code)
	if line := p.line(at.File, at.Line); line != "" && at.Column > 0 {
		p.caret(at, line)
	}
	p.reason(problem)
	if problem.Expected != "" {
		fmt.Fprintf(p.out, "  expected: %s\n", oneLine(problem.Expected))
	}
	if problem.Suggestion != "" {
		fmt.Fprintf(p.out, "  instead: %s\n", oneLine(problem.Suggestion))
	}
}

// reason shows the line that is the reason of a problem, unless it is the problem's own.
func (p *problemPrinter) reason(problem policy.Problem) {
	why := problem.Because
	if why.Line == 0 || why.File == problem.Place.File && why.Line == problem.Place.Line {
		return
	}
	if line := p.line(why.File, why.Line); line != "" && why.Column > 0 {
		fmt.Fprintf(p.out, "  because of %s\n", position(why))
		p.caret(why, line)
	}
}

func position(at policy.Place) string {
	file := oneLine(at.File)
	switch {
	case at.Line == 0:
		return file
	case at.Column == 0:
		return fmt.Sprintf("%s:%d", file, at.Line)
	}
	return fmt.Sprintf("%s:%d:%d", file, at.Line, at.Column)
}

func (p *problemPrinter) caret(at policy.Place, line string) {
	if at.Column > farthestColumn-longestLine {
		return
	}
	text, carets := snippet(at, line)
	fmt.Fprintf(p.out, "%6d | %s\n       | %s\n", at.Line, text, p.paintCarets(carets))
}

func (p *problemPrinter) paintCarets(carets string) string {
	at := strings.IndexByte(carets, '^')
	return carets[:at] + p.paint("1;31", carets[at:])
}

// coloured reports whether w is a terminal that may be written to in colour.
func coloured(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// count is how many problems there are of each severity.
type count struct {
	Errors   int `json:"errors"`
	Warnings int `json:"warnings"`
	infos    int
}

func counted(problems policy.Problems) count {
	var c count
	for _, p := range problems {
		switch p.Severity {
		case policy.Error:
			c.Errors++
		case policy.Warning:
			c.Warnings++
		default:
			c.infos++
		}
	}
	return c
}

// String is the summary line.
func (c count) String() string {
	if c == (count{}) {
		return "no problems"
	}
	var parts []string
	for _, part := range []struct {
		n    int
		word string
	}{{c.Errors, "error"}, {c.Warnings, "warning"}, {c.infos, "remark"}} {
		switch part.n {
		case 0:
		case 1:
			parts = append(parts, "1 "+part.word)
		default:
			parts = append(parts, fmt.Sprintf("%d %ss", part.n, part.word))
		}
	}
	return strings.Join(parts, ", ")
}

// startFailure prints the problems of a policy that a sidecar refuses to start with, as check does, and gives the error to end with.
func startFailure(err error, stderr io.Writer) error {
	var invalid *proxy.InvalidPolicy
	var unread *fs.PathError
	switch {
	case errors.As(err, &unread):
		return failed("%s: %w: nothing was started", unread.Path, unread.Err)
	case !errors.As(err, &invalid):
		return failed("%w", err)
	}
	printer := problemPrinter{out: stderr, sources: sources{}, colour: coloured(stderr)}
	for _, p := range invalid.Problems {
		printer.print(p)
	}
	return failed("the policy is not valid (%s): nothing was started", counted(invalid.Problems))
}
