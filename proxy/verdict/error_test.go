package verdict

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
	"outrigger/proxy/http1"
)

func dial(err error) error {
	return &http1.Error{Phase: http1.PhaseDial, Timeout: isTimeout(err), Err: &net.OpError{Op: "dial", Net: "tcp", Err: err}}
}

func handshake(err error) error {
	return &http1.Error{Phase: http1.PhaseTLS, Timeout: isTimeout(err), Err: err}
}

// kinds are all ways in which an attempt ends without a reply.
var kinds = []struct {
	name    string
	err     error
	code    failure.Code
	outcome policy.Outcome // the code where empty
	status  int
	sent    policy.Sent
}{
	// No connection: nothing was sent.
	{name: "connection refused", err: dial(syscall.ECONNREFUSED), code: failure.ConnectRefused, status: 502},
	{name: "host unreachable", err: dial(syscall.EHOSTUNREACH), code: failure.ConnectRefused, status: 502},
	{name: "network unreachable", err: dial(syscall.ENETUNREACH), code: failure.ConnectRefused, status: 502},
	{name: "connection timed out in the kernel", err: dial(syscall.ETIMEDOUT), code: failure.ConnectTimeout, status: 504},
	{name: "connect timeout", err: dial(os.ErrDeadlineExceeded), code: failure.ConnectTimeout, status: 504},
	{name: "connect timeout of a context", err: &http1.Error{Phase: http1.PhaseDial, Timeout: true, Err: context.DeadlineExceeded}, code: failure.ConnectTimeout, status: 504},
	{name: "no such host", err: dial(&net.DNSError{Err: "no such host", IsNotFound: true}), code: failure.DNSFailed, status: 502},
	{name: "name server silent", err: dial(&net.DNSError{Err: "i/o timeout", IsTimeout: true}), code: failure.DNSFailed, status: 504},
	{name: "dial by another transport", err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, code: failure.ConnectRefused, status: 502},
	{name: "transport closed", err: &http1.Error{Phase: http1.PhaseDial, Err: net.ErrClosed}, code: failure.ConnectRefused, status: 502},
	{name: "no file descriptor left", err: dial(os.NewSyscallError("socket", syscall.EMFILE)), code: failure.Overload, status: 503},
	{name: "no file descriptor left anywhere", err: dial(syscall.ENFILE), code: failure.Overload, status: 503},
	{name: "no local port left", err: dial(os.NewSyscallError("connect", syscall.EADDRNOTAVAIL)), code: failure.Overload, status: 503},
	{name: "no memory left", err: dial(syscall.ENOBUFS), code: failure.Overload, status: 503},
	{name: "TLS refused", err: handshake(tls.AlertError(40)), code: failure.TLSFailed, status: 502},
	{name: "TLS record malformed", err: handshake(tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}), code: failure.TLSFailed, status: 502},
	{name: "TLS cut off", err: handshake(io.EOF), code: failure.TLSFailed, status: 502},
	{name: "TLS timeout", err: handshake(context.DeadlineExceeded), code: failure.ConnectTimeout, status: 504},
	{name: "certificate unknown", err: handshake(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}), code: failure.TLSFailed, status: 502},
	{name: "certificate of another host", err: handshake(x509.HostnameError{Certificate: &x509.Certificate{}, Host: "inventory"}), code: failure.TLSFailed, status: 502},
	{name: "certificate expired", err: handshake(x509.CertificateInvalidError{Cert: &x509.Certificate{}, Reason: x509.Expired}), code: failure.TLSFailed, status: 502},

	// A connection that broke: what was written decides.
	{name: "reset before a byte was written", err: &http1.Error{Phase: http1.PhaseWrite, Err: syscall.ECONNRESET}, code: failure.ResetBeforeHeaders, status: 502},
	{name: "reset while writing", err: &http1.Error{Phase: http1.PhaseWrite, Wrote: 20, Err: syscall.EPIPE}, code: failure.ResetBeforeHeaders, status: 502, sent: policy.MaybeProcessed},
	{name: "reset before the head", err: &http1.Error{Phase: http1.PhaseHead, Wrote: 20, Err: syscall.ECONNRESET}, code: failure.ResetBeforeHeaders, status: 502, sent: policy.MaybeProcessed},
	{name: "closed before the head", err: &http1.Error{Phase: http1.PhaseHead, Wrote: 20, Err: io.EOF}, code: failure.ResetBeforeHeaders, status: 502, sent: policy.MaybeProcessed},
	{name: "closed within the head", err: &http1.Error{Phase: http1.PhaseHead, Wrote: 20, Reused: true, Started: true, Err: io.ErrUnexpectedEOF}, code: failure.ResetBeforeHeaders, status: 502, sent: policy.MaybeProcessed},
	{name: "reset on another transport", err: &net.OpError{Op: "read", Err: syscall.ECONNRESET}, code: failure.ResetBeforeHeaders, status: 502, sent: policy.MaybeProcessed},
	{name: "end on another transport", err: fmt.Errorf("reading: %w", io.ErrUnexpectedEOF), code: failure.ResetBeforeHeaders, status: 502, sent: policy.MaybeProcessed},
	{name: "given up by us", err: &http1.Error{Phase: http1.PhaseHead, Wrote: 20, Err: context.Canceled}, code: failure.ResetBeforeHeaders, outcome: policy.Cancelled, status: 502, sent: policy.MaybeProcessed},

	// A pooled connection that was dead is not the upstream's failure.
	{name: "stale, nothing written", err: &http1.Error{Phase: http1.PhaseWrite, Reused: true, Err: syscall.EPIPE}, code: failure.ResetBeforeHeaders, outcome: policy.Stale, status: 502},
	{name: "stale, written", err: &http1.Error{Phase: http1.PhaseHead, Reused: true, Wrote: 20, Err: io.EOF}, code: failure.ResetBeforeHeaders, outcome: policy.Stale, status: 502, sent: policy.MaybeProcessed},

	// Time.
	{name: "attempt timeout", err: &http1.Error{Phase: http1.PhaseHead, Wrote: 20, Timeout: true, Err: os.ErrDeadlineExceeded}, code: failure.UpstreamTimeout, status: 504, sent: policy.MaybeProcessed},
	{name: "timeout on another transport", err: context.DeadlineExceeded, code: failure.UpstreamTimeout, status: 504, sent: policy.MaybeProcessed},

	// What is no HTTP.
	{name: "malformed reply", err: &http1.ProtocolError{Reason: "status line"}, code: failure.BadResponse, status: 502, sent: policy.MaybeProcessed},

	// The client's fault: never the upstream's.
	{name: "bad chunk from the client", err: &http1.RequestBodyError{Err: &http1.ClientError{Status: 400, Reason: "bad chunk"}}, code: failure.RequestInvalid, status: 400, sent: policy.MaybeProcessed},
	{name: "slow body from the client", err: &http1.RequestBodyError{Err: &http1.ClientError{Status: 408, Reason: "body timeout"}}, code: failure.RequestInvalid, status: 408, sent: policy.MaybeProcessed},
	{name: "too many trailers from the client", err: &http1.RequestBodyError{Err: &http1.ClientError{Status: 431, Reason: "trailers"}}, code: failure.RequestInvalid, status: 431, sent: policy.MaybeProcessed},
	{name: "client went away within its body", err: &http1.RequestBodyError{Err: &http1.ClientError{Status: 499, Reason: "gone"}}, code: failure.ClientClosed, status: 499, sent: policy.MaybeProcessed},
	{name: "body shorter than announced", err: &http1.RequestBodyError{Err: io.ErrUnexpectedEOF}, code: failure.RequestInvalid, status: 400, sent: policy.MaybeProcessed},

	// Ours.
	{name: "a failure from below", err: failure.New(failure.Internal, "no endpoint"), code: failure.Internal, status: 500},
	{name: "an error nobody knows", err: errors.New("boom"), code: failure.Internal, status: 500, sent: policy.MaybeProcessed},
}

