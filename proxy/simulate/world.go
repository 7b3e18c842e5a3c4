package simulate

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	"outrigger/policy/table"
	"outrigger/proxy/exchange"
)

// world is every upstream, whatever its address: it does with each attempt what the step says. It is safe for concurrent use.
type world struct {
	mu      sync.Mutex
	answers []table.Answer
}

// answer takes over the answers of a step for all attempts from now on.
func (w *world) answer(answers []table.Answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers = answers
}

// met is what the n-th attempt of an exchange meets, n from 1.
func (w *world) met(n int) table.Answer {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.answers) == 0 {
		return table.Answer{Action: table.Respond, Status: http.StatusOK}
	}
	return w.answers[min(max(n, 1), len(w.answers))-1]
}

// dial connects an attempt. Every attempt has a connection of its own: no answer leaves one open.
func (w *world) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	number := 1
	if a := exchange.AttemptOf(ctx); a != nil {
		number = a.Number
	}
	answer := w.met(number)
	switch answer.Action {
	case table.Refuse:
		if err := pause(ctx, answer.After); err != nil {
			return nil, err
		}
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	case table.Unreachable:
		if err := pause(ctx, givenUp); err != nil {
			return nil, err
		}
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ETIMEDOUT}
	}
	near, far := net.Pipe()
	own := &pipe{Conn: near}
	go serve(far, own, answer)
	return own, nil
}

// givenUp is when Linux gives up a connection that nothing answers: after six repetitions (tcp(7), tcp_syn_retries).
const givenUp = 127 * time.Second

// pause waits, and ends early with the context's error.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return &net.OpError{Op: "dial", Net: "tcp", Err: ctx.Err()}
	}
}

// late lets a timeout that ends when the upstream would answer win, every time.
const late = time.Microsecond

// serve reads one request and does what the answer says.
func serve(far net.Conn, near *pipe, a table.Answer) {
	defer far.Close()
	in := bufio.NewReader(far)
	r, err := http.ReadRequest(in)
	if err != nil {
		return
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return
	}
	gone := make(chan struct{}) // closed when the sidecar has given the attempt up
	go func() {
		defer close(gone)
		_, _ = io.Copy(io.Discard, in)
	}()
	if !think(a, gone) {
		return
	}
	switch a.Action {
	case table.Reset:
		near.reset()
	case table.Truncate:
		_, _ = io.WriteString(far, reply(table.Answer{Status: http.StatusOK, Header: a.Header}, half*2, r.Method)+strings.Repeat("x", half))
		near.reset()
	default:
		_, _ = io.WriteString(far, reply(a, a.Body, r.Method))
		if bodied(a.Status, r.Method) {
			_, _ = io.CopyN(far, zeros{}, a.Body)
		}
	}
}

// think lets the time of an answer pass, and reports whether there is still somebody to answer.
func think(a table.Answer, gone <-chan struct{}) bool {
	var over <-chan time.Time
	switch {
	case a.Action == table.Hang:
	case a.After == 0:
		return true
	default:
		t := time.NewTimer(a.After + late)
		defer t.Stop()
		over = t.C
	}
	select {
	case <-over:
		return true
	case <-gone:
		return false
	}
}

// half is how much of a body arrives that does not arrive whole.
const half = 512

func bodied(status int, method string) bool {
	return method != http.MethodHead && status != http.StatusNoContent && status != http.StatusNotModified
}

// reply is the head of an answer.
func reply(a table.Answer, length int64, method string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", a.Status, http.StatusText(a.Status))
	writeHeader(&b, a.Header, "Content-Length", "Connection", "Transfer-Encoding")
	if bodied(a.Status, method) || method == http.MethodHead {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", length)
	}
	b.WriteString("Connection: close\r\n\r\n")
	return b.String()
}

// pipe is the sidecar's end of a connection in memory that can be reset.
type pipe struct {
	net.Conn
	mu     sync.Mutex
	broken bool
}

// reset ends the connection; the sidecar is told so as by a network.
func (p *pipe) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken = true
}

func (p *pipe) told(op string, err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil && p.broken && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe)) {
		return &net.OpError{Op: op, Net: "tcp", Err: syscall.ECONNRESET}
	}
	return err
}

// Read tells of a reset as a network does.
func (p *pipe) Read(b []byte) (int, error) {
	n, err := p.Conn.Read(b)
	return n, p.told("read", err)
}

// Write tells of a reset as a network does.
func (p *pipe) Write(b []byte) (int, error) {
	n, err := p.Conn.Write(b)
	return n, p.told("write", err)
}
