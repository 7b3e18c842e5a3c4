package compile_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"outrigger/policy"
	"outrigger/policy/compile"
)

// files reads from memory.
func files(content map[string]string) compile.Options {
	return compile.Options{ReadFile: func(path string) ([]byte, error) {
		if text, ok := content[path]; ok {
			return []byte(text), nil
		}
		return nil, fs.ErrNotExist
	}}
}

const short = "version: 1\nservice: orders\nupstreams: {inventory: {endpoints: [http://inventory:8080], openapi: spec.yaml}}\n"

const spec = "openapi: 3.1.0\ninfo: {title: a, version: b}\npaths:\n  /a: {$ref: parts/a.yaml}\n"

const part = "get: {operationId: getA, responses: {'200': {description: ok}}}\n"

func TestFilesAreThoseReadAlsoWhenCompilingFails(t *testing.T) {
	content := map[string]string{"policy.yaml": short, "spec.yaml": spec, "parts/a.yaml": part}
	result := compile.Compile([]string{"policy.yaml"}, files(content))
	want := []string{"parts/a.yaml", "policy.yaml", "spec.yaml"}
	if result.Set == nil {
		t.Fatal(result.Problems)
	}
	if diff := cmp.Diff(want, result.Files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, result.Set.Files); diff != "" {
		t.Errorf("files of the set (-want +got):\n%s", diff)
	}
	delete(content, "parts/a.yaml")
	result = compile.Compile([]string{"policy.yaml"}, files(content))
	if result.Set != nil {
		t.Error("a set came of a spec that lacks a part")
	}
	if diff := cmp.Diff(want, result.Files); diff != "" {
		t.Errorf("files after a failure, so that the missing one is watched (-want +got):\n%s", diff)
	}
}

func TestVersionIsTheHashOfWhatThePolicySays(t *testing.T) {
	content := map[string]string{"policy.yaml": short, "spec.yaml": spec, "parts/a.yaml": part}
	version := func() string { return compile.Compile([]string{"policy.yaml"}, files(content)).Set.Version }
	first := version()
	if again := version(); again != first || len(first) != 64 {
		t.Errorf("versions %q and %q of one policy", first, again)
	}
	content["policy.yaml"] = strings.Replace(short, "8080", "8081", 1)
	if changed := version(); changed == first {
		t.Error("another endpoint, and the same version")
	}
}

func TestSchemasAreLoadedOnlyWhenAskedFor(t *testing.T) {
	broken := strings.Replace(spec, "paths:", "components: {schemas: {A: {$ref: '#/components/schemas/Missing'}}}\npaths:", 1)
	o := files(map[string]string{"policy.yaml": short, "spec.yaml": broken, "parts/a.yaml": part})
	if r := compile.Compile([]string{"policy.yaml"}, o); len(r.Problems) > 0 {
		t.Errorf("problems of a start: %v", r.Problems)
	}
	o.CheckSchemas = true
	r := compile.Compile([]string{"policy.yaml"}, o)
	if r.Set == nil || len(r.Problems) != 1 || r.Problems[0].Code != "OR213" {
		t.Errorf("problems of a check: %v", r.Problems)
	}
}

func TestEveryCodeHasATitleOfItsOwnAndAPage(t *testing.T) {
	seen := map[string]bool{}
	index, err := os.ReadFile("../../docs/checks/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range compile.Codes() {
		if seen[c.Code] || seen[c.Title] {
			t.Errorf("%s %q stands twice", c.Code, c.Title)
		}
		seen[c.Code], seen[c.Title] = true, true
		page, err := os.ReadFile("../../docs/checks/" + c.Code + ".md")
		if err != nil {
			t.Error(err)
			continue
		}
		if heading := fmt.Sprintf("# %s: %s\n", c.Code, c.Title); !strings.HasPrefix(string(page), heading) {
			t.Errorf("docs/checks/%s.md does not begin with %q", c.Code, heading)
		}
		if !strings.Contains(string(index), fmt.Sprintf("[%s](%s.md)", c.Code, c.Code)) {
			t.Errorf("docs/checks/README.md does not name %s", c.Code)
		}
	}
}

