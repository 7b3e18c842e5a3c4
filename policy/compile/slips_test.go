package compile_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"outrigger/policy"
	"outrigger/policy/compile"
)

// writtenKey is a key of the policy language in a line of testdata/slips.yaml; what authors name themselves has capitals or a slash.
var writtenKey = regexp.MustCompile(`(^ *|[{,] ?)([a-z][A-Za-z]+):( |$)`)

// slip is one mistake made in a right policy.
type slip struct {
	text         string
	line, column int
}

// slips makes one mistake after the other, each at another key.
func slips(t *testing.T, change func(line string, at []int) string) []slip {
	t.Helper()
	data, err := os.ReadFile("testdata/slips.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if problems := compiledText(string(data)); len(problems) > 0 {
		t.Fatal("the policy is to be right before a mistake is made in it: ", problems)
	}
	lines := strings.Split(string(data), "\n")
	var all []slip
	for i, line := range lines {
		for _, at := range writtenKey.FindAllStringSubmatchIndex(line, -1) {
			changed := change(line, at[4:6])
			if changed == "" {
				continue
			}
			text := strings.Join(append(append(append([]string{}, lines[:i]...), changed), lines[i+1:]...), "\n")
			all = append(all, slip{text, i + 1, utf8.RuneCountInString(line[:at[4]]) + 1})
		}
	}
	if len(all) < 50 {
		t.Fatalf("%d mistakes only", len(all))
	}
	return all
}

func compiledText(text string) policy.Problems {
	return compile.Compile([]string{"policy.yaml"}, files(map[string]string{"policy.yaml": text})).Problems
}

func TestAnyKeyWithTwoLettersSwappedIsTheOneProblem(t *testing.T) {
	for _, s := range slips(t, func(line string, at []int) string {
		b := []byte(line)
		b[at[1]-1], b[at[1]-2] = b[at[1]-2], b[at[1]-1]
		if string(b) == line {
			return ""
		}
		return string(b)
	}) {
		problems := compiledText(s.text)
		if len(problems) != 1 || problems[0].Code != "OR120" || problems[0].Place.Line != s.line || problems[0].Place.Column != s.column {
			t.Errorf("%d:%d: %v", s.line, s.column, problems)
		}
	}
}

func TestAnyKeyWhoseColonIsForgottenIsTheOneProblem(t *testing.T) {
	for _, s := range slips(t, func(line string, at []int) string {
		if strings.TrimSpace(line[:at[0]]) != "" { // within braces the reader takes two keys for one
			return ""
		}
		return line[:at[1]] + line[at[1]+1:]
	}) {
		problems := compiledText(s.text)
		if len(problems) != 1 || problems[0].Place.Line != s.line || problems[0].Place.Column != s.column {
			t.Errorf("%d:%d: %v", s.line, s.column, problems)
		}
	}
}
