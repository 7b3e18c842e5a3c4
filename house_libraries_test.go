package outrigger_test

import (
	"fmt"
	"slices"
	"strings"
)

// libraries says which package alone may know a third-party library, so that replacing one is the work of one package.
var libraries = []struct {
	path   string // with everything below it
	owners []string
}{
	{"go.yaml.in/yaml", []string{"policy/document"}},
	{"github.com/getkin/kin-openapi", []string{"policy/openapi"}},
	{"github.com/santhosh-tekuri/jsonschema", []string{"policy/schema"}},
	{"github.com/prometheus", []string{"proxy/observe"}},
	{"go.opentelemetry.io", []string{"proxy/observe"}},
	{"github.com/failsafe-go/failsafe-go", []string{"proxy/breaker"}},
	{"github.com/fsnotify/fsnotify", []string{"proxy/source/file"}},
	{"github.com/sourcegraph/jsonrpc2", []string{"cmd/outrigger/internal/lsp"}},
	{"github.com/spf13/cobra", []string{"cmd/..."}},
	{"golang.org/x/sys", []string{"proxy/http1"}},
	{"golang.org/x/text", []string{"cmd/outrigger"}},
	{"github.com/rogpeppe/go-internal/diff", []string{"cmd/outrigger"}}, // the rest of that module is for tests
	{"github.com/google/go-cmp", testsOnly},
	{"github.com/rogpeppe/go-internal", testsOnly},
	{"go.uber.org/goleak", testsOnly},
	{"pgregory.net/rapid", testsOnly},
}

var testsOnly []string

// checkLibraries leaves tests alone: a test may use a library as an oracle.
func checkLibraries(t *tree) []finding {
	var found []finding
	for _, f := range t.source() {
		if isTestSupport(f.dir) {
			continue
		}
		for _, spec := range f.syntax.Imports {
			imported := importPath(spec)
			if !thirdParty(imported) {
				continue
			}
			owners, known := libraryOwners(imported)
			switch {
			case !known:
				found = append(found, t.at(f, spec.Pos(), imported+" has no owner in the table of libraries (house_libraries_test.go)"))
			case len(owners) == 0:
				found = append(found, t.at(f, spec.Pos(), imported+" is for tests only"))
			case !inAny(f.dir, owners):
				found = append(found, t.at(f, spec.Pos(), fmt.Sprintf("%s is known to %s alone, not to %s", imported, strings.Join(owners, " and "), f.dir)))
			}
		}
	}
	return found
}

// thirdParty goes by the dot that the first element of every fetchable module path has.
func thirdParty(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return strings.Contains(first, ".")
}

func libraryOwners(imported string) (owners []string, known bool) {
	for _, l := range libraries {
		if inPattern(imported, l.path+"/...") {
			return l.owners, true
		}
	}
	return nil, false
}

// impure are the parts of the standard library that reach outside: policy/ turns bytes into values and is handed the bytes.
var impure = []string{"net", "net/http/...", "os/...", "log/...", "syscall", "io/ioutil", "math/rand/...", "embed"}

var clockFunctions = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick"}

func checkPurity(t *tree) []finding {
	var found []finding
	for _, f := range t.source() {
		if !inPattern(f.dir, "policy/...") {
			continue
		}
		for _, spec := range f.syntax.Imports {
			imported := importPath(spec)
			if inAny(imported, impure) {
				found = append(found, t.at(f, spec.Pos(), fmt.Sprintf("policy is pure, and %s is not", imported)))
			}
			if f.dir == "policy" && thirdParty(imported) {
				found = append(found, t.at(f, spec.Pos(), "policy imports the standard library only, not "+imported))
			}
		}
		for _, call := range calls(f, "time", clockFunctions...) {
			found = append(found, t.at(f, call.Pos(), "policy knows no clock, and time."+call.Sel.Name+" reads one"))
		}
	}
	slices.SortStableFunc(found, func(a, b finding) int { return strings.Compare(a.path, b.path) })
	return found
}
