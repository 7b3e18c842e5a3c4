package http1

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
)

const (
	framingGap = 96 // room between head and body for framing fields and a chunk size
	chunkGap   = 20 // room before a body for a chunk size
	tailRoom   = 16 // room after a body for the end of a chunk and of the last one
)

// outBuffer is a message on its way out:
//
//	[0:head] fields · gap · [body:end] content · room
//
// The framing fields and the chunk size are set against the content when they
// are known, and the head is moved against them, so that all leaves in one
// write.
type outBuffer struct {
	b               []byte
	head, body, end int
	counted         Buffers // where a big one was counted in
}

var (
	smallBuffers = sync.Pool{New: func() any { return &outBuffer{b: make([]byte, smallSize)} }}
	bigBuffers   = sync.Pool{New: func() any { return &outBuffer{b: make([]byte, bigSize)} }}
)

func borrow() *outBuffer { return prepared(&smallBuffers) }

// borrowBig gives an ordinary buffer where there are no bytes left for a big
// one.
func borrowBig(from Buffers) *outBuffer {
	if from != nil && !from.Take(bigSize) {
		return borrow()
	}
	o := prepared(&bigBuffers)
	o.counted = from
	return o
}

func prepared(pool *sync.Pool) *outBuffer {
	o := pool.Get().(*outBuffer)
	o.head, o.body, o.end = 0, chunkGap, chunkGap
	return o
}

func (o *outBuffer) giveBack() {
	poisonBytes(o.b)
	if o.counted != nil {
		o.counted.Give(bigSize)
		o.counted = nil
	}
	switch cap(o.b) {
	case smallSize:
		smallBuffers.Put(o)
	case bigSize:
		bigBuffers.Put(o)
	}
}

// setHead makes head, which was appended to b[:0], the pending head, and keeps
// room for content behind it.
func (o *outBuffer) setHead(head []byte) {
	o.head = len(head)
	o.body = o.head + framingGap
	o.end = o.body
	if need := o.body + tailRoom + 512; cap(head) < need {
		o.b = make([]byte, max(need, smallSize+1))
		copy(o.b, head)
		return
	}
	o.b = head[:cap(head)]
}

// free is where more content goes.
func (o *outBuffer) free() []byte { return o.b[o.end : len(o.b)-tailRoom] }

func (o *outBuffer) content() int { return o.end - o.body }

// enlarged gives a big buffer with what o holds, and o back; or o, where there
// are no bytes left for a big one.
func (o *outBuffer) enlarged(from Buffers) *outBuffer {
	if cap(o.b) >= bigSize || o.body+framingGap+o.content() > bigSize/2 {
		return o
	}
	n := borrowBig(from)
	if cap(n.b) < bigSize {
		n.giveBack()
		return o
	}
	n.head, n.body = o.head, o.body
	copy(n.b, o.b[:o.head])
	n.end = n.body + copy(n.b[n.body:], o.b[o.body:o.end])
	o.giveBack()
	return n
}

// prefix puts s directly before what starts at from and gives the new start.
func (o *outBuffer) prefix(from int, s []byte) int {
	from -= len(s)
	copy(o.b[from:], s)
	return from
}

// frame completes one write: framing fields that end the head (nil when the
// head is gone), the chunk around the content when chunked. tail is appended
// as it is.
func (o *outBuffer) frame(framing []byte, chunked bool, tail []byte) []byte {
	start := o.body
	if n := o.content(); chunked && n > 0 {
		var size [chunkGap]byte
		start = o.prefix(start, append(strconv.AppendInt(size[:0], int64(n), 16), "\r\n"...))
		o.end += copy(o.b[o.end:], "\r\n")
	}
	if framing != nil {
		start = o.prefix(start, framing)
		start = o.prefix(start, o.b[:o.head])
	}
	o.b = append(o.b[:o.end], tail...)
	out := o.b[start:]
	o.b = o.b[:cap(o.b)]
	return out
}

func (o *outBuffer) clear() { o.head, o.body, o.end = 0, chunkGap, chunkGap }

// appendField writes one field line. A value with bytes that would break the
// message has them replaced by spaces.
func appendField(b []byte, name, value string) []byte {
	b = append(append(b, name...), ": "...)
	n := len(b)
	b = append(b, value...)
	if at := control(b[n:]); at >= 0 {
		for i, c := range b[n:] {
			if c < ' ' && c != '\t' || c == 0x7f {
				b[n+i] = ' '
			}
		}
	}
	return append(b, "\r\n"...)
}

// appendTrailers writes the trailer fields of a response: those announced in
// names, and those under http.TrailerPrefix.
func appendTrailers(b []byte, h http.Header, names []string) []byte {
	for _, name := range names {
		for _, value := range h[name] {
			b = appendField(b, name, value)
		}
	}
	for key, values := range h {
		name, ok := strings.CutPrefix(key, http.TrailerPrefix)
		if !ok {
			continue
		}
		if name = http.CanonicalHeaderKey(name); !isToken(name) || forbiddenTrailer[name] {
			continue
		}
		for _, value := range values {
			b = appendField(b, name, value)
		}
	}
	return append(b, "\r\n"...)
}
