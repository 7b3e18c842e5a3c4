package document

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"outrigger/policy"
)

func TestAnAllowCommentSpeaksOfItsLineOrOfTheNext(t *testing.T) {
	root := parsed(t, `a: 1 # outrigger:allow OR204 the spec is older
# outrigger:allow OR301, OR302 both are meant

# and another remark
b:
  # outrigger:allow OR303 indented
  - x
c: "# outrigger:allow OR1"
d: |
  # outrigger:allow OR304 text
   # outrigger:allow OR305 deeper text

  # outrigger:allow OR306 after an empty line
e: 'over
  # outrigger:allow OR307 two lines'   # outrigger:allow OR308 behind it
f: x#outrigger:allow OR309 no comment
g: |
h: 1 # outrigger:allow OR310 behind an empty block
`)
	at := func(line, column, end int) policy.Place {
		return policy.Place{File: "p.yaml", Line: line, Column: column, EndColumn: end}
	}
	want := []Silence{
		{Line: 1, Codes: []string{"OR204"}, Reason: "the spec is older", Place: at(1, 6, 47)},
		{Line: 5, Codes: []string{"OR301", "OR302"}, Reason: "both are meant", Place: at(2, 1, 46)},
		{Line: 7, Codes: []string{"OR303"}, Reason: "indented", Place: at(6, 3, 35)},
		{Line: 15, Codes: []string{"OR308"}, Reason: "behind it", Place: at(15, 40, 73)},
		{Line: 18, Codes: []string{"OR310"}, Reason: "behind an empty block", Place: at(18, 6, 51)},
	}
	if diff := cmp.Diff(want, root.Get("a").Silences()); diff != "" {
		t.Errorf("silences (-want +got):\n%s", diff)
	}
}
