package lsp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"sync"

	"github.com/sourcegraph/jsonrpc2"
)

// Options of a server.
type Options struct {
	// Policy is a file or a folder whose files are one policy; an open file that is not among them is a policy of its own. "" for none.
	Policy string
	// Version of the program, which the editor shows.
	Version string
	// Env returns the value of an environment variable; os.LookupEnv is one.
	Env func(name string) (string, bool)
}

// ErrNoShutdown is returned where the editor ended the server without asking it to shut down first, which the protocol wants told.
var ErrNoShutdown = errors.New("the editor sent exit without shutdown")

// Serve speaks with one editor until it says exit, the stream ends or ctx is done. It closes in.
func Serve(ctx context.Context, in io.ReadCloser, out io.Writer, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &server{
		options: o, documents: map[string]*buffer{}, results: map[string]*result{}, published: map[string]string{},
		changed: make(chan struct{}, 1), quiet: make(chan struct{}),
	}
	st := &stream{in: bufio.NewReader(in), out: out, close: in.Close}
	// What the library would log concerns the stream, which the editor sees for itself.
	s.conn = jsonrpc2.NewConn(ctx, st, s, jsonrpc2.SetLogger(log.New(io.Discard, "", 0)))
	go s.watch(ctx)
	<-s.conn.DisconnectNotify()
	cancel()
	<-s.quiet
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.exited && !s.shutdown {
		return ErrNoShutdown
	}
	return nil
}

// server is one conversation. Messages are handled one by one; checking happens beside them.
type server struct {
	options Options
	conn    *jsonrpc2.Conn
	changed chan struct{} // something is to be checked
	quiet   chan struct{} // closed when checking has ended

	mu                            sync.Mutex
	initialized, shutdown, exited bool
	documents                     map[string]*buffer
	thorough                      bool               // the next check reads schemas too
	results                       map[string]*result // of the last check, by policy
	published                     map[string]string  // diagnostics by URI, as sent
}

// handlers are the methods that are known, requests and notifications.
var handlers = map[string]func(*server, *jsonrpc2.Request) (any, error){
	"initialize":                      (*server).initialize,
	"initialized":                     ignore,
	"shutdown":                        (*server).shutDown,
	"textDocument/didOpen":            (*server).didOpen,
	"textDocument/didChange":          (*server).didChange,
	"textDocument/didSave":            (*server).recheck,
	"textDocument/didClose":           (*server).didClose,
	"workspace/didChangeWatchedFiles": (*server).recheck,
	"textDocument/hover":              (*server).hover,
	"textDocument/completion":         (*server).completion,
	"textDocument/codeAction":         (*server).actions,
}

func ignore(*server, *jsonrpc2.Request) (any, error) { return nil, nil }

// Handle answers one message. It is called by the connection alone.
func (s *server) Handle(ctx context.Context, conn *jsonrpc2.Conn, r *jsonrpc2.Request) {
	if r.Method == "exit" {
		s.mu.Lock()
		s.exited = true
		s.mu.Unlock()
		_ = conn.Close() // what cannot be closed any more is closed
		return
	}
	answer, err := s.answer(r)
	if r.Notif {
		return // nobody waits for the answer
	}
	var failure *jsonrpc2.Error
	switch {
	case errors.As(err, &failure):
	case err != nil:
		failure = &jsonrpc2.Error{Code: codeInvalidParams, Message: err.Error()}
	default:
		err = conn.Reply(ctx, r.ID, answer)
		if err == nil || errors.Is(err, jsonrpc2.ErrClosed) {
			return
		}
		failure = &jsonrpc2.Error{Code: codeInternal, Message: "the answer cannot be written"}
	}
	_ = conn.ReplyWithError(ctx, r.ID, failure) // an editor that went away needs none
}

// answer runs a handler. A mistake in one costs its answer, never the server.
func (s *server) answer(r *jsonrpc2.Request) (answer any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &jsonrpc2.Error{Code: codeInternal, Message: fmt.Sprintf("%s failed: %v", r.Method, p)}
		}
	}()
	handle, known := handlers[r.Method]
	if !known {
		return nil, &jsonrpc2.Error{Code: codeNoMethod, Message: fmt.Sprintf("method %.100q is not known", r.Method)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.shutdown:
		return nil, &jsonrpc2.Error{Code: codeInvalidRequest, Message: "the server is shut down"}
	case !s.initialized && r.Method != "initialize":
		return nil, &jsonrpc2.Error{Code: codeNotInitialized, Message: "initialize comes first"}
	}
	return handle(s, r)
}

func (s *server) initialize(*jsonrpc2.Request) (any, error) {
	s.initialized = true
	return initializeResult{
		ServerInfo: serverInfo{"outrigger", s.options.Version},
		Capabilities: capabilities{
			PositionEncoding: "utf-16", Sync: syncOptions{OpenClose: true, Change: 2, Save: true}, Hover: true,
			Completion: completionOptions{[]string{" ", "{", "[", ","}}, CodeAction: codeActionOptions{[]string{"quickfix"}},
		},
	}, nil
}

func (s *server) shutDown(*jsonrpc2.Request) (any, error) {
	s.shutdown = true
	return nil, nil
}

func (s *server) didOpen(r *jsonrpc2.Request) (any, error) {
	p, err := decode[documentParams](r.Params)
	if err != nil {
		return nil, err
	}
	path, ok := pathOf(p.Document.URI)
	if !ok || len(s.documents) >= maxDocuments {
		return nil, nil
	}
	s.documents[path] = &buffer{uri: p.Document.URI, path: path, version: p.Document.Version, text: p.Document.Text}
	return s.recheck(r)
}

func (s *server) didChange(r *jsonrpc2.Request) (any, error) {
	p, err := decode[changeParams](r.Params)
	if err != nil {
		return nil, err
	}
	d := s.buffer(p.Document.URI)
	if d == nil {
		return nil, nil
	}
	for _, c := range p.Changes {
		if err := d.apply(c); err != nil {
			return nil, err
		}
	}
	d.version = p.Document.Version
	s.check(false)
	return nil, nil
}

func (s *server) didClose(r *jsonrpc2.Request) (any, error) {
	p, err := decode[documentParams](r.Params)
	if err != nil {
		return nil, err
	}
	if d := s.buffer(p.Document.URI); d != nil {
		delete(s.documents, d.path)
	}
	return s.recheck(r)
}

// recheck has everything read again from where it stands.
func (s *server) recheck(*jsonrpc2.Request) (any, error) {
	s.check(true)
	return nil, nil
}

func (s *server) buffer(uri string) *buffer {
	path, _ := pathOf(uri)
	return s.documents[path]
}
