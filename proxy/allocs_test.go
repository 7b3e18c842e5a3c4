package proxy_test

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"testing"

	"outrigger/proxy/proxytest"
)

// allocations is the bar for one exchange through the whole stack: keep-alive, no retry, everything on. Issue 3 asks for 12; above 8
// the memory of exchanges is not used again.
const allocations = 8

// everything is a policy that leaves nothing out; its upstream has a spec.
const everything = `version: 1
service: test
log: {requests: failures}
upstreams:
  up:
    listen: 127.0.0.1:0
    endpoints: ['URL']
    openapi: spec.yaml
    policy:
      timeouts: {request: 10s, attempt: 2s}
      retry:
        retries: 2
        when: [connect, refused, reset, timeout, 502, 503, 504]
        backoff: {base: 25ms, max: 250ms}
        budget: {ratio: 20%, floor: 10, window: 10s}
      breaker: {failureRate: 50%, window: 10s, minimumRequests: 20, consecutiveFailures: 5, openFor: 5s}
      concurrency: {max: 2000}
`

// twentyOperations is a spec.
func twentyOperations() string {
	var b strings.Builder
	b.WriteString("openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths:\n")
	for n := range 20 {
		fmt.Fprintf(&b, "  /things%d/{id}/parts/{part}:\n    get: {operationId: getPart%d, responses: {'200': {description: ok}, '502': {description: x}, '503': {description: x}, '504': {description: x}}}\n", n, n)
	}
	return b.String()
}

// TestAnExchangeAllocatesLittle counts what the sidecar allocates between two sockets whose other ends allocate nothing.
func TestAnExchangeAllocatesLittle(t *testing.T) {
	if instrumented {
		t.Skip("the race detector and the poisoning of memory allocate on their own account")
	}
	s, c := quietly(t)
	request := []byte("GET /things7/42/parts/9?x=1 HTTP/1.1\r\nHost: up.test\r\nUser-Agent: test\r\nAccept: application/json\r\n\r\n")
	answer := make([]byte, 8<<10)
	once := func() {
		if _, err := c.Write(request); err != nil {
			t.Fatal(err)
		}
		n, err := c.Read(answer)
		if err != nil || !bytes.HasPrefix(answer[:n], []byte("HTTP/1.1 200 OK\r\n")) || !bytes.HasSuffix(answer[:n], []byte("}")) {
			t.Fatalf("the client got %q (%v)", answer[:n], err)
		}
	}
	for range 1500 { // until the ring of decisions has its memory
		once()
	}
	got := testing.AllocsPerRun(2000, once)
	t.Logf("%.1f allocations for one exchange", got)
	if got > allocations {
		t.Errorf("one exchange allocates %v times, %d are the bar", got, allocations)
	}
	if op := s.Operation("up", "getPart7"); op.Requests < 2000 {
		t.Errorf("%d exchanges were counted for getPart7, so something else was measured", op.Requests)
	}
}

// quietly starts a sidecar before an upstream that allocates nothing per request, and connects to it.
func quietly(t testing.TB) (*proxytest.Sidecar, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		nc, err := l.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		content := `{"message": "` + strings.Repeat("x", 100) + `"}`
		answer := []byte(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Tue, 24 Nov 2026 00:00:00 GMT\r\nContent-Length: %d\r\n\r\n%s", len(content), content))
		for buf := make([]byte, 8<<10); ; {
			if n, err := nc.Read(buf); err != nil || !bytes.HasSuffix(buf[:n], []byte("\r\n\r\n")) {
				return
			}
			if _, err := nc.Write(answer); err != nil {
				return
			}
		}
	}()
	s := proxytest.Start(t, strings.Replace(everything, "URL", "http://"+l.Addr().String(), 1), proxytest.File{Name: "spec.yaml", Text: twentyOperations()})
	c, err := net.Dial("tcp", s.Port("up"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		s.Stop()
		l.Close()
		<-ended
	})
	return s, c
}

// BenchmarkExchange is the same, for profiles.
func BenchmarkExchange(b *testing.B) {
	_, c := quietly(b)
	request := []byte("GET /things7/42/parts/9?x=1 HTTP/1.1\r\nHost: up.test\r\nUser-Agent: test\r\nAccept: application/json\r\n\r\n")
	answer := make([]byte, 8<<10)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Write(request); err != nil {
			b.Fatal(err)
		}
		if _, err := c.Read(answer); err != nil {
			b.Fatal(err)
		}
	}
}
