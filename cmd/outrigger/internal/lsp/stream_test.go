package lsp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func framed(messages ...string) string {
	var b strings.Builder
	for _, m := range messages {
		fmt.Fprintf(&b, "Content-Length: %d\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n%s", len(m), m)
	}
	return b.String()
}

// talk sends bytes to a server and returns its answers and why it ended.
func talk(t *testing.T, sent string) (answers []string, err error) {
	t.Helper()
	var out bytes.Buffer
	err = Serve(t.Context(), io.NopCloser(strings.NewReader(sent)), &out, Options{})
	s := &stream{in: bufio.NewReader(&out)}
	for {
		data, err := s.message()
		if err != nil {
			break
		}
		var m struct {
			ID     any
			Result any
			Error  *struct{ Code int }
		}
		if err := json.Unmarshal(data, &m); err != nil {
			t.Fatalf("%v in %s", err, data)
		}
		answer := fmt.Sprintf("%v ok", m.ID)
		if m.Error != nil {
			answer = fmt.Sprintf("%v %d", m.ID, m.Error.Code)
		}
		answers = append(answers, answer)
	}
	return answers, err
}

const hello = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}`

func TestABadMessageIsAnsweredAndTheNextOneRead(t *testing.T) {
	const last = `{"jsonrpc":"2.0","id":9,"method":"shutdown"}`
	for name, test := range map[string]struct {
		bad  []string
		want string
	}{
		"no JSON":                 {[]string{`{"jsonrpc":`}, "<nil> -32700"},
		"nothing":                 {[]string{``}, "<nil> -32700"},
		"a batch":                 {[]string{`[{"jsonrpc":"2.0","id":2,"method":"shutdown"}]`}, "<nil> -32600"},
		"neither call nor answer": {[]string{`{"jsonrpc":"2.0","id":2}`}, "<nil> -32600"},
		"an unknown method":       {[]string{`{"jsonrpc":"2.0","id":2,"method":"textDocument/dance"}`}, "2 -32601"},
		"no params":               {[]string{`{"jsonrpc":"2.0","id":2,"method":"textDocument/hover"}`}, "2 -32602"},
		"params of another type":  {[]string{`{"jsonrpc":"2.0","id":2,"method":"textDocument/hover","params":{"textDocument":7}}`}, "2 -32602"},
		"a text that is not open": {[]string{`{"jsonrpc":"2.0","id":2,"method":"textDocument/hover","params":{"textDocument":{"uri":"file:///x"}}}`}, "2 ok"},
		"a URI that is none":      {[]string{`{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"%"}}}`, `{"jsonrpc":"2.0","id":2,"method":"textDocument/completion","params":{"textDocument":{"uri":"%"}}}`}, "2 ok"},
		"an answer nobody asked":  {[]string{`{"jsonrpc":"2.0","id":77,"result":{}}`}, ""},
		"an unknown notification": {[]string{`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}}`}, ""},
		"a change out of the text": {[]string{
			`{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"file:///x.yaml","version":1,"text":"a"}}}`,
			`{"jsonrpc":"2.0","method":"textDocument/didChange","params":{"textDocument":{"uri":"file:///x.yaml","version":2},"contentChanges":[{"range":{"start":{"line":5,"character":0},"end":{"line":1,"character":0}},"text":"b"}]}}`,
			`{"jsonrpc":"2.0","id":2,"method":"textDocument/hover","params":{"textDocument":{"uri":"file:///x.yaml"},"position":{"line":-1,"character":-5}}}`,
		}, "2 ok"},
	} {
		answers, err := talk(t, framed(append(append([]string{hello}, test.bad...), last)...))
		want := []string{"1 ok", test.want, "9 ok"}
		if test.want == "" {
			want = []string{"1 ok", "9 ok"}
		}
		if fmt.Sprint(answers) != fmt.Sprint(want) || err != nil {
			t.Errorf("%s: answered %q, ended with %v, want %q", name, answers, err, want)
		}
	}
}

func TestTheOrderOfTheProtocolIsKept(t *testing.T) {
	early := `{"jsonrpc":"2.0","id":3,"method":"textDocument/hover","params":{}}`
	shutdown, exit := `{"jsonrpc":"2.0","id":4,"method":"shutdown"}`, `{"jsonrpc":"2.0","method":"exit"}`
	for _, test := range []struct {
		sent []string
		want string
		err  error
	}{
		{[]string{early, hello, shutdown, early, exit}, "[3 -32002 1 ok 4 ok 3 -32600]", nil},
		{[]string{hello, exit}, "[1 ok]", ErrNoShutdown},
		{[]string{hello, shutdown, exit, early}, "[1 ok 4 ok]", nil},
	} {
		answers, err := talk(t, framed(test.sent...))
		if fmt.Sprint(answers) != test.want || !errors.Is(err, test.err) {
			t.Errorf("%q: answered %q, ended with %v", test.sent, answers, err)
		}
	}
}

func TestAStreamThatCannotBeReadEndsTheServer(t *testing.T) {
	for name, sent := range map[string]string{
		"no length":            "Content-Type: x\r\n\r\n{}",
		"a length of words":    "Content-Length: ten\r\n\r\n{}",
		"a negative length":    "Content-Length: -1\r\n\r\n{}",
		"a length beyond":      fmt.Sprintf("Content-Length: %d\r\n\r\n{}", maxMessage+1),
		"fields without end":   strings.Repeat("X: y\r\n", maxHeader),
		"an end in a message":  "Content-Length: 100\r\n\r\n{}",
		"an end in the fields": "Content-Length: 1",
	} {
		if answers, err := talk(t, framed(hello)+sent); fmt.Sprint(answers) != "[1 ok]" || err != nil {
			t.Errorf("%s: answered %q, ended with %v", name, answers, err)
		}
	}
}

func TestPositionsCountAsTheEditorDoes(t *testing.T) {
	const text = "a\U0001f600b\r\nsecond\nüx"
	for _, test := range []struct {
		at           position
		offset       int
		line, column int
	}{
		{position{0, 0}, 0, 1, 1},
		{position{0, 1}, 1, 1, 2},
		{position{0, 3}, 5, 1, 3},
		{position{0, 4}, 6, 1, 4},
		{position{0, 99}, 6, 1, 4},
		{position{1, 2}, 10, 2, 3},
		{position{2, 1}, 17, 3, 2},
	} {
		if got := offset(text, test.at); got != test.offset {
			t.Errorf("%v is at %d, want %d", test.at, got, test.offset)
		}
		if line, column := toRunes(text, test.at); line != test.line || column != test.column {
			t.Errorf("%v is line %d column %d, want %d and %d", test.at, line, column, test.line, test.column)
		}
		if back := fromRunes(text, test.line, test.column); test.at.Character < 99 && back != test.at {
			t.Errorf("line %d column %d is %v, want %v", test.line, test.column, back, test.at)
		}
	}
	for at := range len(text) + 1 {
		if p := positionAt(text, at); utf8.RuneStart((text + "x")[at]) && text[max(at-1, 0)] != '\r' && offset(text, p) != at {
			t.Errorf("byte %d is at %v, which is byte %d", at, p, offset(text, p))
		}
	}
	if line, start, ok := lineOf("a\rb\r\nc", 2); line != "c" || start != 5 || !ok {
		t.Errorf("the third line is %q at %d", line, start)
	}
	if got := offset(text, position{3, 0}); got != -1 {
		t.Errorf("a line beyond the text is at %d", got)
	}
}

// FuzzServe checks that no bytes bring the server down or keep it from ending.
func FuzzServe(f *testing.F) {
	f.Add(framed(hello, `{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"file:///p.yaml","version":1,"text":"upstreams: {"}}}`,
		`{"jsonrpc":"2.0","id":2,"method":"textDocument/hover","params":{"textDocument":{"uri":"file:///p.yaml"},"position":{"line":0,"character":3}}}`))
	f.Add("Content-Length: 2\r\n\r\n[]")
	f.Fuzz(func(t *testing.T, sent string) {
		_ = Serve(context.Background(), io.NopCloser(strings.NewReader(sent)), io.Discard, Options{}) // why it ended is the stream's
	})
}
