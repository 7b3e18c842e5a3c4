package http1

import "time"

// Limits bounds what one peer may cost. The zero value of a field means its
// default. Limits are read when a connection starts; do not change them later.
type Limits struct {
	// HeadBytes bounds a head, first line included, and also a trailer
	// section. Default 60 KiB; values above 1 MiB count as 1 MiB.
	HeadBytes int
	// Fields bounds the number of field lines in a head and in a trailer
	// section. Default 100.
	Fields int
	// RequestLine bounds the request line in bytes. Default 16 KiB.
	RequestLine int
	// Interim bounds the 1xx responses to one request. Default 10.
	Interim int
	// Connections bounds the open client connections of a Server; further
	// ones are answered 503. Default 10,000. Transport ignores it.
	Connections int
	// HeaderTimeout is the time from the first byte of a request head to its
	// end. Default 10 s. Transport ignores it (see HeadDeadliner).
	HeaderTimeout time.Duration
	// IdleTimeout is the time a client connection may wait for the first
	// byte of its next request. Default 60 s. Transport has its own.
	IdleTimeout time.Duration
	// BodyTimeout is the longest wait for the next bytes of a body. Default
	// 30 s for a request body (Server), 5 min for a response body (Transport).
	BodyTimeout time.Duration
	// WriteTimeout is the longest wait for the peer to accept bytes.
	// Default 5 min.
	WriteTimeout time.Duration
}

const (
	maxHeadBytes = 1 << 20
	maxMethod    = 64

	bufferSize = 4 << 10  // standing read buffer of a connection
	smallSize  = 8 << 10  // write buffer of an ordinary message
	bigSize    = 64 << 10 // buffer for copying large bodies
)

func (l Limits) withDefaults(bodyTimeout time.Duration) Limits {
	integer(&l.HeadBytes, 60<<10)
	integer(&l.Fields, 100)
	integer(&l.RequestLine, 16<<10)
	integer(&l.Interim, 10)
	integer(&l.Connections, 10_000)
	duration(&l.HeaderTimeout, 10*time.Second)
	duration(&l.IdleTimeout, time.Minute)
	duration(&l.BodyTimeout, bodyTimeout)
	duration(&l.WriteTimeout, 5*time.Minute)
	l.HeadBytes = min(l.HeadBytes, maxHeadBytes)
	return l
}

func integer(v *int, standard int) {
	if *v <= 0 {
		*v = standard
	}
}

func duration(v *time.Duration, standard time.Duration) {
	if *v <= 0 {
		*v = standard
	}
}