func TestEveryKindOfErrorHasOneFailure(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			a, resp, err := judge(open(t.Context()), func(*http.Request) (*http.Response, error) { return nil, k.err })
			v := a.Verdict
			want := k.outcome
			if want == "" {
				want = policy.Outcome(k.code)
			}
			f := failure.From(err)
			if resp != nil || f != v.Failure || f.Code != k.code || f.HTTPStatus() != k.status {
				t.Errorf("got %v with status %d, want %s with %d", f, f.HTTPStatus(), k.code, k.status)
			}
			if v.Outcome != want || v.Sent != k.sent || v.Status != 0 {
				t.Errorf("verdict %+v, want outcome %s, sent %d", v, want, k.sent)
			}
			certificate := k.name[:4] == "cert"
			if (f.Reason == failure.ReasonCertificate) != certificate {
				t.Errorf("reason %q", f.Reason)
			}
		})
	}
}

// Whoever ended the exchange is to blame, whatever the connection says about it.
func TestTheClientAndTheDeadlineAreAskedBeforeTheError(t *testing.T) {
	for _, k := range kinds {
		for _, gone := range []bool{true, false} {
			want := failure.Deadline
			switch {
			case gone:
				want = failure.ClientClosed
			case k.code == failure.RequestInvalid || k.code == failure.ClientClosed || k.name == "a failure from below":
				want = k.code
			}
			t.Run(fmt.Sprintf("%s, client gone %v", k.name, gone), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					client, leave := context.WithCancel(t.Context())
					defer leave()
					ex := open(client)
					ex.SetDeadline(time.Now().Add(time.Second))
					a, _, err := judge(ex, func(*http.Request) (*http.Response, error) {
						time.Sleep(time.Second)
						if gone {
							leave()
						}
						return nil, k.err
					})
					if failure.From(err).Code != want || a.Verdict.Outcome != policy.Outcome(want) || a.Verdict.Sent != k.sent {
						t.Errorf("got %v, verdict %+v, want %s", err, a.Verdict, want)
					}
				})
			})
		}
	}
}

