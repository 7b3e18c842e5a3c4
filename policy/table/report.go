package table

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"outrigger/policy/spelling"
)

// Report is how one table came out.
type Report struct {
	File string
	// Policy is the path of the policy that was tried.
	Policy string
	Cases  []Result
}

// Count returns how many cases passed and how many did not.
func (r Report) Count() (passed, failed int) {
	for _, c := range r.Cases {
		if c.Passed() {
			passed++
		} else {
			failed++
		}
	}
	return passed, failed
}

// Text is the report for people. Control characters, which a policy or a spec may have brought in, are escaped.
func (r Report) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", r.File)
	for _, c := range r.Cases {
		mark := "✓"
		if !c.Passed() {
			mark = "✗"
		}
		fmt.Fprintf(&b, "  %s %s\n", mark, c.Name)
		for i, f := range c.Failures {
			fmt.Fprintf(&b, "      %s: %s\n", f.Place, f.Message)
			if i+1 < len(c.Failures) && slices.Equal(f.Story, c.Failures[i+1].Story) {
				continue // told once, below the last of them
			}
			for _, line := range f.Story {
				fmt.Fprintf(&b, "        %s\n", line)
			}
		}
	}
	return spelling.Printable(b.String())
}

// Summary is the line that ends the text of several reports.
func Summary(reports []Report) string {
	passed, failed := 0, 0
	for _, r := range reports {
		p, f := r.Count()
		passed, failed = passed+p, failed+f
	}
	all := counted(passed+failed, "case")
	if failed == 0 {
		return all + ", all passed"
	}
	return fmt.Sprintf("%s: %d passed, %d failed", all, passed, failed)
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// MarshalJSON writes the shape that programs read.
func (r Report) MarshalJSON() ([]byte, error) {
	type failure struct {
		File    string   `json:"file"`
		Line    int      `json:"line"`
		Message string   `json:"message"`
		Story   []string `json:"story"`
	}
	type result struct {
		Name     string    `json:"name"`
		Line     int       `json:"line"`
		Passed   bool      `json:"passed"`
		Failures []failure `json:"failures"`
	}
	cases := []result{}
	for _, c := range r.Cases {
		one := result{c.Name, c.Place.Line, c.Passed(), []failure{}}
		for _, f := range c.Failures {
			story := f.Story
			if story == nil {
				story = []string{}
			}
			one.Failures = append(one.Failures, failure{cmp.Or(f.Place.File, r.File), f.Place.Line, f.Message, story})
		}
		cases = append(cases, one)
	}
	return json.Marshal(struct {
		File   string   `json:"file"`
		Policy string   `json:"policy"`
		Cases  []result `json:"cases"`
	}{r.File, r.Policy, cases})
}
