package verdict

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
	"outrigger/proxy/http1"
)

// ofError judges an attempt without a reply. Whether the client has gone or the time is up is asked of the exchange: a connection
// that was cut for such a reason tells something else.
func ofError(a *exchange.Attempt, err error) exchange.Verdict {
	f := blame(a, err)
	v := exchange.Verdict{Outcome: policy.Outcome(f.Code), Sent: sent(err), Failure: f}
	if f.Code == failure.ResetBeforeHeaders {
		var wire *http1.Error
		switch {
		case errors.As(err, &wire) && wire.Stale():
			v.Outcome = policy.Stale
		case errors.Is(err, context.Canceled):
			v.Outcome = policy.Cancelled
		}
	}
	return v
}

// sent is what the upstream may have seen. An error that does not say so may have left us.
func sent(err error) policy.Sent {
	var wire *http1.Error
	var dial *net.OpError
	var own *failure.Error
	switch {
	case errors.As(err, &wire):
		if wire.NotSent() {
			return policy.NotSent
		}
	case errors.As(err, &own), errors.As(err, &dial) && dial.Op == "dial":
		return policy.NotSent
	}
	return policy.MaybeProcessed
}

// blame finds the failure of an attempt without a reply.
func blame(a *exchange.Attempt, err error) *failure.Error {
	if a.ClientGone() {
		return failure.Wrap(failure.ClientClosed, err)
	}
	var own *failure.Error
	var body *http1.RequestBodyError
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &body):
		return clientsFault(body)
	case timeIsUp(a, err):
		return failure.Wrap(failure.Deadline, err)
	}
	f := failure.Wrap(code(err), err)
	var dns *net.DNSError
	switch {
	case isCertificate(err):
		f.Reason = failure.ReasonCertificate
	case f.Code == failure.DNSFailed && errors.As(err, &dns) && dns.IsTimeout:
		f.Status = http.StatusGatewayTimeout
	}
	return f
}

// clientsFault is the failure of a request whose body could not be read from the client. The upstream is not to blame for it.
func clientsFault(err error) *failure.Error {
	const gone = 499
	var client *http1.ClientError
	if !errors.As(err, &client) {
		return failure.Wrap(failure.RequestInvalid, err)
	}
	if client.Status == gone {
		return failure.Wrap(failure.ClientClosed, err)
	}
	return &failure.Error{Code: failure.RequestInvalid, Status: client.Status, Detail: client.Reason, Err: err}
}

// timeIsUp reports whether the total deadline ended the wait for a reply: it has passed, or it was what bounded that wait.
func timeIsUp(a *exchange.Attempt, err error) bool {
	return totalPassed(a) || a.BoundByTotal && !time.Now().Before(a.HeadDeadline()) && isTimeout(err)
}

func totalPassed(a *exchange.Attempt) bool {
	total, ok := a.Deadline()
	return ok && !time.Now().Before(total)
}

func isTimeout(err error) bool {
	var wire *http1.Error
	var network net.Error
	return errors.As(err, &wire) && wire.Timeout || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) && network.Timeout()
}

// code names what the connection or the upstream did.
func code(err error) failure.Code {
	var wire *http1.Error
	var malformed *http1.ProtocolError
	var network *net.OpError
	switch {
	case errors.As(err, &malformed):
		return failure.BadResponse
	case isCertificate(err):
		return failure.TLSFailed
	case errors.As(err, &wire) && (wire.Phase == http1.PhaseDial || wire.Phase == http1.PhaseTLS):
		return connectCode(err, wire.Phase)
	case errors.As(err, &network) && network.Op == "dial":
		return connectCode(err, http1.PhaseDial)
	case isTimeout(err):
		return failure.UpstreamTimeout
	case broken(err):
		return failure.ResetBeforeHeaders
	}
	return failure.Internal
}

// connectCode names why there is no connection.
func connectCode(err error, phase http1.Phase) failure.Code {
	var dns *net.DNSError
	switch {
	case exhausted(err):
		return failure.Overload
	case errors.As(err, &dns):
		return failure.DNSFailed
	case isTimeout(err):
		return failure.ConnectTimeout
	case phase == http1.PhaseTLS:
		return failure.TLSFailed
	default:
		return failure.ConnectRefused
	}
}

// exhausted reports that it is this machine which has no socket left: that is our overload, and no fault of the upstream.
func exhausted(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EADDRNOTAVAIL} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func isCertificate(err error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &name) || errors.As(err, &invalid)
}

// broken reports a connection that ended under the request.
func broken(err error) bool {
	var wire *http1.Error
	var network *net.OpError
	return errors.As(err, &wire) || errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, context.Canceled)
}
