//go:build linux && !race

// The race detector takes several times the memory, and the bound is of the product.

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// The bounds of one check of hostile files. The time is only there so that a hang ends the test.
const (
	hostileMemory = 512 // MiB
	hostileTime   = 60 * time.Second
)

const orders = "version: 1\nservice: orders\n"

// specOf is a spec with one operation of the given id, quoted already.
func specOf(id string) string {
	return "openapi: 3.1.0\ninfo: {title: a, version: b}\npaths:\n  /a: {get: {operationId: " + id + ", responses: {'200': {description: ok}}}}\n"
}

// withSpec is a policy that writes of one operation of spec.yaml, its key quoted already.
func withSpec(key string) string {
	return orders + "upstreams: {a: {endpoints: [http://a:8080], openapi: spec.yaml, operations: {" + key + ": {retry: off}}}}\n"
}

func aliasBomb() string {
	var b strings.Builder
	b.WriteString(orders + "a0: &a0 [x, x, x, x, x, x, x, x, x]\n")
	for i := range 9 {
		n, p := string(rune('1'+i)), string(rune('0'+i))
		b.WriteString("a" + n + ": &a" + n + " [" + strings.TrimSuffix(strings.Repeat("*a"+p+", ", 9), ", ") + "]\n")
	}
	return b.String()
}

// numbered repeats a text with each number up to n.
func numbered(text string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, text, i)
	}
	return b.String()
}

// hostile are the files of each case; policy.yaml is checked.
func hostile() map[string]map[string]string {
	long := strings.Repeat("getStock", 1250)
	policies := map[string]string{
		"an alias bomb":                   aliasBomb(),
		"an alias that holds itself":      orders + "a: &a [*a]\n",
		"a merge that loops":              orders + "defaults: &d {<<: *d}\n",
		"merges that loop":                orders + "a: &a\n  b: &b {<<: *a}\n  <<: *b\n",
		"100,000 levels in brackets":      orders + "a: " + strings.Repeat("[", 100_000),
		"100,000 levels in braces":        orders + "a: " + strings.Repeat("{b: ", 100_000),
		"100,000 levels of lists":         orders + "a:\n  " + strings.Repeat("- ", 100_000) + "b\n",
		"100,000 keys":                    orders + strings.Repeat("k: 1\n", 100_000),
		"a line of three megabytes":       orders + "a: \"" + strings.Repeat("x\\e", 1_000_000) + "\", b: [\n",
		"50 megabytes of policy":          orders + strings.Repeat("# "+strings.Repeat("x", 1022)+"\n", 50<<10),
		"bytes that are not UTF-8":        orders + "a: \xff\xfe\x1b[31m\n",
		"UTF-16":                          "\xff\xfev\x00e\x00r\x00",
		"a byte order mark":               "\ufeff" + orders + "upstreams: {a: {endpoints: [http://a:8080]}}\n",
		"tabs":                            orders + "upstreams:\n\ta:\n\t\tendpoints: []\n",
		"two documents":                   orders + "---\n" + orders,
		"nothing":                         "",
		"a null byte":                     orders + "a: \x00\n",
		"an escape in a comment":          orders + "# \x1b]0;title\x07\n",
		"numbers as keys":                 orders + ".nan: 1\n1: 2\nnull: 3\n? [a]\n: 4\n",
		"escapes in keys":                 orders + "\"\\e[31m\\r\\n\\u202e\\x07\": 1\n",
		"escapes in values":               orders + "log: {level: \"\\e[2J\\u009b31m\", format: \"\\u202ejson\"}\n",
		"escapes in a duration":           orders + "defaults: {timeouts: {request: \"\\e[31m5\"}}\n",
		"escapes in the name of a spec":   orders + "upstreams: {a: {endpoints: [http://a:8080], openapi: \"\\e[31m\\n.yaml\"}}\n",
		"escapes in a named policy":       orders + "policies: {\"\\e[31m\": {use: \"\\e[32m\\n\"}}\ndefaults: {use: \"\\e[33m\"}\n",
		"an escape in an upstream":        orders + "upstreams: {\"\\e[31m\\n\": {endpoints: [\"http://\\e[31m\"], formerly: \"\\e[31m\\n\"}}\n",
		"a character beyond sixteen bits": orders + "\"\\U000e0001\": 1\n",
		"30,000 mistakes":                 orders + "upstreams:\n  a:\n" + numbered("    k%d: 1\n", 30_000),
		"a silence with an escape in it":  orders + "upstreams: {a: {endpoints: [http://a:8080]}} # outrigger:allow OR306 \u202e\u0085\n",
	}
	cases := map[string]map[string]string{}
	for name, text := range policies {
		cases[name] = map[string]string{"policy.yaml": text}
	}
	specs := map[string]struct{ key, spec string }{
		"an id with line breaks and escapes": {`"a\e[31m"`, specOf(`"a\n\e[31mb\r\u202e"`)},
		"an id of ten kilobytes":             {long + "s", specOf(long)},
		"a hostile id that has a policy":     {`"a\n\e[31mb"`, strings.Replace(specOf(`"a\n\e[31mb"`), "{get: {", "{get: {deprecated: true, x-outrigger: {timeout: \"\\e[31m\"}, ", 1)},
		"a spec of 100,000 levels":           {"a", specOf("a") + "x: " + strings.Repeat("[", 100_000)},
		"a spec of 100,000 levels in JSON":   {"a", `{"openapi": "3.1.0", "x": ` + strings.Repeat(`{"a":`, 100_000)},
		"50 megabytes of spec":               {"a", specOf("a") + strings.Repeat("# "+strings.Repeat("x", 1022)+"\n", 50<<10)},
		"a spec that refers to itself":       {"a", specOf("a") + "  /b: {$ref: '#/paths/~1b'}\n"},
		"a spec that is an alias bomb":       {"a", specOf("a") + strings.TrimPrefix(aliasBomb(), orders)},
		"a $ref with an escape":              {"a", specOf("a") + "  /b: {$ref: \"\\e[31m\\nx.yaml\"}\n"},
		"8,000 operations misspelt":          {"a: {}, " + numbered("getStockOfWarehouse%d: {}, ", 8_000) + "b", "openapi: 3.1.0\ninfo: {title: a, version: b}\npaths:\n" + numbered("  /a%d: {get: {operationId: putStockOfWarehouse%[1]d}}\n", 20_000)},
		"a spec in one line with mistakes":   {"a", "{\"openapi\": \"3.1.0\", \"paths\": {\"/a\": {\"get\": {\"operationId\": \"a\", \"responses\": {" + numbered("\"x%d\": {}, ", 100_000) + "\"200\": {}}}}}}"},
		"a path with an escape":              {`"GET /\e[31m"`, specOf("a") + "  \"/\\e[31m\\n{\": {get: {}}\n"},
	}
	for name, c := range specs {
		cases[name] = map[string]string{"policy.yaml": withSpec(c.key), "spec.yaml": c.spec}
	}
	return cases
}

