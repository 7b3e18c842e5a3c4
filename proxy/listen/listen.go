// Package listen owns the sockets of a sidecar: it binds what a policy wants, keeps what an edit leaves alone, and lets go of
// ports in an order that finishes requests in flight.
//
// It decides nothing about requests and speaks no HTTP of its own: each port runs the server that its user gives it.
package listen

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"

	"outrigger/policy"
)

// Server serves one port. *http.Server and *http1.Server are such.
type Server interface {
	Serve(net.Listener) error
	Shutdown(context.Context) error
	Close() error
}

// Phase orders the end: ports of a lower phase finish before those of a higher one stop to accept.
type Phase int

// Callers go first; then the calls of the application, which it needs to finish; then the eyes of the operator.
const (
	Callers Phase = iota
	Calls
	Operators
)

// Port is a socket that a policy wants.
type Port struct {
	Name    string // inbound, outbound, admin, metrics, or upstream NAME
	Address policy.Address
	Phase   Phase
	// Server makes the server when the port is opened.
	Server func() Server
}

// Ports are the open sockets. It is safe for concurrent use.
type Ports struct {
	log *slog.Logger

	mu       sync.Mutex
	open     map[string]*open // by name and wanted address
	draining bool
	ending   sync.WaitGroup
}

// ErrDraining is what Bind fails with when the end has begun: a port that has closed must not open again.
var ErrDraining = errors.New("the sidecar drains, its ports stay as they are")

type open struct {
	port     Port
	listener net.Listener
	server   Server
}

func (o *open) key() string { return key(o.port) }

func key(p Port) string { return p.Name + " " + p.Address.HostPort }

// New returns a Ports with nothing open.
func New(log *slog.Logger) *Ports {
	return &Ports{log: log, open: map[string]*open{}}
}

// Change is a set of ports that are bound but not serving yet.
type Change struct {
	ports  *Ports
	opened []*open
	closed []*open
}

// Bind opens the sockets of wanted that are not open yet. Nothing live is touched before Commit; after an error nothing stays
// bound. The error names the port, the place in the policy, and what to do.
func (p *Ports) Bind(wanted []Port) (*Change, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.draining {
		return nil, ErrDraining
	}
	c := &Change{ports: p}
	keep := map[string]bool{}
	for _, port := range wanted {
		keep[key(port)] = true
		if p.open[key(port)] != nil {
			continue
		}
		l, err := p.socket(port.Address.HostPort)
		if err != nil {
			c.Abort()
			return nil, explain(port, err)
		}
		c.opened = append(c.opened, &open{port: port, listener: l})
	}
	for k, o := range p.open {
		if !keep[k] {
			c.closed = append(c.closed, o)
		}
	}
	return c, nil
}

// socket listens on an address. Where one of our own ports has it under another name, the new port shares its socket, so that a
// renamed upstream keeps its port without a gap. Port 0 is another free one each time.
func (p *Ports) socket(address string) (net.Listener, error) {
	for _, o := range p.open {
		tcp, ok := o.listener.(*net.TCPListener)
		if !ok || o.port.Address.HostPort != address || strings.HasSuffix(address, ":0") {
			continue
		}
		return share(tcp)
	}
	return net.Listen("tcp", address)
}

// share returns another listener on the same socket.
func share(l *net.TCPListener) (net.Listener, error) {
	file, err := l.File()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return net.FileListener(file)
}

func explain(p Port, err error) error {
	where, other := "", fmt.Sprintf("write %s: {listen: 127.0.0.1:PORT} with a port that is free", p.Name)
	if p.Address.Place.File != "" {
		where, other = " ("+p.Address.Place.String()+")", "write another address"
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("port %s of %s%s is in use by another process: stop that one, or %s", p.Address.HostPort, p.Name, where, other)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("port %s of %s%s may not be opened by this user: write a port above 1023, or grant CAP_NET_BIND_SERVICE", p.Address.HostPort, p.Name, where)
	}
	return fmt.Errorf("port %s of %s%s cannot be opened: %w", p.Address.HostPort, p.Name, where, err)
}

// Abort lets go of what Bind opened.
func (c *Change) Abort() {
	for _, o := range c.opened {
		_ = o.listener.Close()
	}
}

// Commit serves the new ports and lets the ones that are no longer wanted finish within ctx. Where the end has begun since Bind,
// it lets go of the new ones instead.
func (c *Change) Commit(ctx context.Context) {
	p := c.ports
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.draining {
		c.Abort()
		return
	}
	for _, o := range c.opened {
		o.server = o.port.Server()
		p.open[o.key()] = o
		p.ending.Go(func() { p.serve(o) })
	}
	for _, o := range c.closed {
		delete(p.open, o.key())
		p.ending.Go(func() { stop(ctx, o) })
	}
}

func (p *Ports) serve(o *open) {
	err := o.server.Serve(o.listener)
	if err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		p.log.Error("port stopped serving", "port", o.port.Name, "address", o.listener.Addr().String(), "error", err)
	}
}

// stop ends a port gracefully, and by force once ctx is over.
func stop(ctx context.Context, o *open) {
	if err := o.server.Shutdown(ctx); err != nil {
		_ = o.server.Close()
	}
}

// Addresses are the bound addresses by the name of their port.
func (p *Ports) Addresses() map[string]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := map[string]string{}
	for _, o := range p.open {
		all[o.port.Name] = o.listener.Addr().String()
	}
	return all
}

// Connections counts the open connections of the servers that know theirs.
func (p *Ports) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := 0
	for _, o := range p.open {
		if c, ok := o.server.(interface{ Connections() int }); ok {
			all += c.Connections()
		}
	}
	return all
}

// CloseIdle closes the connections that wait for a request, of the servers that know theirs.
func (p *Ports) CloseIdle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range p.open {
		if c, ok := o.server.(interface{ CloseIdle() }); ok {
			c.CloseIdle()
		}
	}
}

// SetDraining tells every server that knows how to ask its clients to leave: answers carry Connection: close from now on. It
// begins the end: no port opens any more.
func (p *Ports) SetDraining() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.draining = true
	for _, o := range p.open {
		if d, ok := o.server.(interface{ SetDraining(bool) }); ok {
			d.SetDraining(true)
		}
	}
}

// Shutdown ends the ports up to and including a phase, phase by phase, and returns when they have ended. Requests in flight
// finish unless ctx is over first.
func (p *Ports) Shutdown(ctx context.Context, last Phase) {
	for phase := Callers; phase <= last; phase++ {
		var group sync.WaitGroup
		for _, o := range p.take(phase) {
			group.Go(func() { stop(ctx, o) })
		}
		group.Wait()
	}
	if last == Operators {
		p.ending.Wait()
	}
}

// take removes the ports of a phase from the open ones.
func (p *Ports) take(phase Phase) []*open {
	p.mu.Lock()
	defer p.mu.Unlock()
	var taken []*open
	for k, o := range p.open {
		if o.port.Phase == phase {
			taken = append(taken, o)
			delete(p.open, k)
		}
	}
	return taken
}
