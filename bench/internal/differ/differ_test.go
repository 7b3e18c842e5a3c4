package differ

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"outrigger/bench/internal/differ/cases"
	"outrigger/bench/internal/lab"
)

func messages(starts ...string) []Message {
	var all []Message
	for _, s := range starts {
		all = append(all, Message{Start: s})
	}
	return all
}

func TestADisagreementIsAboutMessagesAndNotAboutWhatFollowsThem(t *testing.T) {
	for _, c := range []struct {
		name         string
		ours, theirs Observation
		want         Kind
	}{
		{"the same, left differently", Observation{Messages: messages("a"), Ending: Open}, Observation{Messages: messages("a"), Ending: Refused}, ""},
		{"we refuse", Observation{Messages: messages("a"), Ending: Refused}, Observation{Messages: messages("a", "b"), Ending: Closed}, Stricter},
		{"we close", Observation{Ending: Closed}, Observation{Messages: messages("b"), Ending: Closed}, Stricter},
		{"we wait", Observation{Messages: messages("a"), Ending: Open}, Observation{Messages: messages("a", "b"), Ending: Closed}, Waits},
		{"they refuse", Observation{Messages: messages("a", "b"), Ending: Closed}, Observation{Messages: messages("a"), Ending: Refused}, Laxer},
		{"they wait", Observation{Messages: messages("a", "b"), Ending: Closed}, Observation{Messages: messages("a"), Ending: Open}, Ends},
		{"two readings", Observation{Messages: messages("a", "b"), Ending: Closed}, Observation{Messages: messages("a", "c"), Ending: Closed}, Differs},
		{"another body", Observation{Messages: []Message{{"a", "x"}}, Ending: Closed}, Observation{Messages: []Message{{"a", "xy"}}, Ending: Closed}, Differs},
	} {
		if got := compare(c.ours, c.theirs); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestAnExplanationFitsOnlyWhatItNames(t *testing.T) {
	table, err := parseExplanations("# a comment\nname: n\ndirection: requests\nkind: stricter\nothers: nginx\nours: ^400 bare\nwhy: because\nwhy: so\n")
	if err != nil || len(table) != 1 || table[0].Why != "because so" {
		t.Fatalf("%+v, %v", table, err)
	}
	fits := Disagreement{Direction: Requests, Kind: Stricter, Other: "nginx", Ours: Observation{Ending: Refused, Status: 400, Reason: "bare line feed"}}
	if explain(table, fits) == nil {
		t.Error("does not fit what it names")
	}
	for name, spoil := range map[string]func(*Disagreement){
		"other direction": func(d *Disagreement) { d.Direction = Replies },
		"other kind":      func(d *Disagreement) { d.Kind = Differs },
		"other proxy":     func(d *Disagreement) { d.Other = "haproxy" },
		"other reason":    func(d *Disagreement) { d.Ours.Reason = "host missing" },
		"no answer":       func(d *Disagreement) { d.Ours.Ending = Closed },
	} {
		d := fits
		spoil(&d)
		if explain(table, d) != nil {
			t.Errorf("%s: explained all the same", name)
		}
	}
	for _, bad := range []string{"name: n\ndirection: requests\nkind: laxer\nwhy: any", "name: n", "what: is this", "no colon"} {
		if _, err := parseExplanations(bad); err == nil {
			t.Errorf("%q is taken for an explanation", bad)
		}
	}
}

func TestTheTableAndTheCorpusCanBeRead(t *testing.T) {
	table, err := Explained()
	if err != nil || len(table) == 0 {
		t.Fatalf("%d explanations, %v", len(table), err)
	}
	names := map[string]bool{}
	for _, e := range table {
		if names[e.Name] {
			t.Errorf("%q stands twice", e.Name)
		}
		names[e.Name] = true
	}
	requests, replies, err := Corpus()
	if err != nil || len(requests) == 0 || len(replies) == 0 {
		t.Fatalf("%d requests, %d replies, %v", len(requests), len(replies), err)
	}
}

func TestASavedCaseIsALineOfTheCorpus(t *testing.T) {
	g := cases.New(5, nil, nil)
	for range 200 {
		c := g.Request()
		back, err := parseCorpus(Disagreement{Direction: Requests, Case: c}.String())
		if err != nil || len(back) != 1 || cases.Fill(string(back[0].Bytes), c.Token)+cases.End(c.Token) != string(c.Bytes) {
			t.Fatalf("%q came back as %v, %v", c.Bytes, back, err)
		}
	}
}

func TestTheCheckerOfChunksKnowsTheGrammar(t *testing.T) {
	const head = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	for body, want := range map[string]bool{
		"0\r\n\r\n": true, "5;a=b\r\nhello\r\n0\r\nX-T: v\r\n\r\n": true, "a;b;c=\"d;\\\"\"\r\n0123456789\r\n00\r\n\r\n": true,
		"5\nhello\r\n0\r\n\r\n": false, "5 \r\nhello\r\n0\r\n\r\n": false, "0x5\r\nhello\r\n0\r\n\r\n": false, "5\r\nhello0\r\n\r\n": false, "5;\r\nhello\r\n0\r\n\r\n": false,
		"50\r\nhello\r\n0\r\n\r\n": false, "0\r\n": false, "0\r\nX-T v\r\n\r\n": false, "10000000000000005\r\nhello\r\n0\r\n\r\n": false, "": false,
	} {
		if got := wellChunked([]byte(head + body)); got != want {
			t.Errorf("%q: %t", body, got)
		}
	}
}

// TestNobodyFindsAnotherEndOfAMessage is a short run with a fixed seed; make fuzz runs longer ones.
func TestNobodyFindsAnotherEndOfAMessage(t *testing.T) {
	if _, missing := Installed(); len(missing) > 0 {
		if os.Getenv("CI") == "true" {
			t.Fatalf("not installed: %v", missing)
		}
		t.Logf("not installed, and not compared with: %v", missing)
	}
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.Open(root, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	report, err := Plan{Seed: 20261124, Duration: time.Minute, Cases: 1000}.Run(context.Background(), l)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range report.Leaks {
		t.Errorf("bytes of one case arrived in another:\n%s", d)
	}
	for _, d := range report.Unexplained {
		t.Errorf("not explained in explained.txt:\n%s", d)
	}
	if report.Cases < 300 || len(report.Explained) == 0 {
		t.Errorf("%d cases and %d kinds of explained disagreements: too few to mean anything", report.Cases, len(report.Explained))
	}
	t.Logf("%d cases beside %v, %d looked different at first only", report.Cases, report.Others, report.Unstable)
}

func TestATokenOfAnotherCaseIsALeak(t *testing.T) {
	r := &run{issued: map[string]bool{"t00000000000000aa": true, "t00000000000000bb": true}}
	for body, want := range map[string]string{
		"t00000000000000aa": "", "x t00000000000000bb": "t00000000000000bb", "t00000000000000cc": "", "": "",
	} {
		if got := r.leak(Observation{Messages: []Message{{"POST /", body}}}, "t00000000000000aa"); got != want {
			t.Errorf("%q: leak %q, want %q", body, got, want)
		}
	}
}
