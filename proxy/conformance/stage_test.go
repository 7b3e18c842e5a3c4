package conformance_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"outrigger/proxy/proxytest"
)

// stage is one sidecar, whose three kinds of ports all lead to one scripted origin. The cases use it one after the other.
type stage struct {
	sidecar *proxytest.Sidecar
	origin  *proxytest.Upstream

	cases int // run so far

	mu     sync.Mutex
	script proxytest.Step // of every request but those for /next
}

func newStage(t *testing.T) *stage {
	s := &stage{}
	s.origin = proxytest.NewUpstream(t, s.step)
	s.sidecar = proxytest.Start(t, strings.ReplaceAll(`version: 1
service: test
inbound: {listen: 127.0.0.1:0, application: 'ORIGIN'}
outbound: {listen: 127.0.0.1:0}
defaults: {retry: off, breaker: off, timeouts: {request: 5s, attempt: 5s, idle: 5s, body: 5s}}
upstreams:
  up:
    listen: 127.0.0.1:0
    endpoints: ['ORIGIN']
    hosts: [a, '[::1]', shop.test]
`, "ORIGIN", s.origin.URL()))
	return s
}

func (s *stage) step(c *proxytest.Conn, r *proxytest.Request) {
	if r.URL.Path == "/next" {
		proxytest.Answer(200, "next")(c, r)
		return
	}
	s.mu.Lock()
	script := s.script
	s.mu.Unlock()
	script(c, r)
}

// plays makes the origin meet what comes with this step.
func (s *stage) plays(step proxytest.Step) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = step
}

func (s *stage) address(port string) string {
	switch port {
	case inbound:
		return s.sidecar.Inbound()
	case outbound:
		return s.sidecar.Outbound()
	}
	return s.sidecar.Port("up")
}

// tee is a connection that remembers what was read from it.
type tee struct {
	net.Conn
	seen bytes.Buffer
}

// Read remembers what it reads.
func (c *tee) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.seen.Write(p[:n])
	return n, err
}

func (s *stage) run(t *testing.T, p probe) {
	if p.act != nil {
		p.act(t, s)
		return
	}
	step := proxytest.Raw(answerOK)
	switch {
	case p.closes:
		step = proxytest.RawClose(p.origin)
	case p.origin != "":
		step = proxytest.Raw(p.origin)
	}
	s.plays(step)
	before := s.origin.Seen()
	raw := &tee{Conn: proxytest.Dial(t, s.address(p.port)).Conn}
	c := proxytest.NewClient(t, raw)
	send, target := s.mark(p.send)
	if p.wire || p.ends {
		send += smuggled
	}
	r := p.do(c, send)
	s.client(t, p, c, r)
	if t.Failed() {
		t.Logf("sent %.300q\ngot %.600q", send, raw.seen.String())
	}
	seen := s.origin.Requests()[before:]
	seen = slices.DeleteFunc(seen, func(r *proxytest.Request) bool {
		return r.URL.Path == "/next" || strings.HasPrefix(r.URL.RawQuery, "case=") && "/?"+r.URL.RawQuery != target
	})
	s.upstream(t, p, seen)
	c.Close()
}

// mark gives a POST a target of its own: the upstream may hear of one that was cut off only when the next case runs.
func (s *stage) mark(send string) (marked, target string) {
	s.cases++
	target = fmt.Sprintf("/?case=%d", s.cases)
	if rest, ok := strings.CutPrefix(send, "POST / "); ok {
		return "POST " + target + " " + rest, target
	}
	return send, target
}

// do sends the request and reads the answer.
func (p probe) do(c *proxytest.Client, send string) proxytest.Reply {
	if !p.pieces {
		return c.Do(send)
	}
	go func() {
		for i := range len(send) {
			c.Send(send[i : i+1])
		}
	}()
	method, _, _ := strings.Cut(send, " ")
	return c.Read(method)
}

// client checks what the client sees, and that the connection ends, or carries another exchange, as it should.
func (s *stage) client(t *testing.T, p probe, c *proxytest.Client, r proxytest.Reply) {
	t.Helper()
	status, head := 0, ""
	if r.Response != nil {
		status = r.StatusCode
		head = lines(r)
	}
	if status != p.status {
		t.Errorf("the client gets %d (%v), want %d", status, r.Broken, p.status)
	}
	if broken := r.Response != nil && r.Broken != nil; broken != p.broken {
		t.Errorf("the answer broke off: %t (%v), want %t", broken, r.Broken, p.broken)
	}
	if p.got != nil && r.Text != *p.got {
		t.Errorf("the client gets %q, want %q", r.Text, *p.got)
	}
	has(t, "the client", head, p.down)
	if p.ends {
		if rest, _ := io.ReadAll(c.R); len(rest) > 0 {
			t.Errorf("behind the last answer the client gets %.100q", rest)
		}
		if p.status != 0 && !p.broken && r.Response != nil && !r.Close {
			t.Error("the end of the connection is not announced")
		}
		return
	}
	if next := c.Do("GET /next HTTP/1.1\r\nHost: a\r\n\r\n"); next.Response == nil || next.StatusCode != 200 || next.Text != "next" {
		t.Errorf("the next request of the connection gets %v %q (%v)", next.Response, next.Text, next.Broken)
	}
}

// lines are the status line and the fields of an answer as lines, each with a line end on both sides.
func lines(r proxytest.Reply) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\r\n%s %s\r\n", r.Proto, r.Status)
	for _, coding := range r.TransferEncoding {
		fmt.Fprintf(&b, "Transfer-Encoding: %s\r\n", coding)
	}
	if r.Close {
		b.WriteString("Connection: close\r\n")
	}
	for name, values := range r.Header {
		for _, value := range values {
			fmt.Fprintf(&b, "%s: %s\r\n", name, value)
		}
	}
	for name, values := range r.Trailer {
		for _, value := range values {
			fmt.Fprintf(&b, "trailer %s: %s\r\n", name, value)
		}
	}
	return b.String()
}

// upstream checks what the origin saw of the case.
func (s *stage) upstream(t *testing.T, p probe, seen []*proxytest.Request) {
	t.Helper()
	if p.late && len(seen) == 1 {
		if _, complete := seen[0].Taken(); complete {
			t.Error("the upstream gets a whole request")
		}
		return
	}
	if !p.passes {
		if len(seen) > 0 {
			t.Errorf("the upstream gets %q", seen[0].Head)
		}
		return
	}
	if len(seen) != 1 {
		t.Errorf("the upstream gets %d requests, want 1", len(seen))
		return
	}
	r := seen[0]
	has(t, "the upstream", "\r\n"+r.Head, p.up)
	body, complete := r.Taken()
	if p.sent != nil && (body != *p.sent || !complete) {
		t.Errorf("the upstream gets %q (whole: %t), want %q", body, complete, *p.sent)
	}
	trailer := "\r\n"
	for name, values := range r.Trailer {
		trailer += name + ": " + strings.Join(values, ", ") + "\r\n"
	}
	has(t, "the upstream's trailer", trailer, p.trailer)
}

// has looks for lines. A line that begins with "!" must not be there; it may be the beginning of one, as "!Name:".
func has(t *testing.T, whose, text string, want []string) {
	t.Helper()
	for _, line := range want {
		without, not := strings.CutPrefix(line, "!")
		switch {
		case not && strings.Contains(strings.ToLower(text), "\r\n"+strings.ToLower(without)):
			t.Errorf("%s gets %q:%s", whose, without, text)
		case !not && !strings.Contains(text, "\r\n"+line+"\r\n"):
			t.Errorf("%s does not get %q:%s", whose, line, text)
		}
	}
}
