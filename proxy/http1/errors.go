package http1

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"syscall"
)

// ErrClientGone is the cause of a request context that ended because the
// client closed its connection.
var ErrClientGone = errors.New("client closed its connection")

// errInterrupted is what a read or write gives after wire.interrupt.
var errInterrupted = errors.New("connection interrupted")

// Refusal says why a message was refused. For a request it is the answer that
// is owed; a Server hands it to OnRefuse.
type Refusal struct {
	// Status is 400, 405, 408, 414, 417, 431, 501, 503 or 505.
	Status int
	// Reason is short, stable and free of the client's bytes, so that it may
	// be a metric label.
	Reason string
	// Offset is the place of the offending byte, counted from the first byte
	// of the head, or of the line for chunks; 0 where there is no one place.
	Offset int
	// Byte is the value of the offending byte, or -1 where there is no one.
	// It is for whoever debugs a client; it belongs in no answer.
	Byte int
}

// within moves the offset from the beginning of a value to its first byte that
// is no good, if one alone is to blame.
func (r *Refusal) within(value string, good func(byte) bool) *Refusal {
	for i := range len(value) {
		if !good(value[i]) {
			r.Offset, r.Byte = r.Offset+i, int(value[i])
			break
		}
	}
	return r
}

// see takes the byte at the offset out of the bytes that Offset counts in.
func (r *Refusal) see(b []byte) *Refusal {
	if r.Offset < len(b) {
		r.Byte = int(b[r.Offset])
	}
	return r
}

// Error implements error.
func (r *Refusal) Error() string {
	return "request refused: " + r.Reason + " at byte " + strconv.Itoa(r.Offset)
}

// ClientError is a failure that the client caused while its request body was
// read or its response written. A proxy never blames an upstream for it.
type ClientError struct {
	// Status is the answer owed: 400 for bad framing, 408 for a slow body,
	// 431 for too many trailers, 499 for a client that went away.
	Status int
	// Reason is short and stable, like Refusal.Reason.
	Reason string
	// Err is the error of the connection, or nil.
	Err error
}

// Error implements error.
func (e *ClientError) Error() string {
	if e.Err == nil {
		return "client: " + e.Reason
	}
	return "client: " + e.Reason + ": " + e.Err.Error()
}

// Unwrap gives the error of the connection.
func (e *ClientError) Unwrap() error { return e.Err }

// bodyTooSlow is the reason where the client lets us wait for its body.
const bodyTooSlow = "body too slow"

// ProtocolError is a response that violates RFC 9112, or that two parsers
// could read in two ways. The connection has been closed.
type ProtocolError struct {
	// Reason is short and stable, like Refusal.Reason.
	Reason string
}

// Error implements error.
func (e *ProtocolError) Error() string { return "response malformed: " + e.Reason }

// RequestBodyError is a failure of the caller's own request body while it was
// sent, or a deadline that passed while more of it was awaited. The endpoint is
// not to blame.
type RequestBodyError struct{ Err error }

// Error implements error.
func (e *RequestBodyError) Error() string { return "request body: " + e.Err.Error() }

// Unwrap gives the error of the body.
func (e *RequestBodyError) Unwrap() error { return e.Err }

// Phase is the step of an attempt that failed.
type Phase string

// The phases of an attempt, in order.
const (
	PhaseDial  Phase = "dial"
	PhaseTLS   Phase = "tls"
	PhaseWrite Phase = "write"
	PhaseHead  Phase = "head"
	PhaseBody  Phase = "body"
)

// Error is an attempt that failed on the way to or from the endpoint. It
// carries the facts from which one can tell what the endpoint may have seen.
type Error struct {
	Phase   Phase
	Reused  bool  // the connection had carried an earlier exchange
	Wrote   int64 // bytes of this request given to the kernel
	Started bool  // a byte of the response arrived
	Timeout bool  // a deadline of ours ended it
	Err     error // the cause: of the connection, or of the context
}

// Error implements error. Callers of a sidecar read it, so it speaks of what
// happened to the request.
func (e *Error) Error() string {
	what := "the reply broke off"
	switch {
	case e.Phase == PhaseDial:
		what = "no connection"
	case e.Phase == PhaseTLS:
		what = "no TLS session"
	case e.Phase == PhaseWrite:
		what = fmt.Sprintf("the request broke off after %d bytes", e.Wrote)
	case e.Phase == PhaseHead && e.Started:
		what = "the reply broke off in its head"
	case e.Phase == PhaseHead:
		what = "no reply"
	}
	if e.Reused {
		what += " on a kept connection"
	}
	return what + ": " + words(e.Err)
}

// words tells a cause in words for callers, who know neither Go nor our name
// server. An error of the system keeps the system's words.
func words(err error) string {
	var name *net.DNSError
	var record tls.RecordHeaderError
	var system syscall.Errno
	switch {
	case errors.As(err, &name) && name.IsTimeout:
		return fmt.Sprintf("no address for %q in time", name.Name)
	case errors.As(err, &name) && name.IsNotFound:
		return fmt.Sprintf("no address for %q", name.Name)
	case errors.As(err, &name):
		return fmt.Sprintf("no answer about the name %q", name.Name)
	case isTimeout(err):
		return "not in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "connection closed"
	case errors.As(err, &record):
		return "no TLS is spoken there"
	case errors.As(err, &system):
		return system.Error()
	}
	return fmt.Sprint(err)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// NotSent reports that the endpoint has seen no byte of the request, so that
// any method may be sent again.
func (e *Error) NotSent() bool { return e.Wrote == 0 }

// Stale reports that a pooled connection turned out dead: the peer had closed
// it, and not one byte of a response came. It is no failure of the endpoint.
func (e *Error) Stale() bool {
	return e.Reused && !e.Started && !e.Timeout && (e.Phase == PhaseWrite || e.Phase == PhaseHead) && wasClosed(e.Err)
}

func wasClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe)
}

func isTimeout(err error) bool {
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

func dialError(ctx context.Context, err error) error {
	var done *Error
	if errors.As(err, &done) {
		return err
	}
	e := &Error{Phase: PhaseDial, Err: err, Timeout: isTimeout(err)}
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	if errors.As(err, &cert) || errors.As(err, &record) || errors.As(err, &alert) {
		e.Phase = PhaseTLS
	}
	if ctx.Err() != nil {
		e.Err = errors.Join(context.Cause(ctx), err)
	}
	return e
}