func TestEveryCodeOfThisPackageHasAGoldenCase(t *testing.T) {
	paths, _ := filepath.Glob("testdata/*.txtar")
	var all strings.Builder
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString(section(archive, "problems"))
	}
	for _, c := range compile.Codes() {
		own := c.Code >= "OR120" && c.Code < "OR200" || c.Code >= "OR220"
		if own && !strings.Contains(all.String(), "["+c.Code+"]") {
			t.Errorf("no golden case reports %s", c.Code)
		}
	}
}

// The bound is on memory and not on time, which depends on the machine; a check that compares every pair of 5,000 operations at
// full cost would be felt all the same.
func TestManyOperationsCompileInLittleMemory(t *testing.T) {
	var b strings.Builder
	b.WriteString("openapi: 3.1.0\ninfo: {title: a, version: b}\npaths:\n")
	for i := range 5000 {
		fmt.Fprintf(&b, "  /r%d/{id}/x%d: {get: {operationId: op%d, responses: {'200': {description: ok}}}}\n", i%50, i, i)
	}
	o := files(map[string]string{"policy.yaml": short, "spec.yaml": b.String()})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := compile.Compile([]string{"policy.yaml"}, o)
	runtime.ReadMemStats(&after)
	if r.Set == nil || len(r.Set.Upstreams[0].Operations) != 5000 {
		t.Fatal(r.Problems)
	}
	if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 150<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
}

func TestRealSpecsCompile(t *testing.T) {
	const folder = "../../../shared/specs"
	for name, operations := range map[string]int{"oai-petstore.yaml": 3, "swagger-petstore.yaml": 19, "redocly-cafe/openapi.yaml": 12} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(folder, name)
			if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
				t.Skip("the collection of real specs is not here: " + path)
			}
			text := strings.Replace(short, "spec.yaml", path, 1)
			r := compile.Compile([]string{"policy.yaml"}, compile.Options{ReadFile: func(name string) ([]byte, error) {
				if name == "policy.yaml" {
					return []byte(text), nil
				}
				return os.ReadFile(name)
			}})
			if r.Set == nil {
				t.Fatal(r.Problems)
			}
			ids := map[string]bool{}
			for _, op := range r.Set.Upstreams[0].Operations {
				ids[op.ID] = true
			}
			if len(ids) != operations {
				t.Errorf("%d operations, want %d", len(ids), operations)
			}
		})
	}
}

// FuzzCompile looks for text that ends the compiler, or that it takes and wire does not.
func FuzzCompile(f *testing.F) {
	paths, _ := filepath.Glob("testdata/*.txtar")
	for _, path := range paths {
		if archive, err := txtar.ParseFile(path); err == nil {
			f.Add(section(archive, "policy.yaml"), section(archive, "inventory.yml"))
		}
	}
	f.Fuzz(func(t *testing.T, policy, spec string) {
		r := compile.Compile([]string{"policy.yaml"}, files(map[string]string{"policy.yaml": policy, "inventory.yml": spec}))
		if (r.Set == nil) != r.Problems.HasErrors() {
			t.Errorf("set is nil: %v, problems: %v", r.Set == nil, r.Problems)
		}
		if r.Set != nil {
			travels(t, r.Set)
		}
	})
}

func TestCatalogsAreThereAlsoWhereThePolicyIsWrong(t *testing.T) {
	files := map[string]string{
		"p.yaml": "version: 1\nupstreams: {a: {endpoints: ['http://a'], openapi: a.yaml, operations: {gone: {}}}, b: {endpoints: ['http://b']}}\n",
		"a.yaml": "openapi: 3.0.0\ninfo: {title: a, version: '1'}\npaths: {/x: {get: {operationId: readX, responses: {'200': {description: ok}}}}}\n",
	}
	result := compile.Compile([]string{"p.yaml"}, compile.Options{ReadFile: func(name string) ([]byte, error) {
		if text, there := files[name]; there {
			return []byte(text), nil
		}
		return nil, fs.ErrNotExist
	}})
	if result.Set != nil || len(result.Catalogs) != 1 || result.Catalogs["a"] == nil || result.Catalogs["a"].Find("readX") == nil {
		t.Errorf("set %v, catalogs %v", result.Set, result.Catalogs)
	}
}

