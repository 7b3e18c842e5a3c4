package differ

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"outrigger/bench/internal/differ/cases"
)

const (
	// replyPath is before the token of a case whose bytes the origin answers with.
	replyPath = "/reply-"
	// patience bounds every wait of the origin. Proxies keep connections to it open that long.
	patience = 30 * time.Second
	// bodyLimit bounds what a request may bring; the cases are far smaller.
	bodyLimit = 1 << 16
)

// origin stands behind every proxy. It answers a request with a record of it, so that the client which sent it learns what
// arrived, and a request for replyPath with the bytes of a case.
type origin struct {
	listener net.Listener
	mu       sync.Mutex
	replies  map[string]cases.Case
	conns    map[net.Conn]bool
	serving  sync.WaitGroup
}

func startOrigin() (*origin, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	o := &origin{listener: listener, replies: map[string]cases.Case{}, conns: map[net.Conn]bool{}}
	o.serving.Go(o.accept)
	return o, nil
}

func (o *origin) port() int { return o.listener.Addr().(*net.TCPAddr).Port }

func (o *origin) close() {
	_ = o.listener.Close()
	o.mu.Lock()
	for conn := range o.conns {
		_ = conn.Close()
	}
	o.mu.Unlock()
	o.serving.Wait()
}

func (o *origin) accept() {
	for {
		conn, err := o.listener.Accept()
		if err != nil {
			return
		}
		o.mu.Lock()
		o.conns[conn] = true
		o.mu.Unlock()
		o.serving.Go(func() {
			o.serve(conn)
			_ = conn.Close()
			o.mu.Lock()
			delete(o.conns, conn)
			o.mu.Unlock()
		})
	}
}

// offer makes the origin answer requests for the case's token with its bytes, until the returned function is called.
func (o *origin) offer(c cases.Case) (withdraw func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.replies[c.Token] = c
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.replies, c.Token)
	}
}

func (o *origin) serve(conn net.Conn) {
	reader := bufio.NewReader(conn)
	for {
		_ = conn.SetDeadline(time.Now().Add(patience))
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		if request.Header.Get("Expect") != "" {
			_, _ = io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\n")
		}
		body, err := io.ReadAll(io.LimitReader(request.Body, bodyLimit))
		if err != nil {
			return // cut off: it never became a message
		}
		if token, found := strings.CutPrefix(request.URL.Path, replyPath); found {
			if !o.reply(conn, token) {
				return
			}
			continue
		}
		record := Message{request.Method + " " + target(request.RequestURI), string(body)}.encode()
		if len(record) > 3<<10 { // as much as every proxy takes in one field
			record = Message{request.Method + " too long", fmt.Sprint(len(body))}.encode()
		}
		content := "ok"
		if request.Method == http.MethodHead {
			content = ""
		}
		if _, err := fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\n%s: %s\r\nContent-Length: 2\r\n\r\n%s", recordField, record, content); err != nil || request.Close {
			return
		}
	}
}

// reply sends the bytes of a case and reports whether the connection goes on.
func (o *origin) reply(conn net.Conn, token string) bool {
	o.mu.Lock()
	c, found := o.replies[token]
	o.mu.Unlock()
	if !found {
		return false
	}
	return send(conn, c) == nil && !c.Close
}

// target takes off what makes a target absolute: a proxy may send either form on.
func target(uri string) string {
	if _, rest, found := strings.Cut(uri, "://"); found && uri[0] != '/' {
		_, path, _ := strings.Cut(rest, "/")
		return "/" + path
	}
	return uri
}
