//go:build linux && !race

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// largestSpec is a document of the size of the largest public one, GitHub's: 13 MB of indented JSON with 1,223 operations, most of it
// schemas and examples that the operations refer to.
func largestSpec(t *testing.T) []byte {
	t.Helper()
	const operations, size = 1223, 13_000_000
	type object = map[string]any
	paths := object{}
	for n := 0; n < operations; {
		item := object{}
		for _, method := range []string{"get", "put", "post", "delete"} {
			if n == operations {
				break
			}
			item[method] = object{
				"summary": "Do it", "description": "Does it, and says so.\n\nMore of it stands in the manual.", "tags": []string{"things"},
				"operationId": fmt.Sprintf("things/%s-%d", method, n), "externalDocs": object{"url": "https://docs.example.com/rest/things"},
				"parameters": []object{{"$ref": "#/components/parameters/owner"}, {"name": "id", "in": "path", "required": true, "schema": object{"type": "integer"}}},
				"responses": object{
					"200": object{"description": "Response", "content": object{"application/json": object{
						"schema":   object{"$ref": fmt.Sprintf("#/components/schemas/schema-%d", n%400)},
						"examples": object{"default": object{"$ref": fmt.Sprintf("#/components/examples/example-%d", n%400)}},
					}}},
					"404": object{"$ref": "#/components/responses/not_found"},
				},
			}
			n++
		}
		paths[fmt.Sprintf("/repos/{owner}/things%d/{id}", n)] = item
	}
	var schema func(depth int) object
	schema = func(depth int) object {
		properties := object{}
		for i := range 24 {
			switch name := fmt.Sprintf("property_%d", i); {
			case depth > 0 && i%6 == 0:
				properties[name] = schema(depth - 1)
			case i%5 == 0:
				properties[name] = object{"type": "string", "format": "uri", "example": "https://api.example.com/repos/octocat/hello/issues/1347"}
			default:
				properties[name] = object{"type": "string", "nullable": true, "description": "what it says of the thing in question"}
			}
		}
		return object{"type": "object", "properties": properties, "required": []string{"property_1"}}
	}
	schemas, examples := object{}, object{}
	document := object{
		"openapi": "3.0.3", "info": object{"title": "Hub", "version": "1"}, "servers": []object{{"url": "https://api.example.com"}}, "paths": paths,
		"components": object{
			"parameters": object{"owner": object{"name": "owner", "in": "path", "required": true, "schema": object{"type": "string"}}},
			"responses":  object{"not_found": object{"description": "none"}}, "schemas": schemas, "examples": examples,
		},
	}
	for i := range 400 {
		schemas[fmt.Sprintf("schema-%d", i)] = schema(1)
		examples[fmt.Sprintf("example-%d", i)] = object{"value": object{"url": "https://api.example.com/repos/octocat/hello/issues/1347"}}
	}
	text, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	// What is missing of the size is one long example, as the generated ones are.
	lines := []string{}
	for missing := size - len(text); missing > 0; missing -= 80 {
		lines = append(lines, "https://api.example.com/repos/octocat/hello-world/issues/1347")
	}
	examples["example-0"] = object{"value": lines}
	if text, err = json.MarshalIndent(document, "", "  "); err != nil {
		t.Fatal(err)
	}
	return text
}

// TestTheLargestPublicSpecNeedsLittleMemory holds whole commands to the bounds of their peak, that of the program included.
func TestTheLargestPublicSpecNeedsLittleMemory(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	text := largestSpec(t)
	for name, data := range map[string][]byte{
		"hub.json":    text,
		"policy.yaml": []byte("version: 1\nservice: orders\nupstreams:\n  hub:\n    endpoints: [https://api.example.com]\n    openapi: hub.json\n    operations: {things/get-0: {timeouts: {request: 1s}}}\n"),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		command, says string
		mebibytes     int
	}{
		{"explain --policy policy.yaml GET /repos/octocat/things4/7", "things/get-0", 100},
		{"check --strict policy.yaml", "no problems in 2 files", 512},
	} {
		cmd := exec.Command(program, strings.Fields(c.command)...)
		cmd.Args[0], cmd.Dir = "outrigger-measured", folder // the name makes the test program be the command
		var out, status bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &status
		if err := cmd.Run(); err != nil {
			t.Fatalf("%s: %v\n%s%s", c.command, err, out.String(), status.String())
		}
		if !strings.Contains(out.String(), c.says) {
			t.Errorf("%s does not say %q:\n%s", c.command, c.says, out.String())
		}
		peak := peakMebibytes(t, status.String())
		t.Logf("%s of %d MiB: %v of CPU, %d MiB at most", c.command, len(text)>>20, cmd.ProcessState.UserTime(), peak)
		if peak > c.mebibytes {
			t.Errorf("%s took %d MiB, %d at most", c.command, peak, c.mebibytes)
		}
	}
}

// peakMebibytes reads the most that a process ever had resident from its status. What wait4(2) tells holds its parent's, too.
func peakMebibytes(t *testing.T, status string) int {
	t.Helper()
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return kib >> 10
		}
	}
	t.Fatalf("the system tells nothing of memory:\n%s", status)
	return 0
}
