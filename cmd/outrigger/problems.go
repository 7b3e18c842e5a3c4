package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
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

// line returns a line of a file, counted from 1, or "" when there is none to show.
func (s sources) line(file string, n int) string {
	data, err := s.read(file)
	if err != nil || n < 1 {
		return ""
	}
	for ; n > 1; n-- {
		i := bytes.IndexByte(data, '\n')
		if i < 0 {
			return ""
		}
		data = data[i+1:]
	}
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		data = data[:i]
	}
	return string(bytes.TrimRight(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), "\r"))
}

// longestLine is how much of a line is shown; a spec can be one line.
const longestLine = 200

// problemPrinter writes problems for people.
type problemPrinter struct {
	out     io.Writer
	sources sources
	colour  bool
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
	fmt.Fprintf(p.out, "%s: %s: %s [%s]\n", p.paint("1", position(at)), p.paint(severityColours[problem.Severity], string(problem.Severity)), problem.Message, problem.Code)
	if line := p.sources.line(at.File, at.Line); line != "" && at.Column > 0 {
		p.caret(at, line)
	}
	if problem.Expected != "" {
		fmt.Fprintf(p.out, "  expected: %s\n", problem.Expected)
	}
	if problem.Suggestion != "" {
		fmt.Fprintf(p.out, "  instead: %s\n", problem.Suggestion)
	}
}

func position(at policy.Place) string {
	switch {
	case at.Line == 0:
		return at.File
	case at.Column == 0:
		return fmt.Sprintf("%s:%d", at.File, at.Line)
	}
	return fmt.Sprintf("%s:%d:%d", at.File, at.Line, at.Column)
}

func (p *problemPrinter) caret(at policy.Place, line string) {
	runes := []rune(line)
	start, width := min(at.Column-1, len(runes)), max(1, at.EndColumn-at.Column)
	if len(runes) > longestLine { // show the part around the token
		from := max(0, start-longestLine/2)
		runes = runes[from:min(len(runes), from+longestLine)]
		start -= from
	}
	width = max(1, min(width, len(runes)-start))
	var pad strings.Builder
	for i, r := range runes {
		if r != '\t' && r < ' ' || r == utf8.RuneError || r == 0x7f {
			runes[i] = '?' // control characters are for no terminal
		}
		if i < start {
			if r == '\t' {
				pad.WriteByte('\t')
			} else {
				pad.WriteByte(' ')
			}
		}
	}
	fmt.Fprintf(p.out, "%6d | %s\n       | %s%s\n", at.Line, string(runes), pad.String(), p.paint("1;31", strings.Repeat("^", width)))
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
	if !errors.As(err, &invalid) {
		return failed("%w", err)
	}
	printer := problemPrinter{out: stderr, sources: sources{}, colour: coloured(stderr)}
	for _, p := range invalid.Problems {
		printer.print(p)
	}
	return failed("the policy is not valid (%s): nothing was started", counted(invalid.Problems))
}
