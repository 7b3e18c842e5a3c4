package upstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/http1"
)

func secure(address string) *policy.Upstream {
	return &policy.Upstream{Name: "inventory", Endpoints: []policy.Endpoint{{Scheme: "https", Host: address}}}
}

func tlsServer(t *testing.T) (address string, roots *x509.CertPool) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Proto", r.Proto)
	}))
	s.EnableHTTP2 = true // and we do not ask for it
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	roots = x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return s.Listener.Addr().String(), roots
}

func TestAnHTTPSEndpointIsSpokenToOverTLSInHTTP1(t *testing.T) {
	address, roots := tlsServer(t)
	p := New(secure(address), Options{Roots: roots})
	defer p.Close()
	a := exchange.New(t.Context(), nil, operation, time.Now()).Open(time.Now())
	defer a.End()
	req, _ := http.NewRequestWithContext(a, http.MethodGet, "https://inventory/", nil)
	resp, err := p.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.Header.Get("X-Proto"); got != "HTTP/1.1" {
		t.Errorf("spoke %q", got)
	}
}

func TestATLSFailureIsToldFromAConnectFailureAndNothingWasSent(t *testing.T) {
	trusted, _ := tlsServer(t)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts by the kernel, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	for _, c := range []struct {
		name, address        string
		certificate, timeout bool
	}{
		{"an unknown authority", trusted, true, false},
		{"plain HTTP on the port", strings.TrimPrefix(plain.URL, "http://"), false, false},
		{"no handshake", silent.Addr().String(), false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := &watched{}
			p := New(secure(c.address), Options{Roots: x509.NewCertPool(), Dial: conn.dial})
			defer p.Close()
			a := exchange.New(t.Context(), nil, operation, time.Now()).Open(time.Now())
			a.SetHeadDeadline(time.Now().Add(200 * time.Millisecond))
			defer a.End()
			req, _ := http.NewRequestWithContext(a, http.MethodGet, "https://inventory/", nil)
			_, err := p.RoundTrip(req)
			var e *http1.Error
			if !errors.As(err, &e) || e.Phase != http1.PhaseTLS || !e.NotSent() || e.Timeout != c.timeout {
				t.Fatalf("got %+v", err)
			}
			var cert *tls.CertificateVerificationError
			if errors.As(err, &cert) != c.certificate {
				t.Errorf("a certificate's fault: %v", err)
			}
			if got := p.Status()[0].Open; got != 0 || !conn.closed.Load() {
				t.Errorf("%d connections are counted, the socket is closed: %v", got, conn.closed.Load())
			}
		})
	}
}

// watched is a connection that knows whether it was closed.
type watched struct {
	net.Conn
	closed atomic.Bool
}

func (w *watched) dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	w.Conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
	return w, err
}

func (w *watched) Close() error {
	w.closed.Store(true)
	return w.Conn.Close()
}

// TestAnAnswerThatOnlyTheCloseEndsNeedsTheFarewellOfTLS: anybody on the way can end a connection, only the upstream can say that it
// meant to (RFC 9112 section 9.8).
func TestAnAnswerThatOnlyTheCloseEndsNeedsTheFarewellOfTLS(t *testing.T) {
	certified := httptest.NewTLSServer(nil)
	t.Cleanup(certified.Close)
	roots := x509.NewCertPool()
	roots.AddCert(certified.Certificate())
	for name, farewell := range map[string]bool{"with a farewell": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { l.Close() })
			go func() {
				nc, err := l.Accept()
				if err != nil {
					return
				}
				defer nc.Close()
				c := tls.Server(nc, &tls.Config{Certificates: certified.TLS.Certificates, MinVersion: tls.VersionTLS12})
				_, _ = c.Read(make([]byte, 4096))
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\nhello")
				if farewell {
					_ = c.Close()
				}
			}()
			p := New(secure(l.Addr().String()), Options{Roots: roots})
			defer p.Close()
			a := exchange.New(t.Context(), nil, operation, time.Now()).Open(time.Now())
			defer a.End()
			req, _ := http.NewRequestWithContext(a, http.MethodGet, "https://inventory/", nil)
			resp, err := p.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if text, err := io.ReadAll(resp.Body); string(text) != "hello" || (err == nil) != farewell {
				t.Errorf("the body is %q (%v), whole should be %t", text, err, farewell)
			}
		})
	}
}
