package lsp

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sourcegraph/jsonrpc2"
)

// editor is a scripted client. Its framing is the library's, not the server's own.
type editor struct {
	t    *testing.T
	conn *jsonrpc2.Conn
	// told are the diagnostics of each file by its name, as last published.
	told  map[string]publishParams
	ended chan error
}

type pipe struct {
	io.Reader
	io.WriteCloser
}

// start runs a server and an editor that has initialized it, in a bubble of fake time.
func start(t *testing.T, o Options) *editor {
	t.Helper()
	in, toServer := io.Pipe()
	fromServer, out := io.Pipe()
	e := &editor{t: t, told: map[string]publishParams{}, ended: make(chan error, 1)}
	go func() {
		err := Serve(context.Background(), in, out, o)
		out.Close()
		e.ended <- err
	}()
	e.conn = jsonrpc2.NewConn(context.Background(), jsonrpc2.NewBufferedStream(pipe{fromServer, toServer}, jsonrpc2.VSCodeObjectCodec{}), e)
	e.call("initialize", map[string]any{"capabilities": map[string]any{}}, nil)
	e.notify("initialized", map[string]any{})
	return e
}

// Handle takes what the server publishes.
func (e *editor) Handle(_ context.Context, _ *jsonrpc2.Conn, r *jsonrpc2.Request) {
	var p publishParams
	if r.Method != "textDocument/publishDiagnostics" || json.Unmarshal(*r.Params, &p) != nil {
		e.t.Errorf("the server says %s %s", r.Method, *r.Params)
		return
	}
	e.told[filepath.Base(p.URI)] = p
}

func (e *editor) call(method string, params, result any) {
	e.t.Helper()
	if err := e.conn.Call(context.Background(), method, params, result); err != nil {
		e.t.Errorf("%s: %v", method, err)
	}
}

func (e *editor) notify(method string, params any) {
	e.t.Helper()
	if err := e.conn.Notify(context.Background(), method, params); err != nil {
		e.t.Errorf("%s: %v", method, err)
	}
}

// settle lets the server finish what it has begun, checks too.
func (e *editor) settle() {
	synctest.Wait()
	time.Sleep(2 * pause)
	synctest.Wait()
}

func (e *editor) open(path, text string) string {
	uri := uriOf(path)
	e.notify("textDocument/didOpen", documentParams{Document: documentID{URI: uri, Version: 1, Text: text}})
	e.settle()
	return uri
}

func (e *editor) change(uri string, version int, changes ...change) {
	e.notify("textDocument/didChange", changeParams{documentID{URI: uri, Version: version}, changes})
	e.settle()
}

// problems are the lines, from 1, and codes of what was published for a file.
func (e *editor) problems(name string) []string {
	var all []string
	for _, d := range e.told[name].Diagnostics {
		all = append(all, strings.Join([]string{string(rune('0' + d.Range.Start.Line + 1)), d.Code}, " "))
	}
	return all
}

func (e *editor) quit() {
	e.call("shutdown", nil, nil)
	e.notify("exit", nil)
	if err := <-e.ended; err != nil {
		e.t.Errorf("the server ended with %v", err)
	}
	e.conn.Close()
}

const spec = "openapi: 3.0.0\ninfo: {title: i, version: '1'}\npaths:\n  /stock/{sku}:\n    get:\n      operationId: getStock\n      parameters: [{name: sku, in: path, required: true, schema: {type: string}}]\n      responses: {'200': {description: ok}, '409': {description: busy}}\n"

const policyText = `version: 1
service: orders
upstreams:
  inventory:
    endpoints: [http://inventory:8080]
    openapi: inventory.yml
    policy: {timeouts: {request: 2s, attempt: 400ms}}
    operations:
      getStok: {timeouts: {request: 1s}}
`

