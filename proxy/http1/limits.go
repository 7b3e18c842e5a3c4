package http1

import (
	"sync/atomic"
	"time"
)

// Limits bounds what one peer may cost. The zero value of a field means its
// default.
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
	// IdleTimeout is the time a connection may wait unused: a client's for the
	// first byte of its next request (Server, default 60 s), one to the endpoint
	// for its next exchange (Transport, default 55 s, less than servers keep
	// theirs).
	IdleTimeout time.Duration
	// BodyTimeout is the longest wait for the next bytes of a body. Default
	// 30 s for a request body (Server), 5 min for a response body (Transport).
	BodyTimeout time.Duration
	// WriteTimeout is the longest wait for the peer to accept any bytes; those
	// it accepts begin another such wait. Default 5 min.
	WriteTimeout time.Duration
}

// Buffers bounds the bytes of all buffers that are larger than the ordinary ones
// of a connection: heads beyond 4 KiB, for as long as their message lasts, and
// copies of large bodies. Nobody waits for it: a large head is refused, a body
// is copied in smaller pieces. It must be safe for concurrent use.
type Buffers interface {
	// Take counts n bytes in, or says that there are not so many left.
	Take(n int64) bool
	// Give counts bytes out.
	Give(n int64)
}

// ChangingLimits are limits that Servers and Transports share and that may be
// changed while they run: for a request they are read when the wait for its
// head begins, for a response when its exchange does. The zero value stands for
// the defaults. It is safe for concurrent use.
type ChangingLimits struct{ now atomic.Pointer[sides] }

// sides are limits with the defaults of either side filled in. They do not
// change.
type sides struct{ server, transport Limits }

// Set replaces the limits.
func (c *ChangingLimits) Set(l Limits) { c.now.Store(newSides(l)) }

func (c *ChangingLimits) load() *sides {
	if s := c.now.Load(); s != nil {
		return s
	}
	return &untouched
}

var untouched = *newSides(Limits{})

func newSides(l Limits) *sides {
	return &sides{
		server:    l.withDefaults(30*time.Second, time.Minute),
		transport: l.withDefaults(5*time.Minute, 55*time.Second),
	}
}

const (
	maxHeadBytes = 1 << 20
	maxMethod    = 64

	bufferSize = 4 << 10  // standing read buffer of a connection
	smallSize  = 8 << 10  // write buffer of an ordinary message
	bigSize    = 64 << 10 // buffer for copying large bodies
)

func (l Limits) withDefaults(body, idle time.Duration) Limits {
	integer(&l.HeadBytes, 60<<10)
	integer(&l.Fields, 100)
	integer(&l.RequestLine, 16<<10)
	integer(&l.Interim, 10)
	integer(&l.Connections, 10_000)
	duration(&l.HeaderTimeout, 10*time.Second)
	duration(&l.IdleTimeout, idle)
	duration(&l.BodyTimeout, body)
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
