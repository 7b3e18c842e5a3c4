package openapi

import (
	"bytes"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"outrigger/policy"
)

// bigYAML writes a 3.0 document of about the given size: operations with parameters, responses and inline schemas, with a
// value for every 22 bytes, as in the real documents that are densest (docker 21, prometheus 22, stripe 24, asana 43).
func bigYAML(size int) []byte {
	var b strings.Builder
	b.WriteString("openapi: 3.0.3\ninfo: {title: big, version: '1'}\nservers: [{url: https://api.example.com/v1}]\npaths:\n")
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "  /things%d/{id}/parts/{part}:\n", i)
		for _, method := range []string{"get", "put"} {
			fmt.Fprintf(&b, "    %s:\n      operationId: %sThing%d\n      description: Does what it says to thing %d, and nothing else; see the manual.\n", method, method, i, i)
			b.WriteString("      parameters:\n      - {$ref: '#/components/parameters/key'}\n      - {name: id, in: path, required: true, schema: {type: string}}\n      responses:\n")
			for _, status := range []string{"'200'", "'404'", "5XX"} {
				fmt.Fprintf(&b, "        %s:\n          description: a reply\n          headers: {retry-after: {schema: {type: integer}}}\n          content:\n            application/json:\n              schema:\n                type: object\n                properties:\n", status)
				for p := range 12 {
					fmt.Fprintf(&b, "                  property%d:\n                    type: string\n                    maxLength: %d\n                    description: what this property stands for, said in a sentence of the usual length\n", p, p)
				}
			}
		}
	}
	b.WriteString("components:\n  parameters:\n    key: {name: idempotency-key, in: header, schema: {type: string}}\n")
	return []byte(b.String())
}

func bigJSON(size int) []byte {
	var b strings.Builder
	b.WriteString("{\n  \"openapi\": \"3.0.3\",\n  \"components\": {\"parameters\": {\"key\": {\"name\": \"idempotency-key\", \"in\": \"header\"}}},\n  \"paths\": {\n")
	for i := 0; b.Len() < size; i++ {
		if i > 0 {
			b.WriteString(",\n")
		}
		fmt.Fprintf(&b, "    \"/things%d/{id}\": {\n      \"get\": {\n        \"operationId\": \"getThing%d\",\n        \"parameters\": [{\"$ref\": \"#/components/parameters/key\"}],\n        \"responses\": {\n", i, i)
		for n, status := range []string{"200", "404", "5XX"} {
			if n > 0 {
				b.WriteString(",\n")
			}
			fmt.Fprintf(&b, "          %q: {\n            \"description\": \"a reply\",\n            \"content\": {\"application/json\": {\"schema\": {\"type\": \"object\", \"properties\": {\n", status)
			for p := range 12 {
				fmt.Fprintf(&b, "              \"property%d\": {\n                \"type\": \"string\",\n                \"description\": \"what the property stands for\"\n              },\n", p)
			}
			b.WriteString("              \"last\": {\"type\": \"null\"}\n            }}}}}")
		}
		b.WriteString("\n        }\n      }\n    }")
	}
	b.WriteString("\n  }\n}\n")
	return []byte(b.String())
}

// peakHeap runs f and returns by how much the heap grew at its highest, garbage included, as sampled every millisecond.
func peakHeap(f func()) uint64 {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	base := m.HeapInuse
	var peak atomic.Uint64
	stop, done := make(chan struct{}), make(chan struct{})
	sample := func() {
		runtime.ReadMemStats(&m)
		peak.Store(max(peak.Load(), m.HeapInuse))
	}
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				sample()
			}
		}
	}()
	f()
	close(stop)
	<-done
	sample()
	return peak.Load() - min(base, peak.Load())
}

func TestADocumentOfTenMegabytesNeedsLittleMemory(t *testing.T) {
	if raceDetector {
		t.Skip("sizes are measured without the race detector")
	}
	for name, data := range map[string][]byte{"big.yaml": bigYAML(10 << 20), "big.json": bigJSON(10 << 20)} {
		t.Run(name, func(t *testing.T) {
			var catalog *Catalog
			var problems policy.Problems
			started := time.Now()
			grown := peakHeap(func() {
				catalog, problems = Reader{ReadFile: func(string) ([]byte, error) { return data, nil }}.Read(name)
			})
			t.Logf("%d operations in %v, heap grew by %d MiB", len(catalog.Operations), time.Since(started), grown>>20)
			if len(problems) > 0 || len(catalog.Operations) < 500 || catalog.Operations[0].IdempotencyKey != "Idempotency-Key" {
				t.Fatalf("%d operations, problems %v", len(catalog.Operations), problems)
			}
			if grown > 150<<20 {
				t.Errorf("the heap grew by %d MiB, more than 150", grown>>20)
			}
		})
	}
}

