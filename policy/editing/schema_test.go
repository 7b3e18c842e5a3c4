package editing

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"outrigger/policy"
	"outrigger/policy/compile"
	"outrigger/policy/document"
	"outrigger/policy/openapi"
)

// validators are the compiled schemas by their text: many policies name the same specs.
var validators = map[string]*jsonschema.Schema{}

// validator compiles the schema that is written for catalogs.
func validator(t testing.TB, catalogs map[string]*openapi.Catalog) *jsonschema.Schema {
	t.Helper()
	text, err := Schema(catalogs)
	if err != nil {
		t.Fatal(err)
	}
	if s := validators[string(text)]; s != nil {
		return s
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("outrigger.schema.json", parsed); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("outrigger.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	validators[string(text)] = s
	return s
}

// judge says what a schema has against a text; nil for a text that is right.
func judge(t testing.TB, s *jsonschema.Schema, text string) error {
	t.Helper()
	root, _ := document.Parse("policy.yaml", []byte(text))
	encoded, err := json.Marshal(Value(root))
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(value)
}

// shapes are the codes of mistakes that a schema can see in one file.
var shapes = map[string]bool{"OR120": true, "OR121": true, "OR122": true, "OR123": true, "OR125": true, "OR126": true, "OR128": true, "OR131": true, "OR132": true}

// beyond are the golden cases whose mistakes a schema cannot know though the code says so, and why.
var beyond = map[string]string{
	"nothing-to-carry":                 "what is to be carried may stand in another file of the folder",
	"upstream-that-refuses-everything": "what the keys of two parts mean together is not the form of either",
}

// TestTheSchemaAgreesWithTheCompiler runs the golden cases of the compiler: what it accepts, the schema accepts, and of what it
// refuses for its shape the schema refuses something too.
func TestTheSchemaAgreesWithTheCompiler(t *testing.T) {
	general := validator(t, nil)
	paths, err := filepath.Glob("../compile/testdata/*.txtar")
	if err != nil || len(paths) < 60 {
		t.Fatalf("%d golden cases, %v", len(paths), err)
	}
	accepted, refused := 0, 0
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files := map[string]string{}
		var policies []string
		for _, f := range archive.Files {
			files[f.Name] = string(f.Data)
			if strings.HasSuffix(f.Name, ".yaml") && !strings.Contains(f.Name, "/") {
				policies = append(policies, f.Name)
			}
		}
		if listed, there := files["files"]; there {
			policies = strings.Fields(listed)
		}
		result := compileFiles(policies, files)
		var against error
		for _, p := range policies {
			if against == nil {
				against = judge(t, general, files[p])
			}
		}
		switch wrong := shapeProblems(result.Problems); {
		case !result.Problems.HasErrors():
			accepted++
			if against != nil {
				t.Errorf("%s: check accepts it, the schema does not: %v", name, against)
			}
		case len(wrong) > 0 && against == nil && beyond[name] == "":
			t.Errorf("%s: check finds %v, and the schema nothing", name, wrong)
		case len(wrong) > 0 && against != nil:
			refused++
			if beyond[name] != "" {
				t.Errorf("%s: the schema knows now what it was said not to: take it off the list", name)
			}
		}
	}
	if accepted < 30 || refused < 20 {
		t.Errorf("%d accepted and %d refused: these are not the golden cases", accepted, refused)
	}
}

func compileFiles(policies []string, files map[string]string) compile.Result {
	env := map[string]string{}
	for line := range strings.Lines(files["env"]) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		env[name] = value
	}
	return compile.Compile(policies, compile.Options{
		ReadFile: func(path string) ([]byte, error) {
			if text, there := files[path]; there {
				return []byte(text), nil
			}
			return nil, fs.ErrNotExist
		},
		Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		Application: func(application policy.Endpoint, path string) ([]byte, bool) {
			text, there := files["served/"+application.Host+path]
			return []byte(text), there
		},
	})
}

