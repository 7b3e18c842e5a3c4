package simulate

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"outrigger/policy"
	"outrigger/policy/table"
	"outrigger/proxy"
	"outrigger/proxy/http1"
)

// patience bounds the wait for an answer that nothing else bounds, in fake time; where a request may last longer, that and as much again.
const patience = time.Hour

func patienceWith(set *policy.Set) time.Duration {
	longest := patience / 2
	for _, u := range set.All() {
		for _, op := range append([]*policy.Operation{u.Unmatched}, u.Operations...) {
			longest = max(longest, op.Policy.Timeouts.Request)
		}
	}
	return 2 * longest
}

// idField tells the sidecar's records of a step apart.
const idField = "X-Request-Id"

// caller sends the requests of one step.
type caller struct {
	sidecar  *proxy.Simulated
	server   *http1.Server
	method   string
	head     string // without the line of the request's id
	body     int64
	patience time.Duration
}

// call is one request and what its sender saw.
type call struct {
	id     string
	status int // 0 without an answer
	took   time.Duration
}

func newCaller(sidecar *proxy.Simulated, set *policy.Set, s *table.Step) (*caller, error) {
	direction, name, err := entry(set, s.Send)
	if err != nil {
		return nil, err
	}
	return &caller{
		sidecar: sidecar, server: sidecar.Server(direction, name), method: s.Send.Method, head: head(set, s.Send, name), body: s.Send.Body,
		patience: patienceWith(set),
	}, nil
}

// entry is the port that a request goes to: a URL by the outbound port, a path by the port of its upstream.
func entry(set *policy.Set, r table.Request) (policy.Direction, string, error) {
	switch {
	case r.Inbound && set.Inbound == nil:
		return "", "", fmt.Errorf("the policy has no inbound")
	case r.Inbound:
		return policy.Inbound, "", nil
	case r.Upstream != "":
		if !slices.ContainsFunc(set.Upstreams, func(u *policy.Upstream) bool { return u.Name == r.Upstream }) {
			return "", "", fmt.Errorf("the policy has no upstream %q", r.Upstream)
		}
		return policy.Outbound, r.Upstream, nil
	case strings.Contains(r.Target, "://"):
		return policy.Outbound, "", nil
	}
	all := set.All()
	if len(all) != 1 {
		return "", "", errNoUpstream
	}
	if all[0].Direction == policy.Inbound {
		return policy.Inbound, "", nil
	}
	return policy.Outbound, all[0].Name, nil
}

// head is the head of a request up to the request's own id.
func head(set *policy.Set, r table.Request, upstreamName string) string {
	host := set.Service
	if upstreamName != "" {
		host = upstreamName
	}
	if at, err := url.Parse(r.Target); err == nil && at.Host != "" {
		host = at.Host
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", r.Method, r.Target)
	if r.Header["Host"] == "" {
		fmt.Fprintf(&b, "Host: %s\r\n", host)
	}
	writeHeader(&b, r.Header, idField, "Content-Length", "Connection")
	if r.Body > 0 || r.Method == http.MethodPost || r.Method == http.MethodPut || r.Method == http.MethodPatch {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", r.Body)
	}
	b.WriteString("Connection: close\r\n")
	return b.String()
}

// writeHeader writes fields in the order of their names, but for those that are written otherwise.
func writeHeader(b *strings.Builder, header map[string]string, but ...string) {
	names := make([]string, 0, len(header))
	for name := range header {
		if !slices.Contains(but, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(b, "%s: %s\r\n", name, header[name])
	}
}

// shift keeps the moments of one request apart from those of another. Settings are whole milliseconds, so without it two of them
// would often fall on the same instant, and which came first would be chance.
const shift = time.Nanosecond

// send makes the calls of the step of a number and returns when the last one has ended.
func (c *caller) send(s *table.Step, step int) []*call {
	calls := make([]*call, s.Times)
	var all sync.WaitGroup
	for i := range calls {
		calls[i] = &call{id: fmt.Sprintf("step-%d-%d", step, i)}
		if s.Every == 0 {
			c.one(calls[i])
			continue
		}
		if i > 0 {
			time.Sleep(s.Every + shift) // the pace of the step
		}
		all.Go(func() { c.one(calls[i]) })
	}
	all.Wait()
	return calls
}

// one sends a request on a connection of its own and reads the answer to its end.
func (c *caller) one(x *call) {
	start := time.Now()
	defer func() { x.took = time.Since(start) }()
	near, far := net.Pipe()
	defer near.Close()
	_ = near.SetDeadline(start.Add(c.patience)) // a pipe always takes one
	go c.server.ServeConn(&local{Conn: far}, nil)
	go func() { // beside the reading, because an answer may come before all is sent
		if _, err := io.WriteString(near, c.head+idField+": "+x.id+"\r\n\r\n"); err == nil {
			_, _ = io.CopyN(near, zeros{}, c.body)
		}
	}()
	in := bufio.NewReader(near)
	for {
		resp, err := http.ReadResponse(in, &http.Request{Method: c.method})
		if err != nil {
			return
		}
		if resp.StatusCode < 200 {
			continue
		}
		x.status = resp.StatusCode
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		return
	}
}

// zeros is a body without an end.
type zeros struct{}

// Read gives bytes of nothing.
func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// local is a connection from this machine, whose callers a policy believes unless it says otherwise.
type local struct{ net.Conn }

var here = net.TCPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:1"))

// RemoteAddr is loopback.
func (*local) RemoteAddr() net.Addr { return here }
