package openapi

import (
	"fmt"
	"runtime"
	"runtime/debug"
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