// TestHostileFilesAreCheckedInBounds checks each of them by the command itself: it ends with an answer, in bounded memory, and
// writes nothing that a terminal would take for a command.
func TestHostileFilesAreCheckedInBounds(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	command := filepath.Join(folder, "outrigger-measured") // this test binary is that command where it is called so, see TestMain
	if err := os.Symlink(program, command); err != nil {
		t.Fatal(err)
	}
	for name, files := range hostile() {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, text := range files {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for _, output := range []string{"text", "github", "json"} {
				printed := checkHostile(t, command, dir, output)
				if output == "json" && !json.Valid(printed) {
					t.Errorf("no JSON: %.300q", printed)
				}
			}
		})
	}
}

func checkHostile(t *testing.T, command, dir, output string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hostileTime)
	defer cancel()
	c := exec.CommandContext(ctx, command, "check", "--output", output, "policy.yaml")
	c.Dir = dir
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	_ = c.Run() // how it ended is read from its state
	if code := c.ProcessState.ExitCode(); code != 0 && code != exitFailed && code != exitUsage {
		t.Fatalf("%s: it ended with %d: %.2000s", output, code, errs.String())
	}
	said, status, _ := strings.Cut(errs.String(), "Name:\t") // where its status begins
	if peak := peakMebibytes(t, status); peak > hostileMemory {
		t.Errorf("%s: %d MiB of memory", output, peak)
	}
	for _, printed := range []string{out.String(), said} {
		if at := strings.IndexFunc(printed, func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) }); at >= 0 || !utf8.ValidString(printed) {
			t.Errorf("%s: a terminal would not show all of %.100q", output, printed[max(0, at-40):])
		}
		if len(printed) > 1<<20 {
			t.Errorf("%s: %d bytes are printed", output, len(printed))
		}
	}
	return out.Bytes()
}
