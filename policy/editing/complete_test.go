package editing

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"outrigger/policy"
	"outrigger/policy/document"
	"outrigger/policy/openapi"
)

// cursor takes the mark "|" out of a text and says where it stood.
func cursor(t *testing.T, text string) (clean string, line, column int) {
	t.Helper()
	before, after, found := strings.Cut(text, "|")
	if !found {
		t.Fatalf("no cursor in %q", text)
	}
	line = 1 + strings.Count(before, "\n")
	return before + after, line, 1 + len([]rune(before[strings.LastIndexByte(before, '\n')+1:]))
}

func TestWhatCouldBeWrittenIsOffered(t *testing.T) {
	catalogs := map[string]*openapi.Catalog{"inventory": catalogOf(t, inventory), policy.Application: catalogOf(t, strings.ReplaceAll(inventory, "getStock", "getOrder"))}
	operations := []string{"getStock", "dropStock", "GET /reports/{id}.pdf", "odd"}
	inboundOperations := []string{"getOrder", "dropStock", "GET /reports/{id}.pdf", "odd"}
	timeouts := []string{"request", "attempt", "connect", "idle", "body"}
	conditions := []string{"connect", "refused", "reset", "timeout", "5xx", "gateway", "409"}
	for text, want := range map[string][]string{
		"version: 1\nlog:\n  level: |":                                          {"debug", "info", "warn", "error"},
		"version: 1\nlog:\n  |":                                                 {"level", "format", "requests"},
		"version: 1\nlog:\n  format: json\n  re|":                               {"level", "format", "requests"},
		"log: {format: |":                                                       {"json", "text"},
		"log: {format: json, |":                                                 {"level", "format", "requests"},
		"log: {format: json}\ntrust: {|":                                        {"callers", "forwarded"},
		"upstreams:\n  inventory:\n    operations:\n      |":                    operations,
		"upstreams:\n  inventory:\n    operations:\n      odd: {}\n      getS|": operations,
		"upstreams:\n  inventory:\n    operations: {getS|":                      operations,
		"upstreams:\n  other:\n    operations:\n      |":                        nil,
		"inbound:\n  operations:\n    |":                                        inboundOperations,
		"upstreams:\n  inventory:\n    operations:\n      getStock:\n        timeouts:\n          |": timeouts,
		"upstreams:\n  inventory:\n    operations:\n      getStock: {timeouts: {|":                   timeouts,
		"upstreams:\n  inventory:\n    operations:\n      GET /a/{b}: {timeouts: {request: 1s, |":    timeouts,
		"upstreams:\n  inventory:\n    policy: {retry: {when: [|":                                    conditions,
		"upstreams:\n  inventory:\n    policy: {retry: {when: [reset, 5|":                            conditions,
		"upstreams:\n  inventory:\n    policy:\n      retry:\n        when:\n        - |":            conditions,
		"upstreams:\n  inventory:\n    policy:\n      retry:\n        when:\n          - t|":         conditions,
		"inbound:\n  policy: {retry: {when: [|":                                                      {"connect", "refused"},
		"upstreams:\n  inventory:\n    policy: {retry: {when: |":                                     nil,
		"defaults: {streaming: |":              {"true", "false"},
		"defaults: {retry: {idempotencyKey: |": {"forward", "inject", "require", "off"},
		"defaults: {breaker: |":                {"off"},
		"defaults: {hedge: {|":                 nil,
		"policies:\n  patient:\n    timeouts: {}\n  'quick': {}\nlimits: {}\ndefaults: {use: |": {"patient", "quick"},
		"defaults:\n  use: p|":   nil,
		"nothing: {|":            nil,
		"log: {level: info} # |": nil,
		"\tlog:|":                nil,
		"|":                      {"version", "service", "inbound", "outbound", "upstreams", "defaults", "policies", "admin", "metrics", "log", "limits", "trust"},
	} {
		clean, line, column := cursor(t, text)
		var got []string
		for _, item := range Complete(clean, line, column, catalogs) {
			got = append(got, item.Label)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestPlacesOfAKeyAreKept(t *testing.T) {
	labels := func(text string) (all []string) {
		clean, line, column := cursor(t, text)
		for _, item := range Complete(clean, line, column, nil) {
			all = append(all, item.Label)
		}
		return all
	}
	if got := labels("defaults: {retry: {|"); slices.Contains(got, "idempotent") || !slices.Contains(got, "budget") {
		t.Errorf("in defaults: %v", got)
	}
	if got := labels("inbound: {operations: {x: {retry: {|"); !slices.Contains(got, "idempotent") || slices.Contains(got, "budget") {
		t.Errorf("at an operation: %v", got)
	}
}

func TestKeysAreWrittenSoThatYAMLReadsThem(t *testing.T) {
	for _, key := range []string{"getStock", "GET /stock/{id}", "a: b", "a #b", "- a", "{x}", "a\nb", "\x1b[31m", `say "hi"`, "a:", "'a", "*a", "?x"} {
		root, problems := document.Parse("p", []byte(keyText(key)+": 1\n"))
		if len(problems) > 0 || root.Get(key).Text() != "1" {
			t.Errorf("%q is written %s, which YAML reads as %v %v", key, keyText(key), root.Entries(), problems)
		}
	}
}

func TestWhatStandsAtAPlaceIsFound(t *testing.T) {
	type spot struct{ Path, Key, Upstream, Operation, Setting string }
	for text, want := range map[string]spot{
		"version: 1\nupstreams:\n  inventory:\n    operations:\n      getStock: {timeouts: {requ|est: 300ms}}": {"upstreams.inventory.operations.getStock.timeouts.request", "request", "inventory", "getStock", "timeouts.request"},
		"version: 1\nupstreams:\n  inventory:\n    operations:\n      getS|tock: {timeouts: {request: 300ms}}": {"upstreams.inventory.operations.getStock", "", "inventory", "getStock", ""},
		"version: 1\nupstreams:\n  inventory:\n    policy: {retry: {retries: |2}}":                             {"upstreams.inventory.policy.retry.retries", "retries", "inventory", "", "retry.retries"},
		"version: 1\ninbound:\n  policy:\n    retry:\n      retries: 2|":                                       {"inbound.policy.retry.retries", "retries", policy.Application, "", "retry.retries"},
		"version: 1\ndefaults: {timeouts: {connect: 1s|}}":                                                     {"defaults.timeouts.connect", "connect", "", "", ""},
		"version: 1\nlim|its: {}":    {"limits", "limits", "", "", ""},
		"version: 1\nwrong: {a: |1}": {"wrong.a", "", "", "", ""},
	} {
		clean, line, column := cursor(t, text)
		root, _ := document.Parse("p", []byte(clean))
		s, _ := At(root, line, column)
		got := spot{strings.Join(s.Path, "."), "", s.Upstream, s.Operation, s.Setting()}
		if s.Key != nil {
			got.Key = s.Key.Name
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

// FuzzComplete checks that no text and no cursor brings it down, and that what is offered is bounded.
func FuzzComplete(f *testing.F) {
	for _, seed := range []string{"upstreams:\n  a: {operations: {", "defaults: {retry: {when: [", "- - a: [", "a: }}]]", "\"a\": 'x"} {
		f.Add(seed, 1, len(seed))
	}
	f.Fuzz(func(t *testing.T, text string, line, column int) {
		if n := len(Complete(text, line, column, nil)); n > maxItems {
			t.Errorf("%d items", n)
		}
		root, _ := document.Parse("p", []byte(text))
		At(root, line, column)
	})
}