// folder writes files and returns the path of the first, which the caller opens.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAMistakeIsToldMendedAndGone(t *testing.T) {
	dir := folder(t, map[string]string{"inventory.yml": spec})
	synctest.Test(t, func(t *testing.T) {
		e := start(t, Options{})
		uri := e.open(filepath.Join(dir, "p.yaml"), policyText)
		if diff := cmp.Diff([]string{"9 OR220"}, e.problems("p.yaml")); diff != "" {
			t.Fatal(diff)
		}
		d := e.told["p.yaml"].Diagnostics[0]
		want := diagnostic{
			Range: span{position{8, 6}, position{8, 13}}, Severity: 1, Code: "OR220", Source: "outrigger",
			CodeDescription: &codeDescription{"https://outrigger.dev/checks/OR220"}, Message: d.Message, Related: d.Related,
		}
		if diff := cmp.Diff(want, d); diff != "" || !strings.Contains(d.Message, `unknown operation "getStok"`) {
			t.Errorf("%s\n%s", d.Message, diff)
		}

		var actions []codeAction
		e.call("textDocument/codeAction", actionParams{Document: documentID{URI: uri}, Range: span{position{8, 8}, position{8, 8}}}, &actions)
		if len(actions) != 1 || actions[0].Kind != "quickfix" || len(actions[0].Edit.Changes[uri]) != 1 {
			t.Fatalf("actions %+v", actions)
		}
		var others []codeAction
		e.call("textDocument/codeAction", actionParams{documentID{URI: uri}, span{position{8, 8}, position{8, 8}}, actionContext{[]string{"refactor"}}}, &others)
		if len(others) != 0 {
			t.Errorf("asked for refactorings only, it offers %+v", others)
		}
		edit := actions[0].Edit.Changes[uri][0]
		e.change(uri, 2, change{&edit.Range, edit.NewText})
		if got := e.told["p.yaml"]; len(got.Diagnostics) != 0 || got.Version == nil || *got.Version != 2 {
			t.Errorf("after the edit: %+v", got)
		}
		e.call("textDocument/codeAction", actionParams{Document: documentID{URI: uri}, Range: span{position{8, 8}, position{8, 8}}}, &actions)
		if len(actions) != 0 {
			t.Errorf("what is mended is offered again: %+v", actions)
		}
		e.quit()
	})
}

func TestHoverTellsTheKeyAndWhatHolds(t *testing.T) {
	dir := folder(t, map[string]string{"inventory.yml": spec})
	synctest.Test(t, func(t *testing.T) {
		e := start(t, Options{})
		uri := e.open(filepath.Join(dir, "p.yaml"), strings.Replace(policyText, "getStok", "getStock", 1))
		for at, want := range map[position][]string{
			{8, 28}: {"**request**", "From the head of the request", "`timeouts.request: 1s` (operation, p.yaml:9)"},
			{8, 8}:  {"**operation getStock**", "`GET /stock/{sku}`", "`timeouts.attempt: 400ms` (upstream, p.yaml:7)"},
			{6, 25}: {"`timeouts.request: 2s` (upstream, p.yaml:7)"},
			{3, 3}:  nil,
			{99, 0}: nil,
		} {
			var got *hover
			e.call("textDocument/hover", documentParams{documentID{URI: uri}, at}, &got)
			for _, text := range want {
				if got == nil || !strings.Contains(got.Contents.Value, text) {
					t.Errorf("at %v: %+v does not say %q", at, got, text)
				}
			}
			if want == nil && at.Line == 3 && got != nil {
				t.Errorf("at %v: %+v", at, got)
			}
		}
		e.quit()
	})
}

func TestOperationsAreOfferedWhileTheTextIsNoYAML(t *testing.T) {
	dir := folder(t, map[string]string{"inventory.yml": strings.Replace(spec, "operationId: getStock", "operationId: getStock\n      deprecated: true", 1)})
	synctest.Test(t, func(t *testing.T) {
		e := start(t, Options{})
		uri := e.open(filepath.Join(dir, "p.yaml"), strings.Replace(policyText, "getStok: {timeouts: {request: 1s}}", "", 1))
		e.change(uri, 2, change{&span{position{8, 6}, position{8, 6}}, "getS"})
		var list completionList
		e.call("textDocument/completion", documentParams{documentID{URI: uri}, position{8, 10}}, &list)
		want := completionItem{
			Label: "getStock", Kind: kindFunction, Tags: []int{1}, SortText: "00000",
			Edit: textEdit{span{position{8, 6}, position{8, 10}}, "getStock: "},
		}
		if len(list.Items) != 1 {
			t.Fatalf("offered %+v", list.Items)
		}
		want.Documentation = list.Items[0].Documentation
		if diff := cmp.Diff(want, list.Items[0]); diff != "" {
			t.Error(diff)
		}
		e.quit()
	})
}

