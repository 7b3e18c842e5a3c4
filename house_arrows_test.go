package outrigger_test

import (
	"fmt"
	"strings"
)

// arrows is the map of the house: who may import whom inside the module. A pattern P/... means P and all below it.
// The order of levels, highest first, is cmd, proxy, the entries (gate, listen, admin), live, the layers with upstream,
// exchange and failure, policy. A package that stands in no row is refused, so that its place is decided before it grows.
var arrows = []struct {
	from string
	to   []string
}{
	// What is wanted. Bytes in, values out.
	{"policy", nil},
	{"policy/document", []string{"policy"}},
	{"policy/openapi", []string{"policy", "policy/document", "policy/openapi/clue"}},
	{"policy/openapi/clue", nil},
	{"policy/graphql", []string{"policy"}},
	{"policy/schema", []string{"policy"}},
	// A contract is what a spec says of messages, as schemas that are known to compile.
	{"policy/contract", []string{"policy", "policy/openapi", "policy/schema", "policy/document"}},
	// A compiled set carries its version, the hash of its bytes on the wire.
	// Words and amounts, for whoever reads a file or tells what is wrong with it.
	{"policy/spelling", nil},
	// Every key with its form and meaning: the compiler reads by it, and what editors show comes from it.
	{"policy/language", nil},
	// Rules look at what was compiled: views of operations, and the families of checks below.
	{"policy/rules/...", []string{"policy", "policy/spelling", "policy/openapi", "policy/rules"}},
	{"policy/compile", []string{"policy", "policy/spelling", "policy/language", "policy/document", "policy/openapi", "policy/contract", "policy/rules/...", "policy/graphql", "policy/wire"}},
	// What editors are told: the table as a schema, and what stands at a place of a text.
	{"policy/editing", []string{"policy", "policy/language", "policy/document", "policy/openapi", "policy/explain"}},
	{"policy/wire", []string{"policy"}},
	// Edits that problems carry, made in the text of a file.
	{"policy/mend", []string{"policy", "policy/document"}},
	{"policy/explain", []string{"policy"}},
	{"policy/suggest", []string{"policy"}},
	// What differs is told in the words that explain has for a value.
	{"policy/diff", []string{"policy", "policy/spelling", "policy/explain"}},
	// The user's tables; what only a running sidecar shows is asked of a function that the caller passes in.
	{"policy/table", []string{"policy", "policy/document", "policy/spelling", "policy/explain"}},
	// What init writes, from specs and from the files of other systems. It compiles what it wrote.
	{"policy/starter/draft", nil},
	{"policy/starter/migrate", []string{"policy", "policy/document", "policy/compile", "policy/starter/draft"}},
	{"policy/starter", []string{"policy", "policy/openapi", "policy/compile", "policy/starter/draft"}},

	// The wire knows nothing of policies.
	{"proxy/http1", nil},
	// Nor does the writer of log lines.
	{"proxy/lines", nil},
	// Nor what watches over memory, descriptors and buffers: who must ask sees an interface of his own.
	{"proxy/overload", nil},

	// What travels, and how failure is told.
	{"proxy/failure", []string{"policy"}},
	{"proxy/exchange", []string{"policy", "proxy/failure"}},

	// The layers, and what they count with, never meet but in proxy/stack.go.
	{"proxy/fallback", travelling},
	{"proxy/deadline", travelling},
	{"proxy/limit", travelling},
	{"proxy/replay", travelling},
	{"proxy/retry", travelling},
	{"proxy/budget", travelling},
	{"proxy/hedge", travelling},
	{"proxy/breaker", travelling},
	{"proxy/fault", travelling},
	{"proxy/validate", travelling},
	{"proxy/observe", travelling},
	{"proxy/drift", travelling},
	// The verdict tells network errors apart, and the wire's are typed.
	{"proxy/verdict", append([]string{"proxy/http1"}, travelling...)},
	// Endpoints send by the wire.
	{"proxy/upstream", append([]string{"proxy/http1"}, travelling...)},

	// Where sets come from: the only part of proxy, beside proxy itself, that compiles.
	{"proxy/source/...", []string{"policy/...", "proxy/source"}},

	{"proxy/live", belowLive},
	{"proxy/gate", append([]string{"proxy/live", "proxy/http1"}, belowLive...)},
	{"proxy/listen", append([]string{"proxy/live", "proxy/http1"}, belowLive...)},
	// The admin port shows effective values in the words of outrigger explain.
	{"proxy/admin", append([]string{"proxy/live", "policy/explain"}, belowLive...)},
	// Runs the steps of a table on the whole sidecar, beside cmd above everything else.
	{"proxy/simulate", []string{"policy", "policy/table", "proxy/..."}},
	{"proxy/proxytest", []string{"policy/...", "proxy/..."}},
	{"proxy", []string{"policy/...", "proxy/..."}},

	{"cmd/...", []string{"policy/...", "proxy/...", "cmd/..."}},
	// Examples are black boxes that users copy: they know the product by its ports only.
	{"examples/...", nil},
}

var travelling = []string{"policy", "proxy/exchange", "proxy/failure"}

var belowLive = append([]string{
	"proxy/fallback", "proxy/deadline", "proxy/limit", "proxy/replay", "proxy/retry", "proxy/budget", "proxy/hedge", "proxy/breaker",
	"proxy/fault", "proxy/observe", "proxy/drift", "proxy/verdict", "proxy/upstream",
}, travelling...)

// testSupport may be imported by tests only.
var testSupport = []string{"proxy/proxytest"}

func checkArrows(t *tree) []finding {
	var found []finding
	homeless := map[string]bool{}
	for _, f := range t.source() {
		allowed, ok := allowedImports(f.dir)
		if !ok {
			if !homeless[f.dir] {
				homeless[f.dir] = true
				found = append(found, finding{path: f.dir, text: "package has no row in the table of arrows (house_arrows_test.go): say whom it may import"})
			}
			continue
		}
		for _, spec := range f.syntax.Imports {
			imported, internal := strings.CutPrefix(importPath(spec), module+"/")
			if !internal || inAny(imported, allowed) && !(inAny(imported, testSupport) && !isTestSupport(f.dir)) {
				continue
			}
			found = append(found, t.at(f, spec.Pos(), fmt.Sprintf("%s imports %s, an arrow that the house has not", f.dir, imported)))
		}
	}
	return found
}

func allowedImports(dir string) ([]string, bool) {
	for _, a := range arrows {
		if inPattern(dir, a.from) {
			return a.to, true
		}
	}
	return nil, false
}

func inAny(dir string, patterns []string) bool {
	for _, p := range patterns {
		if inPattern(dir, p) {
			return true
		}
	}
	return false
}

func inPattern(dir, pattern string) bool {
	if above, ok := strings.CutSuffix(pattern, "/..."); ok {
		return dir == above || strings.HasPrefix(dir, above+"/")
	}
	return dir == pattern
}
