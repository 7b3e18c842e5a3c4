package http1

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// piecewise is a connection that gives its input in given pieces, one per
// Read, and then io.EOF. It takes every write.
type piecewise struct {
	pieces [][]byte
	out    strings.Builder
}

func (p *piecewise) Read(b []byte) (int, error) {
	if len(p.pieces) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.pieces[0])
	if p.pieces[0] = p.pieces[0][n:]; len(p.pieces[0]) == 0 {
		p.pieces = p.pieces[1:]
	}
	return n, nil
}

func (p *piecewise) Write(b []byte) (int, error)      { return p.out.Write(b) }
func (p *piecewise) Close() error                     { return nil }
func (p *piecewise) LocalAddr() net.Addr              { return nil }
func (p *piecewise) RemoteAddr() net.Addr             { return nil }
func (p *piecewise) SetDeadline(time.Time) error      { return nil }
func (p *piecewise) SetReadDeadline(time.Time) error  { return nil }
func (p *piecewise) SetWriteDeadline(time.Time) error { return nil }

// split cuts b at the given places.
func split(b []byte, at ...int) [][]byte {
	var pieces [][]byte
	start := 0
	for _, i := range append(at, len(b)) {
		if i > start {
			pieces = append(pieces, slices.Clone(b[start:i]))
			start = i
		}
	}
	return pieces
}

func everyByte(b []byte) [][]byte {
	at := make([]int, len(b))
	for i := range at {
		at[i] = i
	}
	return split(b, at...)
}

// requestsIn is what a server makes of a stream: one line for each request
// with all the handler can see, and one for a refusal.
func requestsIn(pieces [][]byte) string {
	var seen strings.Builder
	s := &Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b, err := io.ReadAll(r.Body)
			fmt.Fprintf(&seen, "%s %s host=%s minor=%d length=%d close=%t header=%v body=%q trailer=%v",
				r.Method, r.RequestURI, r.Host, r.ProtoMinor, r.ContentLength, r.Close, r.Header, b, r.Trailer)
			var c *ClientError
			if errors.As(err, &c) {
				fmt.Fprintf(&seen, " error=%d %s", c.Status, c.Reason)
			}
			seen.WriteByte('\n')
		}),
		OnRefuse: func(w http.ResponseWriter, r *Refusal) {
			fmt.Fprintf(&seen, "refused %d %s at %d\n", r.Status, r.Reason, r.Offset)
			w.WriteHeader(r.Status)
		},
	}
	s.init()
	c := newConn(s, &piecewise{pieces: pieces}, nil)
	c.serve()
	return seen.String()
}

// responsesIn is what a transport makes of a stream that answers requests of
// one method, up to the first failure or the end of the connection.
func responsesIn(method string, pieces [][]byte) string {
	var seen strings.Builder
	t := &Transport{}
	t.init()
	c := newUpstreamConn(t, &piecewise{pieces: pieces})
	for t.pool.opened() {
		req, _ := http.NewRequest(method, "http://u/", nil)
		x := &exchange{t: t, limits: &t.Follow.load().transport, req: req, ctx: req.Context(), c: c, start: time.Now()}
		res, err := x.run()
		if err != nil {
			x.end(false)
			seen.WriteString(reasonOf(err))
			break
		}
		b, err := io.ReadAll(res.Body)
		fmt.Fprintf(&seen, "%s minor=%d length=%d close=%t header=%v body=%q trailer=%v %s\n",
			res.Status, res.ProtoMinor, res.ContentLength, res.Close, res.Header, b, res.Trailer, reasonOf(err))
		rest := c.buffered() > 0
		res.Body.Close()
		if t.Idle() == 0 {
			if rest {
				seen.WriteString("discarded")
			}
			break
		}
		t.pool.mu.Lock()
		t.pool.idle, t.pool.open = nil, 0
		t.pool.mu.Unlock()
	}
	t.Close()
	return seen.String()
}

func reasonOf(err error) string {
	var protocol *ProtocolError
	var failed *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &protocol):
		return "malformed: " + protocol.Reason
	case errors.As(err, &failed):
		return fmt.Sprintf("failed: %s started=%t %v", failed.Phase, failed.Started, failed.Err)
	}
	return "other: " + err.Error()
}