func TestASpecThatChangesIsReadAgain(t *testing.T) {
	dir := folder(t, map[string]string{"inventory.yml": strings.ReplaceAll(spec, "getStock", "getStok")})
	synctest.Test(t, func(t *testing.T) {
		e := start(t, Options{})
		e.open(filepath.Join(dir, "p.yaml"), policyText)
		if got := e.problems("p.yaml"); got != nil {
			t.Fatalf("problems %v before the change", got)
		}
		if err := os.WriteFile(filepath.Join(dir, "inventory.yml"), []byte(spec+"# changed\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * poll)
		e.settle()
		if diff := cmp.Diff([]string{"9 OR220"}, e.problems("p.yaml")); diff != "" {
			t.Error(diff)
		}
		// And a spec that is open counts as the editor has it.
		e.open(filepath.Join(dir, "inventory.yml"), strings.ReplaceAll(spec, "getStock", "getStok"))
		if got := e.problems("p.yaml"); got != nil {
			t.Errorf("problems %v with the spec open", got)
		}
		e.quit()
	})
}

func TestFilesOfAFolderAreOnePolicy(t *testing.T) {
	dir := folder(t, map[string]string{"a.yaml": "version: 1\nservice: orders\n", "b.yaml": "version: 1\nupstreams: {b: {endpoints: ['http://b']}}\n"})
	for policy, want := range map[string][]string{dir: nil, "": {"1 OR123"}} {
		synctest.Test(t, func(t *testing.T) {
			e := start(t, Options{Policy: policy})
			e.open(filepath.Join(dir, "b.yaml"), "version: 1\nupstreams: {b: {endpoints: ['http://b']}}\n")
			if diff := cmp.Diff(want, e.problems("b.yaml")); diff != "" {
				t.Errorf("with --policy %q: %s", policy, diff)
			}
			e.quit()
		})
	}
}

func TestOtherFilesAreLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := start(t, Options{})
		e.open("/compose.yaml", "services:\n  a: {image: b}\n")
		e.open("/broken.yaml", "a: [\n")
		if len(e.problems("compose.yaml")) > 0 || len(e.problems("broken.yaml")) > 0 {
			t.Errorf("told %v", e.told)
		}
		uri := e.open("/p.yaml", "version: 1\nservice: a\nupstreams: {a: {endpoints: ['http://a'], \x1b]0;x: 1}}\n")
		if len(e.problems("p.yaml")) == 0 || strings.ContainsRune(e.told["p.yaml"].Diagnostics[0].Message, 0x1b) {
			t.Errorf("told %+v", e.told["p.yaml"].Diagnostics)
		}
		e.notify("textDocument/didClose", documentParams{Document: documentID{URI: uri}})
		e.settle()
		if got := e.problems("p.yaml"); got != nil {
			t.Errorf("a closed file keeps %v", got)
		}
		e.quit()
	})
}

// TestAPipeIsNotWaitedFor names a pipe that nobody writes to as a spec, as one may while typing a path.
func TestAPipeIsNotWaitedFor(t *testing.T) {
	dir := folder(t, map[string]string{})
	if err := syscall.Mkfifo(filepath.Join(dir, "inventory.yml"), 0o600); err != nil {
		t.Skip("this system has no named pipes: ", err)
	}
	synctest.Test(t, func(t *testing.T) {
		e := start(t, Options{})
		e.open(filepath.Join(dir, "p.yaml"), policyText)
		if diff := cmp.Diff([]string{"6 OR124"}, e.problems("p.yaml")); diff != "" {
			t.Error(diff)
		}
		e.quit()
	})
}

// TestEditsOfProblemsAreOffered takes each edit, and the problem must be gone.
func TestEditsOfProblemsAreOffered(t *testing.T) {
	frame := "version: 1\nservice: a\nupstreams:\n  a:\n    endpoints: ['http://a']\n    policy:\n"
	for text, want := range map[string]string{
		frame + "      timeouts: {request: 1s, attempt: 400ms}\n      retry: {retries: 4}\n": "Write 1",
		frame + "      # outrigger:allow OR301 we know\n      timeouts: {request: 1s}\n":     "Remove it",
		frame + "      timeouts: {request: 10 seconds}\n":                                    "Write 10s",
		frame + "      timeouts: {requst: 10s}\n":                                            "Write request",
		frame + "      mode: enfrce\n":                                                       "Write enforce",
	} {
		synctest.Test(t, func(t *testing.T) {
			e := start(t, Options{})
			uri := e.open("/p.yaml", text)
			var actions []codeAction
			e.call("textDocument/codeAction", actionParams{Document: documentID{URI: uri}, Range: span{position{}, position{99, 0}}}, &actions)
			if len(actions) != 1 || actions[0].Title != want {
				t.Errorf("%s\noffers %+v, want %s; told %+v", text, actions, want, e.told)
				e.quit()
				return
			}
			edit := actions[0].Edit.Changes[uri][0]
			e.change(uri, 2, change{&edit.Range, edit.NewText})
			if left := e.problems("p.yaml"); left != nil {
				t.Errorf("%s\nafter %q is told %+v", text, want, e.told)
			}
			e.quit()
		})
	}
}
