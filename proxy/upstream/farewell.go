package upstream

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync/atomic"
)

// encrypt returns a TLS client on conn that tells the end of the connection from the end of what the upstream had to say.
// crypto/tls does not where the last record is whole, as browsers do not; but then whoever is on the way can shorten an answer
// that only the close ends, so it is complete only behind a closure alert (RFC 9112 section 9.8).
func encrypt(conn net.Conn, config *tls.Config) *farewell {
	bare := &ending{Conn: conn}
	return &farewell{Conn: tls.Client(bare, config), bare: bare}
}

// ending is the connection below TLS. It remembers whether the other side ended it.
type ending struct {
	net.Conn
	ended atomic.Bool
}

// Read is net.Conn's.
func (e *ending) Read(p []byte) (int, error) {
	n, err := e.Conn.Read(p)
	if errors.Is(err, io.EOF) {
		e.ended.Store(true)
	}
	return n, err
}

type farewell struct {
	*tls.Conn
	bare *ending
}

// Read gives io.EOF behind a closure alert alone: that comes before the connection ends, not by its end.
func (f *farewell) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	if errors.Is(err, io.EOF) && f.bare.ended.Load() {
		return n, io.ErrUnexpectedEOF
	}
	return n, err
}
