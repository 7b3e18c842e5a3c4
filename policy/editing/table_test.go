package editing

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"outrigger/policy"
	"outrigger/policy/compile"
	"outrigger/policy/language"
)

// plain is a policy in which nothing is written that need not be, but for names that examples refer to.
const plain = `
version: 1
service: orders
inbound: {listen: ':8080', application: 'http://127.0.0.1:5000', openapi: spec.yml}
outbound: {}
policies: {patient: {}}
upstreams: {inventory: {endpoints: ['http://inventory:8080'], openapi: spec.yml, operations: {getStock: {}}}}
`

// with returns the plain policy with a value at a dotted path.
func with(t *testing.T, path string, value any) string {
	t.Helper()
	root, ok := literal(plain).(map[string]any)
	if !ok {
		t.Fatal("the plain policy is none")
	}
	at, names := root, strings.Split(path, ".")
	for _, name := range names[:len(names)-1] {
		below, ok := at[name].(map[string]any)
		if !ok {
			below = map[string]any{}
			at[name] = below
		}
		at = below
	}
	at[names[len(names)-1]] = value
	text, err := json.Marshal(root) // JSON is YAML
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func compileText(text string) compile.Result {
	return compile.Compile([]string{"policy.yaml"}, compile.Options{ReadFile: func(name string) ([]byte, error) {
		if name == "policy.yaml" {
			return []byte(text), nil
		}
		return []byte(inventory), nil
	}})
}

// eachPlace visits every key that is built, at every place of a file where it may stand.
func eachPlace(shape language.Shape, at language.Position, prefix string, visit func(path string, key language.Key, at language.Position)) {
	for _, key := range shape.Keys {
		if key.Later || !key.Allows(at) {
			continue
		}
		path := strings.TrimPrefix(prefix+"."+key.Name, ".")
		visit(path, key, at)
		next, below := language.Step(at, key.Name), key.Shape
		switch {
		case below.Kind == language.Named && key.Name == "policies":
			path, below = path+".patient", *below.Item
		case below.Kind == language.Named:
			path, below = path+".inventory", *below.Item
		case below.Kind == language.Operations:
			path, below = path+".getStock", *below.Item
		}
		eachPlace(below, next, path, visit)
	}
}

func TestEveryExampleIsRight(t *testing.T) {
	if result := compileText(with(t, "service", "orders")); result.Problems.HasErrors() {
		t.Fatal(result.Problems)
	}
	s, n := validator(t, nil), 0
	eachPlace(language.File, language.Outside, "", func(path string, key language.Key, at language.Position) {
		n++
		example := key.Example
		if key.Inbound != nil && (at == language.InboundPolicy || at == language.InboundOperation) {
			example = "[connect]"
		}
		if strings.HasPrefix(path, "inbound.") && key.Name == "retry" {
			example = "{retries: 2}"
		}
		text := with(t, path, literal(example))
		if problems := compileText(text).Problems; problems.HasErrors() {
			t.Errorf("%s: %s: check says %v", path, example, problems)
		}
		if err := judge(t, s, text); err != nil {
			t.Errorf("%s: %s: the schema says %v", path, example, err)
		}
	})
	if n < 300 {
		t.Errorf("only %d places were visited", n)
	}
}

// TestEveryDefaultIsWhatHolds writes each default out: the policy must mean what it means without.
func TestEveryDefaultIsWhatHolds(t *testing.T) {
	without, n := compileText(with(t, "service", "orders")).Set, 0
	if without == nil {
		t.Fatal("the plain policy is wrong")
	}
	same := []cmp.Option{
		cmpopts.IgnoreTypes(policy.Place{}, policy.Origin{}), cmpopts.IgnoreUnexported(policy.Upstream{}),
		cmpopts.IgnoreFields(policy.Set{}, "Version"), cmpopts.IgnoreFields(policy.Policy{}, "Origins"),
		cmpopts.IgnoreFields(policy.IdempotencyKey{}, "Honoured"), // to write of the key is to honour it
		cmpopts.IgnoreFields(policy.Breaker{}, "Off"),             // a breaker that is written is on, also on inbound
	}
	eachPlace(language.File, language.Outside, "", func(path string, key language.Key, at language.Position) {
		if key.Default == "" || at == language.InboundPolicy || at == language.InboundOperation || at == language.NamedPolicy {
			return
		}
		n++
		with := compileText(with(t, path, literal(key.Default))).Set
		if with == nil {
			t.Errorf("%s: %s is refused", path, key.Default)
			return
		}
		if diff := cmp.Diff(without, with, same...); diff != "" {
			t.Errorf("%s: %s is not what holds without it:\n%s", path, key.Default, diff)
		}
	})
	if n < 90 {
		t.Errorf("only %d defaults were tried", n)
	}
}
