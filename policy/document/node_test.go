package document

import (
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"outrigger/policy"
)

func itoa(n int) string { return strconv.Itoa(n) }

func parsed(t *testing.T, text string) *Node {
	t.Helper()
	root, problems := Parse("p.yaml", []byte(text))
	if len(problems) > 0 {
		t.Fatalf("%q has problems: %v", text, problems)
	}
	return root
}

func TestAScalarKnowsItsTextItsTagAndWhereItStands(t *testing.T) {
	place := func(line, column, end int) policy.Place {
		return policy.Place{File: "p.yaml", Line: line, Column: column, EndColumn: end}
	}
	tests := []struct {
		name, text string
		want       string
		tag        string
		quoted     bool
		place      policy.Place
	}{
		{"plain", "k: 250ms # why\n", "250ms", "!!str", false, place(1, 4, 9)},
		{"number", "k: 0x10\n", "0x10", "!!int", false, place(1, 4, 8)},
		{"not a number", "k: .nan\n", ".nan", "!!float", false, place(1, 4, 8)},
		{"off is text, as YAML 1.2 says", "k: off\n", "off", "!!str", false, place(1, 4, 7)},
		{"false", "k: false\n", "false", "!!bool", false, place(1, 4, 9)},
		{"date is text", "k: 2026-11-24\n", "2026-11-24", "!!str", false, place(1, 4, 14)},
		{"single quotes", "k: 'it''s' \n", "it's", "!!str", true, place(1, 4, 11)},
		{"double quotes", "k: \"a\\\"b\"\n", "a\"b", "!!str", true, place(1, 4, 10)},
		{"quoted number is text", "k: \"1\"\n", "1", "!!str", true, place(1, 4, 7)},
		{"columns are runes", "ключ: é1\n", "é1", "!!str", false, place(1, 7, 9)},
		{"anchor and tag are left out", "k: &a !!str 5\n", "5", "!!str", false, place(1, 13, 14)},
		{"over two lines", "k: a\n  b\n", "a b", "!!str", false, place(1, 4, 0)},
		{"block", "k: |\n  a\n", "a\n", "!!str", true, place(1, 4, 0)},
		{"after a byte order mark", "\ufeffk: v\n", "v", "!!str", false, place(1, 4, 5)},
		{"carriage returns", "x: 1\r\nk: v\r\n", "v", "!!str", false, place(2, 4, 5)},
		{"only carriage returns", "x: 1\rk: v\r", "v", "!!str", false, place(2, 4, 5)},
		{"after a line separator in a comment", "x: 1 # a\u2028k: v\n", "v", "!!str", false, place(2, 4, 5)},
		{"in a flow mapping", "{k: [v], k2: 1}\n", "", "!!seq", false, place(1, 5, 0)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			n := parsed(t, test.text).Entries()
			value := n[len(n)-1].Value
			if test.tag == "!!seq" {
				value = n[0].Value
			}
			if value.Text() != test.want || value.Tag() != test.tag || value.Quoted() != test.quoted {
				t.Errorf("got %q %s quoted %v, want %q %s quoted %v", value.Text(), value.Tag(), value.Quoted(), test.want, test.tag, test.quoted)
			}
			if diff := cmp.Diff(test.place, value.Place()); diff != "" {
				t.Errorf("place (-want +got):\n%s", diff)
			}
		})
	}
}

func TestKindsAreToldApart(t *testing.T) {
	root := parsed(t, "a: 1\nb: [1, 2]\nc: {x: 1}\nd:\ne: ~\nf: \"\"\n")
	want := map[string]Kind{"a": Scalar, "b": Sequence, "c": Mapping, "d": Null, "e": Null, "f": Scalar, "absent": Null}
	for key, kind := range want {
		if got := root.Get(key).Kind(); got != kind {
			t.Errorf("%s is %v, want %v", key, got, kind)
		}
	}
	if root.Get("absent") != nil || root.Get("a").Get("x") != nil || root.Get("a").Entries() != nil || root.Get("c").Items() != nil {
		t.Error("an absent value or a wrong shape gave something")
	}
	if got := root.Get("b").Items()[1].Text(); got != "2" {
		t.Errorf("second item is %q", got)
	}
}

func TestMergedKeysComeAfterAndNeverOverride(t *testing.T) {
	root := parsed(t, "base: &b {a: 1, b: 2}\nmore: &m {b: 3, c: 4}\nuse:\n  <<: [*b, *m]\n  a: 9\n  \"on\": x\n")
	var got []string
	for _, e := range root.Get("use").Entries() {
		got = append(got, e.Key+"="+e.Value.Text()+"@"+e.KeyPlace.String())
	}
	want := []string{"a=9@p.yaml:5", "on=x@p.yaml:6", "b=2@p.yaml:1", "c=4@p.yaml:2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	if root.Get("use").Get("c").Text() != "4" || root.Get("use").Get("b").Text() != "2" {
		t.Error("Get does not agree with Entries")
	}
}

func TestAnAliasedValueStandsWhereItIsWritten(t *testing.T) {
	root := parsed(t, "a: &x 5s\nb: *x\n")
	if p := root.Get("b").Place(); p.Line != 1 || p.Column != 7 || p.EndColumn != 9 {
		t.Errorf("place is %+v", p)
	}
}

func TestSpecsMayHaveKeysThatAreNoText(t *testing.T) {
	root, problems := ParseSpec("s.yaml", []byte("responses:\n  200: ok\n  true: x\n  !x d: y\n"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if root.Get("responses").Get("200").Text() != "ok" || root.Get("responses").Get("true").Text() != "x" {
		t.Error("keys are not as written")
	}
}

func TestAnItemIsCutWithWhatPartsItFromItsNeighbours(t *testing.T) {
	root := parsed(t, "flow: [a, 'b' ,  c]\none: [a]\nlines: [a,\n  b]\nblock:\n  - a\n  - bc # why\ntight:\n- x\n- y\nanchored: &a z\nalias: [*a, b]\n")
	at := func(line, column, end int) policy.Place {
		return policy.Place{File: "p.yaml", Line: line, Column: column, EndColumn: end}
	}
	for _, c := range []struct {
		key  string
		i    int
		want policy.Place
	}{
		{"flow", 0, at(1, 8, 11)},
		{"flow", 1, at(1, 9, 14)},
		{"flow", 2, at(1, 14, 19)},
		{"one", 0, policy.Place{}},
		{"lines", 1, policy.Place{}},
		{"block", 0, at(6, 3, 6)},
		{"block", 1, at(7, 3, 7)},
		{"tight", 1, at(10, 1, 4)},
		{"alias", 1, policy.Place{}},
		{"flow", 3, policy.Place{}},
	} {
		if got, ok := root.Get(c.key).Cut(c.i); got != c.want || ok != (c.want.Line > 0) {
			t.Errorf("item %d of %s is cut at %+v, %v; want %+v", c.i, c.key, got, ok, c.want)
		}
	}
}