func TestWhatAProblemQuotesIsBounded(t *testing.T) {
	long := strings.Repeat("größe", 50_000)
	r := compile.Compile([]string{"policy.yaml"}, files(map[string]string{"policy.yaml": short + "\"" + long + "\": 1\ndefaults: {use: " + long + "}\n", "spec.yaml": spec, "parts/a.yaml": part}))
	if len(r.Problems) < 2 {
		t.Fatal(r.Problems)
	}
	for _, p := range r.Problems {
		if size := len(p.Message) + len(p.Expected) + len(p.Suggestion); size > 7000 || !utf8.ValidString(p.Message) {
			t.Errorf("%s says %d bytes: %.100q", p.Code, size, p.Message)
		}
	}
}

func TestMoreProblemsThanAnybodyReadsAreCounted(t *testing.T) {
	var b strings.Builder
	b.WriteString("    policy: {retry: {when: [" + strings.Repeat("503, ", 1500) + "503]}}\n")
	for i := range 1500 {
		fmt.Fprintf(&b, "    key%d: 1\n", i)
	}
	text := "version: 1\nservice: orders\nupstreams:\n  inventory:\n    endpoints: [http://inventory:8080]\n" + b.String()
	r := compile.Compile([]string{"policy.yaml"}, files(map[string]string{"policy.yaml": text}))
	counts := map[policy.Severity]int{}
	var more []string
	for _, p := range r.Problems {
		counts[p.Severity]++
		if p.Code == "OR104" {
			more = append(more, p.Message)
		}
	}
	want := []string{"500 more problems of severity error are not told", "500 more problems of severity warning are not told"}
	if diff := cmp.Diff(want, more); diff != "" || counts[policy.Error] != 1001 || counts[policy.Warning] != 1001 || r.Set != nil {
		t.Errorf("%v problems, and a set: %v (-want +got):\n%s", counts, r.Set != nil, diff)
	}
}

func TestTheReasonOfAProblemIsTheLineThatItContradicts(t *testing.T) {
	for name, c := range map[string]struct {
		policy string
		code   string
		want   int
	}{
		"retries inherited, beside the request timeout of an operation": {
			"    policy:\n      timeouts: {attempt: 300ms}\n      retry: {retries: 3}\n    operations: {GET /a: {timeouts: {request: 600ms}}}\n", "OR301", 8,
		},
		"base in the upstream's policy, cap at an operation": {
			"    policy:\n      retry: {backoff: {base: 1s, max: 2s}}\n    operations: {GET /a: {retry: {backoff: {max: 100ms}}}}\n", "OR304", 7,
		},
		"all at one place": {
			"    policy: {timeouts: {request: 600ms, attempt: 300ms}, retry: {retries: 3}}\n", "OR301", 0,
		},
		"host of another upstream": {
			"  other:\n    endpoints: [http://inventory:8080]\n", "OR404", 4,
		},
	} {
		text := "version: 1\nservice: orders\nupstreams:\n  inventory:\n    endpoints: [http://inventory:8080]\n" + c.policy
		result := compile.Compile([]string{"policy.yaml"}, files(map[string]string{"policy.yaml": text}))
		if len(result.Problems) != 1 || result.Problems[0].Code != c.code || result.Problems[0].Because.Line != c.want {
			t.Errorf("%s: %v because of line %d, want %s because of line %d", name, result.Problems, result.Problems[0].Because.Line, c.code, c.want)
		}
	}
}
