package document

import (
	"slices"
	"testing"

	"outrigger/policy"
)

// FuzzParse holds for any text: no panic, no tree beyond its bounds, places inside the file, and Get agreeing with Entries.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"a: 1\nb: [x, {c: d}]\n", "a: &a {x: 1}\nb: {<<: *a, y: 2}\n", "a: 1 # outrigger:allow OR204 reason\n",
		"? [a]\n: b\n", "a: |\n  # outrigger:allow\n", "\ufeffa: 'it''s'\r\nb: \"\\x41\"\r\n", "--- &x !!map\na: *x\n...\n---\n", "{a: [", "a: &a [*a]\n",
		"a: \u2028b: 1\n", "- - - -\n", "<<: [1, {<<: {}}]\n", "%YAML 1.2\n---\na: .nan\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, parse := range []func(string, []byte) (*Node, policy.Problems){Parse, ParseSpec} {
			root, problems := parse("f.yaml", data)
			for _, p := range problems {
				if p.Place.Line < 1 || p.Place.Column < 1 || p.Message == "" || p.Expected == "" {
					t.Fatalf("problem is not whole: %+v", p)
				}
			}
			if root == nil && len(problems) == 0 {
				t.Fatal("neither a tree nor a problem")
			}
			visit(t, root, 0)
			checkSilences(t, root, problems)
		}
	})
}

func visit(t *testing.T, n *Node, depth int) {
	if depth > 1_000 {
		t.Fatal("deeper than the limit")
	}
	if p := n.Place(); n != nil && (p.Line < 1 || p.Column < 1 || p.EndColumn != 0 && p.EndColumn <= p.Column) {
		t.Fatalf("place %+v of %q", p, n.Text())
	}
	for _, e := range n.Entries() {
		if got := n.Get(e.Key); got == nil || got.raw != e.Value.raw {
			t.Fatalf("Get(%q) is not what Entries has", e.Key)
		}
		visit(t, e.Value, depth+1)
	}
	for _, item := range n.Items() {
		visit(t, item, depth+1)
	}
}

// checkSilences holds silences against what they promise: one without a reason is a problem at its place.
func checkSilences(t *testing.T, root *Node, problems policy.Problems) {
	for _, s := range root.Silences() {
		told := slices.ContainsFunc(problems, func(p policy.Problem) bool { return p.Code == CodeSilence && p.Place == s.Place })
		if len(s.Codes) == 0 || s.Line < s.Place.Line || s.Reason == "" && !told && len(problems) < policyLimits.problems {
			t.Fatalf("silence %+v, problems %v", s, problems)
		}
	}
}
