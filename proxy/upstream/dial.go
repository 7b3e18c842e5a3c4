package upstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/http1"
)

// Options are what a pool takes from outside the policy. The zero value is for production.
type Options struct {
	// Dial opens a connection in place of the network; nil is the network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Limits bound what endpoints may send, and may change; nil stands for those of the wire.
	Limits *http1.ChangingLimits
	// Buffers bounds what large buffers hold; nil does not.
	Buffers http1.Buffers
	// Roots believes these authorities in place of the system's.
	Roots *x509.CertPool
}

// keepAlive finds an endpoint that vanished without a word, within about a minute.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 15 * time.Second, Count: 3}

// dial returns the function that opens connections to one endpoint, TLS included. Connecting and the handshake together take
// at most timeouts.connect of the operation, and never longer than the attempt has.
func (o Options) dial(e policy.Endpoint) func(context.Context) (net.Conn, error) {
	connect := o.Dial
	if connect == nil {
		connect = (&net.Dialer{KeepAliveConfig: keepAlive}).DialContext
	}
	var secure *tls.Config
	if e.Scheme == "https" {
		name, _, err := net.SplitHostPort(e.Host)
		if err != nil {
			name = e.Host
		}
		secure = &tls.Config{ServerName: name, RootCAs: o.Roots, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12}
	}
	return func(ctx context.Context) (net.Conn, error) {
		if limit, ok := patience(ctx); ok {
			bounded, cancel := context.WithDeadline(ctx, limit)
			defer cancel()
			ctx = bounded
		}
		conn, err := connect(ctx, "tcp", e.Host)
		if err != nil || secure == nil {
			return conn, err
		}
		encrypted := encrypt(conn, secure)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, &http1.Error{Phase: http1.PhaseTLS, Timeout: isTimeout(err), Err: err}
		}
		return encrypted, nil
	}
}

// patience is the instant until which connecting may take.
func patience(ctx context.Context) (limit time.Time, bounded bool) {
	a := exchange.AttemptOf(ctx)
	if a == nil {
		return limit, false
	}
	if connect := a.Operation.Policy.Timeouts.Connect; connect > 0 {
		limit, bounded = time.Now().Add(connect), true
	}
	if head := a.HeadDeadline(); !head.IsZero() && (!bounded || head.Before(limit)) {
		limit, bounded = head, true
	}
	return limit, bounded
}

func isTimeout(err error) bool {
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) && network.Timeout()
}