func shapeProblems(problems policy.Problems) []string {
	var found []string
	for _, p := range problems {
		if p.Severity == policy.Error && shapes[p.Code] {
			found = append(found, p.String())
		}
	}
	return found
}

// frame is a right policy with a place for one more line.
const frame = "version: 1\nservice: orders\ninbound: {listen: ':8080', application: http://127.0.0.1:5000}\n"

func TestTheSchemaRefusesEachMistake(t *testing.T) {
	s := validator(t, nil)
	if err := judge(t, s, frame); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"default: {}",
		"defaults: {timeouts: {requst: 1s}}",
		"defaults: {timeouts: {request: 10}}",
		"defaults: {timeouts: {request: 10 s}}",
		"defaults: {timeouts: 10s}",
		"defaults: {timeouts: {request: true}}",
		"defaults: {retry: {retries: 5}}",
		"defaults: {retry: {retries: -1}}",
		"defaults: {retry: {retries: two}}",
		"defaults: {retry: {when: 503}}",
		"defaults: {retry: {when: [404]}}",
		"defaults: {retry: {when: ['404']}}",
		"defaults: {retry: {when: [UNAVAILABLE]}}",
		"defaults: {retry: {when: [conect]}}",
		"defaults: {retry: {when: [200]}}",
		"defaults: {retry: {idempotent: true}}",
		"defaults: {retry: {idempotencyKey: injected}}",
		"defaults: {retry: {maxBody: 64K}}",
		"defaults: {retry: {budget: {ratio: 0.2}}}",
		"defaults: {retry: {budget: {ratio: 101%}}}",
		"defaults: {breaker: {failureRate: 0.5%}}",
		"defaults: {breaker: {scope: endpoint}}",
		"defaults: {breaker: {failureRate: off}}",
		"defaults: {breaker: on}",
		"defaults: {hedge: {after: p95}}",
		"defaults: {mode: shadow}",
		"defaults: {streaming: yes}",
		"defaults: [a]",
		"defaults:",
		"policies: {patient: {use: other}}",
		"policies: {'a b': {}}",
		"upstreams: {a: {}}",
		"upstreams: {a: {endpoints: []}}",
		"upstreams: {a: {endpoints: ['http://a:99999']}}",
		"upstreams: {a: {endpoints: ['http://a/path']}}",
		"upstreams: {a: {endpoints: ['ftp://a']}}",
		"upstreams: {a: {endpoints: http://a}}",
		"upstreams: {a: {endpoints: ['dns:///a']}}",
		"upstreams: {application: {endpoints: ['http://a']}}",
		"upstreams: {a: {endpoints: ['http://a'], openapi: 'application:/openapi.json'}}",
		"upstreams: {a: {endpoints: ['http://a'], operations: {get /stock: {}}}}",
		"upstreams: {a: {endpoints: ['http://a'], operations: {GET /stock?a=b: {}}}}",
		"upstreams: {a: {endpoints: ['http://a'], operations: {GET /stock: {retry: {budget: {ratio: 10%}}}}}}",
		"upstreams: {a: {endpoints: ['http://a'], unmatched: drop}}",
		"outbound: {listen: localhost}",
		"outbound: {listen: '127.0.0.1:65536'}",
		"admin: {listen: 9901}",
		"log: {requests: sample}",
		"log: {level: trace}",
		"limits: {connections: 0}",
		"trust: {callers: [10.0.0.0]}",
		"version: 2",
		"version: '1'",
	} {
		text := frame + line + "\n"
		if strings.HasPrefix(line, "version") {
			text = strings.Replace(frame, "version: 1", line, 1)
		}
		if judge(t, s, text) == nil {
			t.Errorf("%s: the schema accepts it", line)
		}
		if !compileFiles([]string{"policy.yaml"}, map[string]string{"policy.yaml": text}).Problems.HasErrors() {
			t.Errorf("%s: check accepts it, so it is no mistake", line)
		}
	}
}
