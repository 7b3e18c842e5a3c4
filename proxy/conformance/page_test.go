package conformance_test

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write docs/http-conformance.md from the rows of this package")

const page = "../../docs/http-conformance.md"

func TestThePageSaysWhatTheRowsSay(t *testing.T) {
	want := written()
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("the page is not what the rows say (go test ./proxy/conformance -update writes it):\n%s", diff)
	}
}

func TestEveryCaseOfAChapterHasANameOfItsOwn(t *testing.T) {
	for _, ch := range chapters {
		seen := map[string]bool{}
		for _, c := range ch.clauses {
			for _, p := range c.shown {
				if seen[p.name] {
					t.Errorf("%s has two cases %q", ch.title, p.name)
				}
				seen[p.name] = true
			}
		}
	}
}

const opening = `# HTTP conformance

What RFC 9110 (semantics), 9111 (caching, as far as it binds one that stores nothing) and 9112 (HTTP/1.1) ask of an intermediary, clause by clause, what Outrigger does, and the
cases that show it. The page is written from those cases: a row without one cannot stand here, and a test fails when the page and the cases differ.

- %d clauses, %d cases. Each runs through the whole sidecar, over loopback, between a client that sends raw bytes and an upstream that answers raw bytes.
- **Level** is the word of the RFC; *rule* stands where it states one without such a word, *ours* where no RFC asks. **Choice** marks where an RFC leaves one, with the reason.
- ` + "`→`" + ` is what a client sends, ` + "`←`" + ` what an upstream answers, where that is the point; ` + "`…`" + ` stands for bytes left out. Behind each message that ends its connection the
  case sends another request, which must never be served.
- *Closes* means that the answer announces the end of the connection and that it comes; *kept* that the next request on it is served.
- Run a chapter with ` + "`go test ./proxy/conformance -run 'TestConformance/Host$'`" + `, a case with its name behind, blanks as underscores.

Every refusal of a request is counted in ` + "`outrigger_refused_total`" + ` and logged once, with code ` + "[`request_invalid`](failures/request_invalid.md)" + ` and a reason; at level debug a line
` + "`request refused`" + ` gives the position and the value of the byte. Every refusal of an answer is [` + "`upstream_bad_response`" + `](failures/upstream_bad_response.md).
`

// written is the page.
func written() string {
	var b strings.Builder
	clauses, cases := 0, 0
	for _, ch := range chapters {
		clauses += len(ch.clauses)
		for _, c := range ch.clauses {
			cases += len(c.shown)
		}
	}
	fmt.Fprintf(&b, opening, clauses, cases)
	for n, ch := range chapters {
		writeChapter(&b, n+1, ch)
	}
	return b.String()
}

func writeChapter(b *strings.Builder, number int, ch chapter) {
	fmt.Fprintf(b, "\n## %d. %s\n\n| section | level | what is asked | what we do | cases |\n|---|---|---|---|---|\n", number, ch.title)
	at := 1
	for _, c := range ch.clauses {
		cases := fmt.Sprintf("%d.%d", number, at)
		if len(c.shown) > 1 {
			cases += fmt.Sprintf(" to %d.%d", number, at+len(c.shown)-1)
		}
		at += len(c.shown)
		does := strings.NewReplacer("choice: ", "**Choice:** ", "Choice: ", "**Choice:** ").Replace(c.does)
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", c.section, level(c.level), c.asks, does, cases)
	}
	fmt.Fprintf(b, "\n<details><summary>The cases of chapter %d</summary>\n\n| | case | bytes | the client gets | the upstream gets |\n|---|---|---|---|---|\n", number)
	at = 1
	for _, c := range ch.clauses {
		for _, p := range c.shown {
			fmt.Fprintf(b, "| %d.%d | %s | %s | %s | %s |\n", number, at, p.name, p.bytes(), p.outcome(), p.arrives())
			at++
		}
	}
	b.WriteString("\n</details>\n")
}

func level(word string) string {
	if word == "ours" || word == "rule" {
		return "*" + word + "*"
	}
	return word
}

// bytes are those that the case is about.
func (p probe) bytes() string {
	switch {
	case p.act != nil:
		return "in several steps"
	case p.origin != "" && (p.send == get("/") || p.send == handshake):
		return "← " + code(p.origin)
	case p.origin != "":
		return "→ " + code(p.send) + " ← " + code(p.origin)
	}
	return "→ " + code(p.send)
}

// code is raw bytes on one line of a table.
func code(raw string) string {
	const most, head, tail = 150, 100, 30
	if len(raw) > most {
		raw = quoted(raw[:head]) + "…" + quoted(raw[len(raw)-tail:])
	} else {
		raw = quoted(raw)
	}
	fence := "`"
	if strings.Contains(raw, "`") {
		fence = "``"
	}
	return fence + strings.ReplaceAll(raw, "|", `\|`) + fence
}

func quoted(raw string) string {
	q := strconv.QuoteToASCII(raw)
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}

// outcome is what the client gets.
func (p probe) outcome() string {
	end := "kept"
	switch {
	case p.act != nil:
		return ""
	case p.broken:
		return strconv.Itoa(p.status) + ", broken off"
	case p.ends:
		end = "closes"
	}
	return strconv.Itoa(p.status) + ", " + end
}

// arrives is what the upstream gets.
func (p probe) arrives() string {
	switch {
	case p.act != nil:
		return ""
	case p.late:
		return "a part, never the whole"
	case !p.passes:
		return "nothing"
	}
	lines := ""
	for _, line := range p.up {
		if without, not := strings.CutPrefix(line, "!"); not {
			lines += ", no " + code(strings.TrimSuffix(without, ":"))
		} else {
			lines += ", " + code(line)
		}
	}
	return "it" + lines
}
