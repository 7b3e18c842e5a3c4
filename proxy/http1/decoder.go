package http1

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"time"
)

type bodyKind uint8

const (
	noBody bodyKind = iota
	lengthBody
	chunkedBody
	untilClose // until the peer closes: responses only
)

// decoder takes the body of one message off a wire. It gives io.EOF only at
// the end the framing demands, a *Refusal for bad framing and
// io.ErrUnexpectedEOF for a body cut short.
type decoder struct {
	w      *wire
	limits *Limits
	kind   bodyKind
	chunk  chunkState
	remain int64 // of the body, or of the chunk
	// lenient drops trailer fields that may not stand there instead of
	// refusing the message: right for responses (RFC 9110, 6.5.1).
	lenient bool
	nowait  bool // give up rather than wait
	trailer http.Header
	// nominated are the values of the head's Connection fields: what they name
	// is for this hop, in trailers too (RFC 9110, 7.6.1).
	nominated string
	overhead  int64     // framing bytes of chunks not yet paid for by payload
	until     time.Time // the last instant for any read, or zero
	// ctx is asked for its deadline, and as a BodyIdler, before every wait: the deadline of a stream may
	// be lifted once its head is there. Nil for requests.
	ctx context.Context
	err error // sticky
}

// done reports that the body was read to its end.
func (d *decoder) done() bool {
	return d.kind == noBody || d.kind == lengthBody && d.remain == 0 || d.err == io.EOF
}

func (d *decoder) read(p []byte) (int, error) {
	if d.err != nil {
		return 0, d.err
	}
	if d.done() {
		d.err = io.EOF
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	if d.w.r == d.w.w || d.kind == chunkedBody {
		d.setDeadline()
	}
	var n int
	switch d.kind {
	case lengthBody:
		n, d.err = d.readLength(p)
	case chunkedBody:
		n, d.err = d.readChunked(p)
	default:
		n, d.err = d.w.take(p)
	}
	return n, d.err
}

func (d *decoder) setDeadline() {
	idle, until := d.limits.BodyTimeout, d.until
	if d.ctx != nil {
		if t, ok := d.ctx.Deadline(); ok {
			until = t
		}
		if b, ok := d.ctx.(BodyIdler); ok && b.BodyIdle() > 0 {
			idle = b.BodyIdle()
		}
	}
	want := time.Now().Add(idle)
	if !until.IsZero() && until.Before(want) {
		want = until
	}
	d.w.read.want = want
}

func (d *decoder) readLength(p []byte) (int, error) {
	if d.nowait && d.w.r == d.w.w {
		return 0, nil
	}
	if int64(len(p)) > d.remain {
		p = p[:d.remain]
	}
	n, err := d.w.take(p)
	d.remain -= int64(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err == nil && d.remain == 0 {
		err = io.EOF
	}
	return n, err
}

// readReady is read that does not wait: (0, nil) means there is nothing yet.
func (d *decoder) readReady(p []byte) (int, error) {
	d.nowait = true
	n, err := d.read(p)
	d.nowait = false
	return n, err
}

// restBuffered reports that the rest of the body, and so the next message,
// can be reached without waiting; it is asked for small rests only.
func (d *decoder) skipBuffered() bool {
	var scratch [512]byte
	for {
		n, err := d.readReady(scratch[:])
		if err == io.EOF {
			return true
		}
		if err != nil || n == 0 {
			return false
		}
	}
}

// readTrailer reads the trailer section up to and with its empty line.
func (d *decoder) readTrailer() error {
	scan := headScan{limits: d.limits, trailer: true, response: d.lenient}
	for {
		n, refusal := scan.scan(d.w.buf[d.w.r:d.w.w])
		if refusal != nil {
			return refusal.see(d.w.buf[d.w.r:d.w.w])
		}
		if n > 0 {
			err := d.keepTrailer(string(d.w.buf[d.w.r:d.w.r+n]), scan.spans)
			d.w.r += n
			d.w.relax()
			return err
		}
		if err := d.w.fill(d.limits.HeadBytes); err != nil {
			return cutShort(err)
		}
	}
}

func (d *decoder) keepTrailer(section string, spans []span) error {
	for _, s := range spans {
		name, value := section[s.name:s.nameEnd], section[s.value:s.valueEnd]
		switch {
		case !forbiddenTrailer[name] && !isConditional(name):
			if d.nominated != "" && names(d.nominated, name) {
				continue
			}
			d.trailer[name] = append(d.trailer[name], value)
		case !d.lenient:
			return refuse(400, "trailer field forbidden", int(s.name))
		}
	}
	return nil
}

// trailerBuffered reports that readTrailer will not wait.
func (d *decoder) trailerBuffered() bool {
	b := d.w.buf[d.w.r:d.w.w]
	return bytes.HasPrefix(b, []byte("\r\n")) || bytes.Contains(b, []byte("\r\n\r\n"))
}

// names reports whether a list of tokens has one, which is in canonical form.
func names(list, name string) bool {
	for option := range strings.SplitSeq(list, ",") {
		if http.CanonicalHeaderKey(strings.Trim(option, " \t")) == name {
			return true
		}
	}
	return false
}

func isConditional(name string) bool { return len(name) > 3 && name[:3] == "If-" }

// forbiddenTrailer are the fields of framing, routing, authentication, request
// modifiers and content format, which mean nothing after the content
// (RFC 9110, 6.5.1).
var forbiddenTrailer = set("Age", "Authorization", "Cache-Control", "Connection",
	"Content-Encoding", "Content-Length", "Content-Range", "Content-Type", "Content_length", "Cookie",
	"Date", "Expect", "Expires", "Forwarded", "Host", "Keep-Alive", "Location", "Max-Forwards", "Pragma",
	"Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "Range", "Retry-After", "Set-Cookie",
	"Te", "Trailer", "Transfer-Encoding", "Transfer_encoding", "Upgrade", "Vary", "Via", "Www-Authenticate",
	"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto")

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, name := range names {
		m[name] = true
	}
	return m
}

func cutShort(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
