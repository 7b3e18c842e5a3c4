package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/sourcegraph/jsonrpc2"
)

// yamlServer is the server that VS Code and most other editors run for YAML; "make editor" installs it, pinned in tools/editor.
const yamlServer = "../../.cache/editor/node_modules/yaml-language-server/bin/yaml-language-server"

// editorTime bounds one conversation with it; node takes a second to start.
const editorTime = 90 * time.Second

const editorSpec = `openapi: 3.1.0
info: {title: Inventory, version: '1'}
paths:
  /stock/{sku}:
    get:
      operationId: getStock
      parameters: [{name: sku, in: path, required: true, schema: {type: string}}]
      responses: {'200': {description: ok}, '409': {description: busy}}
    put:
      operationId: putStock
      responses: {'204': {description: ok}}
`

const editorPolicy = `# yaml-language-server: $schema=./outrigger.schema.json
version: 1
service: orders
upstreams:
  inventory:
    endpoints: [http://inventory:8080]
    openapi: inventory.yml
    policy:
      retry: {retries: 2, when: [timeout, 503]}
    operations:
      getStock: {timeouts: {request: 300ms}}
`

// yamlEditor is an editor that speaks with the YAML language server about one file.
type yamlEditor struct {
	t    *testing.T
	ctx  context.Context
	conn *jsonrpc2.Conn
	uri  string
	told chan []yamlDiagnostic
	n    int // version of the text
}

type yamlDiagnostic struct {
	Message string
	Range   struct{ Start, End struct{ Line, Character int } }
}

// Handle answers what the server asks of an editor, and keeps what it tells.
func (e *yamlEditor) Handle(ctx context.Context, conn *jsonrpc2.Conn, r *jsonrpc2.Request) {
	if r.Method == "textDocument/publishDiagnostics" {
		var p struct {
			URI         string
			Diagnostics []yamlDiagnostic
		}
		if json.Unmarshal(*r.Params, &p) == nil && p.URI == e.uri {
			e.told <- p.Diagnostics
		}
	}
	if r.Notif {
		return
	}
	var answer any
	if r.Method == "workspace/configuration" {
		var p struct{ Items []struct{ Section string } }
		if err := json.Unmarshal(*r.Params, &p); err != nil {
			e.t.Error(err)
		}
		settings := make([]any, len(p.Items))
		for i, item := range p.Items {
			if item.Section == "yaml" {
				settings[i] = map[string]any{"validate": true, "hover": true, "completion": true, "schemaStore": map[string]any{"enable": false}}
			}
		}
		answer = settings
	}
	_ = conn.Reply(ctx, r.ID, answer) // a server that ended needs none
}

// startYAMLEditor starts the server on a folder with a schema of ours.
func startYAMLEditor(t *testing.T) *yamlEditor {
	t.Helper()
	node, err := exec.LookPath("node")
	server, absent := filepath.Abs(yamlServer)
	if absent == nil {
		_, absent = os.Stat(server)
	}
	err = errors.Join(err, absent)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("the YAML language server is not installed (make editor): ", err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"inventory.yml": editorSpec, "policy.yaml": editorPolicy} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var schema, errs bytes.Buffer
	if code := run([]string{"schema", "--policy", filepath.Join(dir, "policy.yaml")}, &schema, &errs); code != 0 {
		t.Fatal(errs.String())
	}
	if err := os.WriteFile(filepath.Join(dir, "outrigger.schema.json"), schema.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), editorTime)
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, node, server, "--stdio")
	c.Dir = dir
	in, out := pipes(t, c)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	e := &yamlEditor{t: t, ctx: ctx, uri: "file://" + filepath.Join(dir, "policy.yaml"), told: make(chan []yamlDiagnostic, 100)}
	e.conn = jsonrpc2.NewConn(ctx, jsonrpc2.NewBufferedStream(struct {
		io.Reader
		io.WriteCloser
	}{out, in}, jsonrpc2.VSCodeObjectCodec{}), e)
	t.Cleanup(func() {
		e.conn.Close()
		cancel()
		_ = c.Wait() // it was killed
	})
	e.call("initialize", map[string]any{
		"processId": os.Getpid(), "rootUri": "file://" + dir,
		"capabilities": map[string]any{
			"workspace":    map[string]any{"configuration": true},
			"textDocument": map[string]any{"hover": map[string]any{"contentFormat": []string{"markdown"}}},
		},
	}, nil)
	e.notify("initialized", map[string]any{})
	return e
}

func pipes(t *testing.T, c *exec.Cmd) (io.WriteCloser, io.Reader) {
	t.Helper()
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	return in, out
}

func (e *yamlEditor) call(method string, params, result any) {
	e.t.Helper()
	if err := e.conn.Call(e.ctx, method, params, result); err != nil {
		e.t.Fatalf("%s: %v", method, err)
	}
}