func TestADocumentOnOneLineHasItsColumnsQuickly(t *testing.T) {
	if raceDetector {
		t.Skip("sizes are measured without the race detector")
	}
	data := []byte(strings.ReplaceAll(string(bigJSON(4<<20)), "\n", " "))
	started := time.Now()
	catalog, problems := Reader{ReadFile: func(string) ([]byte, error) { return data, nil }}.Read("one.json")
	last := catalog.Operations[len(catalog.Operations)-1]
	if len(problems) > 0 || string(data[last.IDPlace.Column-1:last.IDPlace.EndColumn-1]) != fmt.Sprintf("%q", last.ID) {
		t.Errorf("id %q is at column %d of the line, problems %v", last.ID, last.IDPlace.Column, problems)
	}
	if took := time.Since(started); took > 10*time.Second {
		t.Errorf("took %v: columns are counted from the start of the line each time", took)
	}
}

func manyOperations(n int) []byte {
	var b strings.Builder
	b.WriteString("openapi: 3.0.0\npaths:\n")
	for i := range n {
		fmt.Fprintf(&b, "  /p%d: {get: {operationId: op%d, responses: {200: {$ref: '#/components/responses/R'}}}}\n", i, i)
	}
	b.WriteString("components: {responses: {R: {description: r, headers: {Retry-After: {}}}}}\n")
	return []byte(b.String())
}

func TestDocumentsBeyondTheLimitsAreRefusedWithTheReason(t *testing.T) {
	if raceDetector {
		t.Skip("sizes are measured without the race detector")
	}
	filler := func(size int) []byte { return append([]byte("openapi: 3.0.0\nx: "), make([]byte, size)...) }
	deep := []byte(strings.Repeat(`{"a":`, 1_001) + strings.Repeat("}", 1_001))
	files := func(n, size int) map[string][]byte {
		all := map[string][]byte{}
		var b strings.Builder
		b.WriteString("openapi: 3.0.0\npaths:\n")
		for i := range n {
			fmt.Fprintf(&b, "  /p%d: {$ref: 'f%d.json'}\n", i, i)
			all[fmt.Sprintf("f%d.json", i)] = append([]byte("{}"), make([]byte, size)...)
		}
		all["api"] = []byte(b.String())
		return all
	}
	tests := []struct {
		name  string
		files map[string][]byte
		want  string
	}{
		{"100 MB", map[string][]byte{"api": filler(100 << 20)}, "spec is too large: 100 MiB"},
		{"20,001 operations", map[string][]byte{"api": manyOperations(20_001)}, "spec has more than 20000 operations"},
		{"1,001 levels of JSON", map[string][]byte{"api": deep}, "document is nested too deep"},
		{"1,001 levels of YAML", map[string][]byte{"api": []byte("a: " + string(bytes.ReplaceAll(deep, []byte(`"`), nil)))}, "nested too deep"},
		{"YAML bomb", map[string][]byte{"api": []byte("a: &a [x,x]\n" + aliasLevels(30))}, "aliases of aliases multiply"},
		{"10,001 files", files(10_001, 0), "spec has more than 10000 files"},
		{"15,000 operations that share 50,000 media types", map[string][]byte{"api": shared(15_000, 50_000)}, "takes more than 5000000 steps"},
		{"files of 70 MB together", files(5, 14<<20), "its files have more than 64 MiB together"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, problems := Reader{ReadFile: fromMap(test.files)}.Read("api")
			if !slices.ContainsFunc(problems, func(p policy.Problem) bool {
				return p.Code == CodeTooLarge && p.Severity == policy.Error && strings.Contains(p.Message, test.want) && p.Place.Line > 0
			}) {
				t.Errorf("no problem says %q; the first of %d is %v", test.want, len(problems), problems[:min(1, len(problems))])
			}
		})
	}
}

// shared is a small document in which every operation is one with many media types.
func shared(operations, types int) []byte {
	var b strings.Builder
	b.WriteString("{\"openapi\": \"3.0.0\", \"paths\": {")
	for i := range operations {
		fmt.Fprintf(&b, "\"/a%d\": {\"$ref\": \"#/x\"}, ", i)
	}
	b.WriteString("\"/b\": {}}, \"x\": {\"get\": {\"responses\": {\"200\": {\"content\": {")
	for i := range types {
		fmt.Fprintf(&b, "\"a/t%d\": {}, ", i)
	}
	b.WriteString("\"a/b\": {}}}}}}}")
	return []byte(b.String())
}

func aliasLevels(n int) string {
	var b strings.Builder
	for i := range n {
		previous := "a"
		if i > 0 {
			previous = fmt.Sprintf("a%d", i-1)
		}
		fmt.Fprintf(&b, "b%d: &a%d [*%s, *%s]\n", i, i, previous, previous)
	}
	return b.String()
}

