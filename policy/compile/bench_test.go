package compile_test

import (
	"fmt"
	"strings"
	"testing"

	"outrigger/policy/compile"
	"outrigger/policy/openapi"
)

// manyPolicies is a policy that writes of n operations one by one, and the spec that declares them.
func manyPolicies(n int) compile.Options {
	var policy, spec strings.Builder
	policy.WriteString("version: 1\nservice: orders\nupstreams:\n  inventory:\n    endpoints: [http://inventory:8080]\n    openapi: spec.yaml\n    operations:\n")
	spec.WriteString("openapi: 3.1.0\ninfo: {title: a, version: b}\npaths:\n")
	for i := range n {
		fmt.Fprintf(&policy, "      op%d: {timeouts: {request: 2s, attempt: %dms}, retry: {retries: 2, when: [connect, reset, 503]}, breaker: {failureRate: 40%%}}\n", i, 300+i)
		fmt.Fprintf(&spec, "  /things%d/{id}: {get: {operationId: op%d, responses: {'200': {description: ok}, '404': {description: none}}}}\n", i, i)
	}
	return files(map[string]string{"policy.yaml": policy.String(), "spec.yaml": spec.String()})
}

// A check that compared every pair at full cost would show as four times the allocations for twice the operations.
func TestTheCostOfACheckGrowsWithItsOperationsOnly(t *testing.T) {
	cost := func(n int) float64 {
		o := manyPolicies(n)
		if r := compile.Compile([]string{"policy.yaml"}, o); len(r.Problems) > 0 {
			t.Fatal(r.Problems)
		}
		return testing.AllocsPerRun(3, func() { compile.Compile([]string{"policy.yaml"}, o) })
	}
	if small, large := cost(100), cost(200); large > 2.2*small {
		t.Errorf("%v allocations for 100 operations, %v for 200", small, large)
	}
}

// BenchmarkCheckOf100Operations and BenchmarkReadSpecOf100Operations differ by what a check costs once its spec is loaded.
func BenchmarkCheckOf100Operations(b *testing.B) {
	o := manyPolicies(100)
	for b.Loop() {
		compile.Compile([]string{"policy.yaml"}, o)
	}
}

func BenchmarkReadSpecOf100Operations(b *testing.B) {
	o := manyPolicies(100)
	for b.Loop() {
		openapi.Reader{ReadFile: o.ReadFile}.Read("spec.yaml")
	}
}