func TestATimeoutBeforeTheDeadlineIsTheDeadlinesWhereThatBoundedTheHead(t *testing.T) {
	timeout := &http1.Error{Phase: http1.PhaseHead, Wrote: 20, Timeout: true, Err: os.ErrDeadlineExceeded}
	connect := &http1.Error{Phase: http1.PhaseDial, Timeout: true, Err: context.DeadlineExceeded}
	for _, c := range []struct {
		name    string
		err     error
		byTotal bool
		after   time.Duration
		want    failure.Code
	}{
		{"the attempt timeout ended", timeout, false, time.Second, failure.UpstreamTimeout},
		{"what was left of the deadline ended", timeout, true, time.Second, failure.Deadline},
		{"what was left ended while connecting", connect, true, time.Second, failure.Deadline},
		{"the connect timeout ended first", connect, true, time.Second / 2, failure.ConnectTimeout},
		{"the connection broke in the last moment", &http1.Error{Phase: http1.PhaseHead, Wrote: 20, Err: io.EOF}, true, time.Second, failure.ResetBeforeHeaders},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ex := open(t.Context())
				ex.SetDeadline(time.Now().Add(time.Second + 2*time.Millisecond))
				_, _, err := judge(ex, func(r *http.Request) (*http.Response, error) {
					a := exchange.AttemptOf(r.Context())
					a.BoundByTotal = c.byTotal
					a.SetHeadDeadline(time.Now().Add(time.Second))
					time.Sleep(c.after)
					return nil, c.err
				})
				if failure.From(err).Code != c.want {
					t.Errorf("got %v, want %s", err, c.want)
				}
			})
		})
	}
}

var brokenBodies = []struct {
	name            string
	err             error
	deadline, after time.Duration
	clientGone      bool
	want            failure.Code
}{
	{name: "the upstream's connection broke", err: &http1.Error{Phase: http1.PhaseBody, Started: true, Err: syscall.ECONNRESET}, want: failure.ResetMidBody},
	{name: "the body is shorter than its length", err: &http1.Error{Phase: http1.PhaseBody, Started: true, Err: io.ErrUnexpectedEOF}, want: failure.ResetMidBody},
	{name: "a bad chunk", err: &http1.ProtocolError{Reason: "chunk size"}, want: failure.BadResponse},
	{name: "the idle timeout", err: &http1.Error{Phase: http1.PhaseBody, Started: true, Timeout: true, Err: os.ErrDeadlineExceeded}, after: time.Minute, want: failure.UpstreamTimeout},
	{name: "the total deadline", err: &http1.Error{Phase: http1.PhaseBody, Started: true, Timeout: true, Err: os.ErrDeadlineExceeded}, deadline: time.Second, after: time.Second, want: failure.Deadline},
	{name: "the client went away", err: &http1.Error{Phase: http1.PhaseBody, Started: true, Err: http1.ErrClientGone}, clientGone: true, want: failure.ClientClosed},
	{name: "the client would not read on", err: failure.Wrap(failure.ClientClosed, syscall.EPIPE), want: failure.ClientClosed},
	{name: "the client's own upload broke", err: &http1.RequestBodyError{Err: &http1.ClientError{Status: 400, Reason: "bad chunk"}}, want: failure.RequestInvalid},
	{name: "an error nobody knows", err: errors.New("boom"), want: failure.ResetMidBody},
}
