package draft_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"outrigger/policy/document"
	"outrigger/policy/starter/draft"
)

// hostile are texts that a spec may have where a name is expected.
var hostile = []string{
	"", " ", "getStock", "get-stock.v2", "yes", "No", "null", "~", "on", "1", "0x10", "1e3", ".inf", "2026-11-24", "a: b", "a #b", "#a", "- a", "? a",
	"&a", "*a", "!a", "|", ">", "'", `"`, `\`, "%a", "@a", "`a", "{a}", "[a]", "a,b", "a\nb", "a\r\nb", "a\tb", "\x1b[31m", "\x7f", "\u0085", "\u2028",
	"\ufeff", "\u202eabc", "\U000e0041", "ünïcode", "日本", "GET /stock/{item}", "GET /a b", "<<", "=", "---", "...", "../a.yaml", "./a", ".a", "key:", strings.Repeat("x", 900),
}

func TestAQuotedTextIsReadAsItself(t *testing.T) {
	for _, text := range hostile {
		quoted := draft.Quote(text)
		root, problems := document.Parse("p.yaml", []byte(quoted+": "+quoted+"\n"))
		if len(problems) > 0 {
			t.Errorf("%q as %s: %v", text, quoted, problems)
			continue
		}
		e := root.Entries()[0]
		if e.Key != text || e.Value.Text() != text || e.Value.Tag() != "!!str" {
			t.Errorf("%q as %s is read as key %q, value %q of type %s", text, quoted, e.Key, e.Value.Text(), e.Value.Tag())
		}
		for _, r := range quoted {
			if r < ' ' || r >= 0x7f && r <= 0x9f || r >= 0x2028 && r <= 0x202e {
				t.Errorf("%q as %s keeps %U", text, quoted, r)
			}
		}
	}
}

func TestACommentStaysOneLine(t *testing.T) {
	for _, text := range append(hostile, strings.Repeat("long ", 100)) {
		c := draft.Comment(text)
		if strings.ContainsAny(c, "\n\r\x1b\u0085\u2028") || len([]rune(c)) > 161 {
			t.Errorf("%.40q becomes the comment %q", text, c)
		}
	}
}

func TestAFileIsWrittenInTheOrderPeopleRead(t *testing.T) {
	streams := &draft.Operation{Key: "watch: stock", Policy: draft.Policy{{Key: "use", Value: "stream"}}, Note: "GET /stock/events"}
	crossing := &draft.Operation{Key: "GET /a/{b}", Policy: draft.Policy{{Key: "retry", Value: "off"}}, Note: "they cross", Allow: "OR223"}
	inventory := &draft.Part{
		Name: "inventory", Note: "the stock", Fields: []draft.Field{{Key: "endpoints", Value: draft.List("http://inventory:8080")}, {Key: "openapi", Value: "i.yaml", Note: "a spec"}},
		Policy: draft.Policy{{Key: "timeouts", Value: draft.Map(draft.Field{Key: "request", Value: "2s"}, draft.Field{Key: "attempt"})}},
		Above:  []string{"two reads"}, Operations: []*draft.Operation{streams, crossing},
	}
	f := draft.File{
		Head: []string{"made from\ni.yaml"}, Service: "orders", Policies: []draft.Named{{Name: "stream", Policy: draft.Policy{{Key: "timeouts", Value: "{idle: 5m}"}}}},
		Inbound:  &draft.Part{Fields: []draft.Field{{Key: "listen", Value: "0.0.0.0:8080"}}},
		Outbound: []draft.Field{{Key: "listen", Value: "127.0.0.1:15001"}}, Upstreams: []*draft.Part{inventory}, Foot: []string{"the end"},
	}
	want := `# made from i.yaml
version: 1
service: orders

policies:
  stream: {timeouts: {idle: 5m}}

inbound:
  listen: 0.0.0.0:8080

outbound:
  listen: 127.0.0.1:15001

upstreams:
  inventory:         # the stock
    endpoints: [http://inventory:8080]
    openapi: i.yaml  # a spec
    policy:
      timeouts: {request: 2s}
    # two reads
    operations:
      "watch: stock": {use: stream}  # GET /stock/events
      GET /a/{b}: {retry: off}       # outrigger:allow OR223 they cross

# the end
`
	text := f.Render()
	if diff := cmp.Diff(want, string(text.Bytes)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for line, what := range strings.Split(want, "\n") {
		op, spec := text.Operations[line+1], text.Specs[line+1]
		if timeouts := (draft.PolicyLine{Part: inventory, Key: "timeouts"}); (text.Policies[line+1] == timeouts) != strings.Contains(what, "request: 2s") {
			t.Errorf("line %d %q is told to be of the policy %v", line+1, what, text.Policies[line+1])
		}
		if (op == streams) != strings.Contains(what, "watch") || (op == crossing) != strings.Contains(what, "OR223") || (spec == inventory) != strings.Contains(what, "openapi") {
			t.Errorf("line %d %q is told to be operation %v, spec of %v", line+1, what, op, spec)
		}
	}
}
