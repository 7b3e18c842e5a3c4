package http1

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
)

func TestFailuresSayWhatHappenedToTheRequest(t *testing.T) {
	cause := errors.New("connection refused")
	for want, e := range map[string]*Error{
		"no connection: connection refused":                                             {Phase: PhaseDial},
		"no TLS session: connection refused":                                            {Phase: PhaseTLS},
		"the request broke off after 12 bytes on a kept connection: connection refused": {Phase: PhaseWrite, Wrote: 12, Reused: true},
		"no reply: connection refused":                                                  {Phase: PhaseHead, Wrote: 12},
		"the reply broke off in its head: connection refused":                           {Phase: PhaseHead, Started: true},
		"the reply broke off: connection refused":                                       {Phase: PhaseBody, Started: true},
	} {
		e.Err = cause
		if got := e.Error(); got != want {
			t.Errorf("%+v says %q, want %q", e, got, want)
		}
	}
}

// Callers know neither Go nor the resolver of the sidecar.
func TestCausesAreToldInPlainWords(t *testing.T) {
	tcp := &net.TCPAddr{IP: net.IPv4(10, 1, 2, 3), Port: 8080}
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Addr: tcp, Err: err} }
	system := func(call string, errno syscall.Errno) error { return os.NewSyscallError(call, errno) }
	for _, c := range []struct {
		err  error
		want string
	}{
		{dial(system("connect", syscall.ECONNREFUSED)), "connection refused"},
		{dial(system("connect", syscall.EHOSTUNREACH)), "no route to host"},
		{dial(system("socket", syscall.EMFILE)), "too many open files"},
		{dial(os.ErrDeadlineExceeded), "not in time"},
		{context.DeadlineExceeded, "not in time"},
		{errors.Join(context.DeadlineExceeded, dial(os.ErrDeadlineExceeded)), "not in time"},
		{dial(&net.DNSError{Err: "no such host", Name: "inventory", Server: "10.0.0.53:53", IsNotFound: true}), `no address for "inventory"`},
		{dial(&net.DNSError{Err: "i/o timeout", Name: "inventory", Server: "10.0.0.53:53", IsTimeout: true}), `no address for "inventory" in time`},
		{dial(&net.DNSError{Err: "server misbehaving", Name: "inventory", Server: "10.0.0.53:53"}), `no answer about the name "inventory"`},
		{&net.OpError{Op: "read", Net: "tcp", Addr: tcp, Err: system("read", syscall.ECONNRESET)}, "connection reset by peer"},
		{&net.OpError{Op: "write", Net: "tcp", Addr: tcp, Err: system("write", syscall.EPIPE)}, "broken pipe"},
		{io.EOF, "connection closed"},
		{io.ErrUnexpectedEOF, "connection closed"},
		{tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, "no TLS is spoken there"},
		{errors.New("another"), "another"},
	} {
		e := &Error{Phase: PhaseDial, Err: c.err}
		if got, want := e.Error(), "no connection: "+c.want; got != want {
			t.Errorf("%v is told as %q, want %q", c.err, got, want)
		}
	}
}
