package http1

import (
	"net"
	"syscall"
)

// liveness is what the kernel knows about the peer's direction.
type liveness int

const (
	quiet   liveness = iota // open, nothing received
	pending                 // bytes were received
	gone                    // closed or reset
)

// peeker asks the kernel about a connection without waiting and without
// taking bytes away. The closures are made once, so that asking costs one
// system call and no allocation.
type peeker struct {
	raw   syscall.RawConn
	state liveness
	into  []byte
	got   int
	look  func(fd uintptr)
	grab  func(fd uintptr) bool
}

// newPeeker gives nil for a connection that the kernel knows nothing of, such
// as a pipe or TLS.
func newPeeker(nc net.Conn) *peeker {
	sc, ok := nc.(syscall.Conn)
	if !ok || !canPeek {
		return nil
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil
	}
	p := &peeker{raw: raw}
	p.look = func(fd uintptr) { p.state = peekSocket(fd) }
	p.grab = func(fd uintptr) bool { p.got = readSocket(fd, p.into); return true }
	return p
}

// peek is not safe for concurrent use with itself.
func (p *peeker) peek() liveness {
	if err := p.raw.Control(p.look); err != nil {
		return gone
	}
	return p.state
}

func (p *peeker) receive(b []byte) int {
	p.into, p.got = b, 0
	if err := p.raw.Read(p.grab); err != nil {
		return 0
	}
	p.into = nil
	return p.got
}
