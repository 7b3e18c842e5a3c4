package table

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"outrigger/policy/spelling"
)

// The parts of JUnit's XML that CI systems read. There is no specification; the names and attributes are those that Jenkins, GitLab
// and GitHub's reporters have in common.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		File    string        `xml:"file,attr"`
		Line    int           `xml:"line,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitFailure `xml:"failure,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// noTime stands for the time of a case: it passes in fake time, and what it takes in real time says nothing of a policy.
const noTime = "0.000"

// WriteJUnit writes reports as JUnit XML, a suite for each table. Characters that XML cannot hold are replaced.
func WriteJUnit(w io.Writer, reports []Report) error {
	all := junitSuites{Name: "outrigger test", Time: noTime, Suites: []junitSuite{}}
	for _, r := range reports {
		passed, failed := r.Count()
		suite := junitSuite{Name: r.File, Tests: passed + failed, Failures: failed, Time: noTime, Cases: []junitCase{}}
		for _, c := range r.Cases {
			suite.Cases = append(suite.Cases, junitCase{
				Name: c.Name, Class: r.File, File: c.Place.File, Line: c.Place.Line, Time: noTime, Failure: failureOf(c),
			})
		}
		all.Tests += suite.Tests
		all.Failures += suite.Failures
		all.Suites = append(all.Suites, suite)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// failureOf puts all failures of a case into the one that readers show.
func failureOf(c Result) *junitFailure {
	if c.Passed() {
		return nil
	}
	var b strings.Builder
	for _, f := range c.Failures {
		fmt.Fprintf(&b, "%s: %s\n", f.Place, f.Message)
		for _, line := range f.Story {
			fmt.Fprintf(&b, "  %s\n", line)
		}
	}
	return &junitFailure{Message: spelling.Printable(c.Failures[0].Message), Type: "expectation", Text: spelling.Printable(b.String())}
}
