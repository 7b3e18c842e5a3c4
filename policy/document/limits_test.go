package document

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// bomb writes levels of lists, each of nine aliases of the one before.
func bomb(levels int) string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < levels; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s*a%d]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 8), i-1)
	}
	return b.String()
}

func mergeBomb(levels int) string {
	var b strings.Builder
	b.WriteString("a0: &a0 {x: 1, y: 2}\n")
	for i := 1; i < levels; i++ {
		fmt.Fprintf(&b, "a%d: &a%d {<<: [%s*a%d]}\n", i, i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 8), i-1)
	}
	return b.String()
}

func deepAliases(n int) string {
	var b strings.Builder
	b.WriteString("- &a0 [x]\n")
	for i := 1; i < n; i++ {
		fmt.Fprintf(&b, "- &a%d [*a%d]\n", i, i-1)
	}
	return b.String()
}

var hostile = []struct {
	name, code string
	text       func() string
}{
	{"alias bomb of nine levels", CodeAliases, func() string { return bomb(9) }},
	{"alias bomb whose product overflows", CodeAliases, func() string { return bomb(60) }},
	{"merge key bomb", CodeAliases, func() string { return mergeBomb(9) }},
	{"a thousand and one aliases", CodeAliases, func() string { return "a: &a 1\nb: [" + strings.Repeat("*a,", 1001) + "]\n" }},
	{"lists 100,000 deep", CodeTooLarge, func() string { return strings.Repeat("[", 100_000) }},
	{"lists 39,000 deep", CodeTooDeep, func() string { return strings.Repeat("[", 39_000) }},
	{"lists 65 deep and closed", CodeTooDeep, func() string { return strings.Repeat("[", 65) + strings.Repeat("]", 65) }},
	{"mappings 65 deep by indentation", CodeTooDeep, func() string {
		var b strings.Builder
		for i := range 65 {
			b.WriteString(strings.Repeat(" ", i) + "a:\n")
		}
		return b.String()
	}},
	{"lists and mappings 65 deep together", CodeTooDeep, func() string { return strings.Repeat("[{a: ", 33) + strings.Repeat("}]", 33) }},
	{"dashes 65 deep in one line", CodeTooDeep, func() string { return strings.Repeat("- ", 65) + "x" }},
	{"65 deep by aliases of aliases", CodeTooDeep, func() string { return deepAliases(65) }},
	{"50 MB of text", CodeTooLarge, func() string { return "a: " + strings.Repeat("x", 50<<20) }},
	{"50 MB of lines", CodeTooLarge, func() string { return strings.Repeat("a: 1\n", 10<<20) }},
	{"4 MiB of list items", CodeTooLarge, func() string { return "a: [" + strings.Repeat("a,", 2<<20-8) + "]\n" }},
	{"quotes without anything between", CodeTooLarge, func() string { return "[" + strings.Repeat("\"a\" 'b'", 400_000) }},
	{"aliases without anything between", CodeTooLarge, func() string { return "[" + strings.Repeat("*a ", 1_300_000) }},
	{"most keys that marks allow", "", func() string { return "{" + strings.Repeat("a: b, ", 19_990) + "}" }},
	{"most lists that marks allow", "", func() string { return "[" + strings.Repeat("[a: b], ", 9_990) + "]" }},
	{"most nothing that marks allow", "", func() string { return "{" + strings.Repeat("a, ", 39_990) + "}" }},
	{"many anchors that nobody uses", "", func() string { return strings.Repeat("- &a x\n", 19_000) }},
	{"4 MiB in one scalar", "", func() string { return "a: \"" + strings.Repeat("é", 2<<20-8) + "\"\n" }},
	{"39,000 allow comments", "", func() string { return "a: 1\n" + strings.Repeat("# outrigger:allow\n", 39_000) }},
	{"duplicate keys without end", CodeDuplicateKey, func() string { return strings.Repeat("a:\n", 19_000) }},
	{"a tangle of quotes", CodeSyntax, func() string { return strings.Repeat("\"a\" 'b'", 20_000) }},
	{"a key longer than YAML allows", "", func() string { return "? " + strings.Repeat("x", 2000) + "\n" + strings.Repeat("x", 2000) + ": 1" }},
}

func TestHostileFilesAreRefusedQuicklyAndInLittleMemory(t *testing.T) {
	for _, test := range hostile {
		t.Run(test.name, func(t *testing.T) {
			data := []byte(test.text())
			var codes []string
			var took time.Duration
			grown := peakHeap(func() {
				started := time.Now()
				root, problems := Parse("p.yaml", data)
				took = time.Since(started)
				for _, p := range problems {
					codes = append(codes, p.Code)
				}
				if unsafe := test.code == CodeAliases || test.code == CodeTooDeep || test.code == CodeTooLarge; unsafe && root != nil {
					t.Error("a tree beyond the bounds was given out")
				}
			})
			if test.code != "" && (len(codes) == 0 || codes[0] != test.code) || len(codes) > 2*policyLimits.problems {
				t.Errorf("codes are %v, want %s", codes, test.code)
			}
			t.Logf("%v, %d MiB", took, grown>>20)
			if took > 5*time.Second || grown > 64<<20 {
				t.Errorf("took %v and %d MiB", took, grown>>20)
			}
		})
	}
}

func TestLimitsAreReachable(t *testing.T) {
	for name, text := range map[string]string{
		"64 levels":       strings.Repeat("[", 64) + strings.Repeat("]", 64),
		"1,000 aliases":   "a: &a 1\nb: [" + strings.Repeat("*a,", 1000) + "]\n",
		"64 alias levels": deepAliases(62),
	} {
		if root, problems := Parse("p.yaml", []byte(text)); root == nil || len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		}
	}
	spec := strings.Repeat("[", 900) + strings.Repeat("]", 900)
	if root, problems := ParseSpec("s.yaml", []byte(spec)); root == nil || len(problems) > 0 {
		t.Errorf("a spec 900 deep: %v", problems)
	}
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
