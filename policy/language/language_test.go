package language

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// eachKey visits every key below a shape with its dotted name; keys of policies are visited where they first stand.
func eachKey(s Shape, prefix string, visit func(dotted string, k Key)) {
	for _, k := range s.Keys {
		dotted := strings.TrimPrefix(prefix+"."+k.Name, ".")
		visit(dotted, k)
		for below := k.Shape; ; below = *below.Item {
			eachKey(below, dotted, visit)
			if below.Item == nil {
				break
			}
		}
	}
}

func TestEveryKeySaysWhatItMeans(t *testing.T) {
	n := 0
	eachKey(File, "", func(dotted string, k Key) {
		n++
		if !strings.HasSuffix(k.Text, ".") && !strings.HasSuffix(k.Text, "?") {
			t.Errorf("%s: the text %q is no sentence", dotted, k.Text)
		}
		if strings.Count(k.Text, "`")%2 != 0 {
			t.Errorf("%s: a back quote is left open in %q", dotted, k.Text)
		}
		switch {
		case k.Later && (k.Shape.Kind != 0 || k.Default != "" || k.Example != ""):
			t.Errorf("%s: is not built yet and has a shape, a default or an example", dotted)
		case !k.Later && (k.Shape.Kind == 0 || k.Example == ""):
			t.Errorf("%s: has no shape or no example", dotted)
		}
	})
	if n < 150 {
		t.Errorf("only %d keys were visited", n)
	}
}

func TestAKeyStandsWhereItMay(t *testing.T) {
	tests := map[string]map[Position]bool{
		"retry.budget":     {Defaults: true, UpstreamPolicy: true, InboundPolicy: true, NamedPolicy: true, UpstreamOperation: false, InboundOperation: false},
		"retry.idempotent": {Defaults: false, UpstreamPolicy: false, InboundPolicy: false, NamedPolicy: true, UpstreamOperation: true, InboundOperation: true},
		"use":              {Defaults: true, NamedPolicy: false, UpstreamOperation: true},
	}
	for dotted, positions := range tests {
		names := strings.Split(dotted, ".")
		key := Policy.Under(names[:len(names)-1]...).Find(names[len(names)-1])
		for at, want := range positions {
			if got := key.Allows(at); got != want {
				t.Errorf("%s at position %d: %v, want %v", dotted, at, got, want)
			}
		}
	}
}

func TestInboundKnowsFewerConditions(t *testing.T) {
	when := Policy.Under("retry").Find("when")
	if n := len(when.ShapeAt(InboundPolicy).Item.Words); n != 2 {
		t.Errorf("%d words on inbound, want connect and refused", n)
	}
	if n := len(when.ShapeAt(UpstreamPolicy).Item.Words); n != 6 {
		t.Errorf("%d words at an upstream, want 6", n)
	}
}

var update = flag.Bool("update", false, "write the page of reference")

func TestThePageOfReferenceIsTheTable(t *testing.T) {
	const page = "../../docs/policy-reference.md"
	if *update {
		if err := os.WriteFile(page, []byte(Reference()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(text), Reference()); diff != "" {
		t.Errorf("%s is older than the table (-page +table); make golden writes it:\n%s", page, diff)
	}
	eachKey(File, "", func(dotted string, k Key) {
		if !strings.Contains(Reference(), k.Text) {
			t.Errorf("%s is not on the page", dotted)
		}
	})
}