func TestFiveThousandOperationsHaveAllTheirFacts(t *testing.T) {
	catalog, problems := Reader{ReadFile: fromMap(map[string][]byte{"api": manyOperations(5_000)})}.Read("api")
	if len(problems) > 0 || len(catalog.Operations) != 5_000 {
		t.Fatalf("%d operations, problems %v", len(catalog.Operations), problems)
	}
	for i, op := range catalog.Operations {
		if op.ID != fmt.Sprintf("op%d", i) || op.Place.Line != i+3 || !op.RetryAfter.Declares(200) {
			t.Fatalf("operation %d is %+v", i, op)
		}
	}
	if catalog.Find("op4999") != catalog.Operations[4_999] || catalog.Find("") != nil || catalog.Find("none") != nil {
		t.Error("Find does not find")
	}
}

// A document whose every operation is a $ref to the next costs the square of its size, or the cube, where chains have no bound.
func TestALongChainOfRefsIsRefusedBeforeItCostsMuch(t *testing.T) {
	const n = 15_000
	var b strings.Builder
	b.WriteString("{\"openapi\": \"3.0.0\", \"paths\": {\n")
	for i := range n {
		fmt.Fprintf(&b, "\"/a%d\": {\"get\": {\"$ref\": \"#/paths/~1a%d/get\"}},\n", i, i+1)
	}
	fmt.Fprintf(&b, "\"/a%d\": {\"get\": {\"responses\": {}}}}}", n)
	catalog, problems := Reader{ReadFile: fromMap(map[string][]byte{"api": []byte(b.String())})}.Read("api")
	if len(problems) != maxProblems || problems[0].Code != CodeCycle || problems[0].Place.Line != 2+longestChain {
		t.Fatalf("%d problems, the first %v", len(problems), problems[:min(1, len(problems))])
	}
	if got := len(catalog.Operations); got != longestChain+1 {
		t.Errorf("%d operations are read, want the last %d", got, longestChain+1)
	}
}

// TestSchemasBeyondWhatTheLibraryCanTakeAreNotGivenToIt would run for minutes, and take gigabytes, if they were.
func TestSchemasBeyondWhatTheLibraryCanTakeAreNotGivenToIt(t *testing.T) {
	schemas := func(head, one, foot string, n int) []byte {
		var b strings.Builder
		b.WriteString(head)
		for i := range n {
			fmt.Fprintf(&b, one, i)
		}
		b.WriteString(foot)
		return []byte(b.String())
	}
	const json = `{"openapi": "3.0.0", "info": {"title": "a", "version": "1"}, "paths": {}, "components": {"schemas": {`
	part := schemas("{", "\"A%d\": {},\n", `"A": {}}`, 120_000)
	for name, test := range map[string]struct {
		files map[string][]byte
		want  string
	}{
		"many keys of YAML": {map[string][]byte{"api": schemas("openapi: 3.0.0\ninfo: {title: a, version: '1'}\npaths: {}\ncomponents:\n  schemas:\n", "    A%d: {type: string}\n", "", 50_000)}, "a mapping has 50000 keys"},
		"many mappings":     {map[string][]byte{"api": schemas(json, "\"A%d\": {},\n", `"A": {}}}}`, 300_000)}, "the document has more than 200000 mappings"},
		"many aliases":      {map[string][]byte{"api": schemas(json, "\"A%[1]d\": {\"$ref\": \"#/components/schemas/A%[1]d0\"}, \"A%[1]d0\": {\"$ref\": \"#/components/schemas/Z\"},\n", `"Z": {}}}}`, 3_000)}, "more than 1000 $refs to what is a $ref itself"},
		"many to many":      {map[string][]byte{"api": schemas(json+`"A": {"anyOf": [`, `{"x-number": %d, "$ref": "#/components/schemas/A"},`+"\n", `{}]}}}}`, 3_000)}, "what the $refs of the document lead to has more than 5000000 mappings"},
		"many to a file":    {map[string][]byte{"api": schemas(json, "\"A%d\": {\"$ref\": \"wide.json#/A\"},\n", `"Z": {}}}}`, 3_000), "wide.json": schemas(`{"A": {"anyOf": [`, `{"x-number": %d},`+"\n", `{}]}}`, 3_000)}, "what the $refs of the document lead to has more than 5000000 mappings"},
		"many in two files": {map[string][]byte{"api": []byte(json + `"A": {"$ref": "one.json#/A"}, "B": {"$ref": "two.json#/A"}}}}`), "one.json": part, "two.json": part}, "the document has more than 200000 mappings"},
	} {
		t.Run(name, func(t *testing.T) {
			problems := Reader{ReadFile: fromMap(test.files)}.CheckSchemas("api", nil)
			if len(problems) != 1 || problems[0].Code != CodeSchemas || !strings.Contains(problems[0].Message, test.want) {
				t.Errorf("problems %v, want one that says %q", problems, test.want)
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	for name, data := range map[string][]byte{"ten-megabytes.yaml": bigYAML(10 << 20), "ten-megabytes.json": bigJSON(10 << 20)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			reader := Reader{ReadFile: func(string) ([]byte, error) { return data, nil }}
			for b.Loop() {
				if catalog, _ := reader.Read(name); catalog == nil {
					b.Fatal("no catalog")
				}
			}
		})
	}
}
