package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/sourcegraph/jsonrpc2"

	"outrigger/cmd/outrigger/internal/lsp"
)

// told is what a server published, a problem a line, by file.
type told map[string][]string

// Handle keeps what is published.
func (m told) Handle(_ context.Context, _ *jsonrpc2.Conn, r *jsonrpc2.Request) {
	var p struct {
		URI         string
		Diagnostics []struct {
			Code     string
			Severity int
			Range    struct{ Start, End struct{ Line, Character int } }
		}
	}
	if r.Method != "textDocument/publishDiagnostics" || json.Unmarshal(*r.Params, &p) != nil {
		return
	}
	var lines []string
	for _, d := range p.Diagnostics {
		lines = append(lines, fmt.Sprintf("%s %d %d:%d-%d", d.Code, d.Severity, d.Range.Start.Line+1, d.Range.Start.Character+1, d.Range.End.Character+1))
	}
	m[strings.TrimPrefix(p.URI, "file://")] = lines
}

// checkedLines is what check says of a file, in the same lines; those without a known end are left open.
func checkedLines(t *testing.T, file string) told {
	t.Helper()
	var out, errs bytes.Buffer
	run([]string{"check", "--output", "json", file}, &out, &errs)
	var answer struct {
		Problems []struct {
			Code, Severity, File    string
			Line, Column, EndColumn int
		}
	}
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
		t.Fatalf("%v: %s%s", err, out.String(), errs.String())
	}
	lines := told{}
	for _, p := range answer.Problems {
		severity := map[string]int{"error": 1, "warning": 2, "info": 3}[p.Severity]
		lines[p.File] = append(lines[p.File], fmt.Sprintf("%s %d %d:%d-%d", p.Code, severity, p.Line, p.Column, p.EndColumn))
	}
	return lines
}

// withoutOpenEnds takes the end off problems of which check knows only the start.
func withoutOpenEnds(checked, told []string) []string {
	told = slices.Clone(told)
	for i, line := range checked {
		at, end, _ := strings.Cut(line, "-")
		if i < len(told) && strings.HasSuffix(at, ":"+end) {
			start, _, _ := strings.Cut(told[i], "-")
			told[i] = start + "-" + end
		}
	}
	return told
}

// TestTheServerSaysWhatCheckSays opens every golden case of the compiler that is one file, and compares codes, severities and places.
func TestTheServerSaysWhatCheckSays(t *testing.T) {
	cases, err := filepath.Glob("../../policy/compile/testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	dir, compared, problems := t.TempDir(), 0, 0
	synctest.Test(t, func(t *testing.T) {
		in, toServer := io.Pipe()
		fromServer, out := io.Pipe()
		ended := make(chan error, 1)
		go func() {
			ended <- lsp.Serve(context.Background(), in, out, lsp.Options{Env: os.LookupEnv})
			out.Close()
		}()
		published := told{}
		conn := jsonrpc2.NewConn(context.Background(), jsonrpc2.NewBufferedStream(struct {
			io.Reader
			io.WriteCloser
		}{fromServer, toServer}, jsonrpc2.VSCodeObjectCodec{}), published)
		if err := conn.Call(context.Background(), "initialize", struct{}{}, nil); err != nil {
			t.Fatal(err)
		}
		for _, path := range cases {
			file, text := unpack(t, path, filepath.Join(dir, strings.TrimSuffix(filepath.Base(path), ".txtar")))
			if file == "" {
				continue
			}
			document := map[string]any{"uri": "file://" + file, "version": 1, "text": text}
			if err := conn.Notify(context.Background(), "textDocument/didOpen", map[string]any{"textDocument": document}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			checked := checkedLines(t, file)
			for name := range checked {
				if diff := cmp.Diff(checked[name], withoutOpenEnds(checked[name], published[name])); diff != "" {
					t.Errorf("%s (-check +server):\n%s", name, diff)
				}
				problems += len(checked[name])
			}
			if len(checked) == 0 && len(published[file]) > 0 {
				t.Errorf("%s: check says nothing, the server %v", file, published[file])
			}
			compared++
			if err := conn.Notify(context.Background(), "textDocument/didClose", map[string]any{"textDocument": document}); err != nil {
				t.Fatal(err)
			}
		}
		conn.Close()
		<-ended
	})
	if compared < 60 || problems < 100 {
		t.Errorf("%d cases with %d problems were compared: these are not the golden cases", compared, problems)
	}
}

// unpack writes the files of a case into a folder; file is its policy, "" where the server would not take it for one policy.
func unpack(t *testing.T, archive, dir string) (file, text string) {
	t.Helper()
	a, err := txtar.ParseFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range a.Files {
		switch {
		case f.Name == "env" || f.Name == "files" || strings.HasPrefix(f.Name, "served/"):
			return "", ""
		case f.Name == "policy.yaml":
			file, text = filepath.Join(dir, f.Name), string(f.Data)
		case strings.HasSuffix(f.Name, ".yaml") && !strings.Contains(f.Name, "/"):
			return "", ""
		}
		name := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"upstreams:", "inbound:", "outbound:", "policies:", "defaults:"} {
		if strings.HasPrefix(text, key) || strings.Contains(text, "\n"+key) {
			return file, text
		}
	}
	return "", ""
}