func (e *yamlEditor) notify(method string, params any) {
	e.t.Helper()
	if err := e.conn.Notify(e.ctx, method, params); err != nil {
		e.t.Fatalf("%s: %v", method, err)
	}
}

// show puts a text, in which "|" marks the cursor, before the server, and returns the cursor's position.
func (e *yamlEditor) show(text string) map[string]any {
	e.t.Helper()
	before, after, _ := strings.Cut(text, "|")
	text = before + after
	if e.n++; e.n == 1 {
		e.notify("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": e.uri, "languageId": "yaml", "version": e.n, "text": text}})
	} else {
		e.notify("textDocument/didChange", map[string]any{"textDocument": map[string]any{"uri": e.uri, "version": e.n}, "contentChanges": []any{map[string]any{"text": text}}})
	}
	return map[string]any{
		"textDocument": map[string]any{"uri": e.uri},
		"position":     map[string]any{"line": strings.Count(before, "\n"), "character": len(before) - strings.LastIndexByte(before, '\n') - 1},
	}
}

// await reads what is told until it is what is wanted, for an earlier text may be told of late, and reports the last where it never is.
func (e *yamlEditor) await(what string, wanted func([]yamlDiagnostic) bool) {
	e.t.Helper()
	var last []yamlDiagnostic
	for {
		select {
		case last = <-e.told:
			if wanted(last) {
				return
			}
		case <-e.ctx.Done():
			e.t.Fatalf("%s\nis told %+v", what, last)
		}
	}
}

func (e *yamlEditor) offered(at map[string]any) []string {
	e.t.Helper()
	var list struct{ Items []struct{ Label string } }
	e.call("textDocument/completion", at, &list)
	var labels []string
	for _, item := range list.Items {
		labels = append(labels, item.Label)
	}
	return labels
}

// TestEditorsKnowPoliciesByTheSchema asks the YAML language server itself, of the schema that "outrigger schema --policy" prints.
func TestEditorsKnowPoliciesByTheSchema(t *testing.T) {
	e := startYAMLEditor(t)
	e.show(editorPolicy)
	e.await(editorPolicy, func(told []yamlDiagnostic) bool { return len(told) == 0 })

	at := e.show(editorPolicy + "      put|\n")
	if got := e.offered(at); !slices.Contains(got, "putStock") {
		t.Errorf("operations offered: %v", got)
	}
	at = e.show(strings.Replace(editorPolicy, "300ms}}", "300ms}, retry: {when: [|]}}", 1))
	if got := e.offered(at); !slices.Contains(got, "409") || !slices.Contains(got, "timeout") {
		t.Errorf("conditions offered: %v", got)
	}

	at = e.show(strings.Replace(editorPolicy, "retries: 2", "ret|ries: 2", 1))
	var hover struct{ Contents struct{ Value string } }
	e.call("textDocument/hover", at, &hover)
	if text := hover.Contents.Value; !strings.Contains(text, "2 means at most 3 attempts") || !strings.Contains(text, "Default") {
		t.Errorf("hover says %q", text)
	}

	for wrong, line := range map[string]int{
		strings.Replace(editorPolicy, "retries: 2", "retires: 2", 1): 8,
		strings.Replace(editorPolicy, "getStock", "getStok", 1):      10,
		strings.Replace(editorPolicy, "300ms", "300 ms", 1):          10,
		strings.Replace(editorPolicy, "retries: 2", "retries: 9", 1): 8,
	} {
		e.show(wrong)
		e.await(wrong, func(told []yamlDiagnostic) bool { return len(told) == 1 && told[0].Range.Start.Line == line })
	}
}

// sample is every which right policy of the compiler's set is shown to the server, which takes a quarter of a second for each.
const sample = 8

// TestEditorsUnderlineNothingThatIsRight shows right policies with one wrong key at the end, which alone must be underlined: so it is
// seen that the server has read the text.
func TestEditorsUnderlineNothingThatIsRight(t *testing.T) {
	e := startYAMLEditor(t)
	var schema, errs bytes.Buffer
	if code := run([]string{"schema"}, &schema, &errs); code != 0 {
		t.Fatal(errs.String())
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(strings.TrimPrefix(e.uri, "file://")), "general.json"), schema.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	archive, err := txtar.ParseFile("../../policy/compile/testdata/sets/right.txtar")
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for i, f := range archive.Files {
		text := string(f.Data)
		if i%sample != 0 || strings.Contains(f.Name, "/") || strings.Contains(text, "---") || strings.Contains(text, "|") {
			continue
		}
		if !strings.Contains(text, "version:") {
			text = "version: 1\nservice: orders\n" + text
		}
		text = "# yaml-language-server: $schema=./general.json\n" + text
		last := strings.Count(text, "\n")
		e.show(text + "wrong: 1\n")
		e.await(text, func(told []yamlDiagnostic) bool { return len(told) == 1 && told[0].Range.Start.Line == last })
		shown++
	}
	if shown < 5 {
		t.Errorf("only %d policies were shown", shown)
	}
}
