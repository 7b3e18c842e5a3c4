package http1

import (
	"bytes"
	"encoding/binary"
	"net/http"
)

// span locates one field line in a head by offsets from its start.
type span struct{ name, nameEnd, value, valueEnd uint32 }

// headScan reads the lines of a head as they arrive, each byte once, so that
// the result does not depend on how the bytes were split. Names are put into
// canonical form in place, before the head becomes a string.
type headScan struct {
	limits   *Limits
	response bool // tolerate space before the colon (RFC 9112, 5.1)
	trailer  bool // there is no first line

	seen, line int // bytes looked at; start of the line not yet complete
	first      int // start of the first line: after a stray CRLF
	firstEnd   int // its end, 0 before it is complete
	request    requestLine
	spans      []span
}

func (s *headScan) reset(limits *Limits) {
	s.limits, s.seen, s.line, s.first, s.firstEnd = limits, 0, 0, 0, 0
	s.spans = s.spans[:0]
}

// scan looks at b, all bytes received since the head began. It gives the
// length of the head, or 0 when more bytes are needed. It is not inlined into
// readHead, on whose frame a connection waits.
//
//go:noinline
func (s *headScan) scan(b []byte) (int, *Refusal) {
	if s.seen == 0 && len(b) > 0 && !s.trailer && b[0] != '\r' && !token[b[0]] {
		return 0, refuse(400, "junk before the first line", 0)
	}
	if s.response && !s.trailer && s.seen < len(version) && !speaksHTTP(b) {
		return 0, refuse(400, "status line malformed", 0)
	}
	for {
		i := bytes.IndexByte(b[s.seen:], '\n')
		if i < 0 {
			s.seen = len(b)
			return 0, s.tooLong(len(b))
		}
		end := s.seen + i
		if r := s.tooLong(end + 1); r != nil {
			return 0, r
		}
		if end == s.line || b[end-1] != '\r' {
			return 0, refuse(400, "bare line feed", end)
		}
		start := s.line
		s.line, s.seen = end+1, end+1
		switch {
		case !s.trailer && s.firstEnd == 0:
			if end-1 == start {
				if s.first > 0 {
					return 0, refuse(400, "empty first line", start)
				}
				s.first = end + 1 // RFC 9112, 2.2: one CRLF is forgiven
				continue
			}
			s.firstEnd = end - 1
			if !s.response {
				var r *Refusal
				if s.request, r = parseRequestLine(b, start, end-1); r != nil {
					return 0, r
				}
			}
		case end-1 == start:
			return end + 1, nil
		default:
			if r := s.field(b, start, end-1); r != nil {
				return 0, r
			}
		}
	}
}

// version is how every status line begins.
const version = "HTTP/1."

// speaksHTTP reports whether b may be the beginning of a response: a server of
// another protocol greets, and then waits for us as we would for it.
func speaksHTTP(b []byte) bool {
	n := min(len(b), len(version))
	return string(b[:n]) == version[:n]
}

// blank reports that b, which was scanned, holds no more than the line end that
// some clients send behind a body, or its half.
func (s *headScan) blank(b []byte) bool {
	return s.first == len(b) || len(b) == 1 && b[0] == '\r'
}

func (s *headScan) tooLong(n int) *Refusal {
	if !s.trailer && !s.response && s.firstEnd == 0 && n-s.first > s.limits.RequestLine+2 {
		return refuse(414, "request line too long", n)
	}
	if n-s.first > s.limits.HeadBytes {
		return refuse(431, "head too large", n)
	}
	return nil
}

func (s *headScan) field(b []byte, start, end int) *Refusal {
	if len(s.spans) == s.limits.Fields {
		return refuse(431, "too many fields", start)
	}
	if b[start] == ' ' || b[start] == '\t' {
		return refuse(400, "folded line", start)
	}
	colon := canonical(b[:end], start)
	nameEnd := colon
	if s.response {
		for colon < end && (b[colon] == ' ' || b[colon] == '\t') {
			colon++
		}
	}
	switch {
	case colon == end:
		return refuse(400, "field without colon", end)
	case b[colon] != ':':
		return refuse(400, "field name invalid", colon)
	case nameEnd == start:
		return refuse(400, "field name empty", start)
	}
	value := colon + 1
	for value < end && (b[value] == ' ' || b[value] == '\t') {
		value++
	}
	for end > value && (b[end-1] == ' ' || b[end-1] == '\t') {
		end--
	}
	if at := control(b[value:end]); at >= 0 {
		return refuse(400, "field value invalid", value+at)
	}
	s.spans = append(s.spans, span{uint32(start), uint32(nameEnd), uint32(value), uint32(end)})
	return nil
}

// canonical rewrites the token that starts at i in the canonical form of
// field names and gives its end.
func canonical(b []byte, i int) int {
	upper := true
	for ; i < len(b); i++ {
		c := b[i]
		if !token[c] {
			break
		}
		if upper && 'a' <= c && c <= 'z' {
			b[i] = c - 32
		} else if !upper && 'A' <= c && c <= 'Z' {
			b[i] = c + 32
		}
		upper = c == '-'
	}
	return i
}

// control gives the place of the first byte that a field value may not hold
// (RFC 9110, 5.5), or -1.
func control(b []byte) int {
	i := 0
	for ; len(b)-i >= 8; i += 8 {
		const ones, tops = 0x0101010101010101, 0x8080808080808080
		x := binary.LittleEndian.Uint64(b[i:])
		del := x ^ ones*0x7f
		if ((x-ones*0x20)&^x|(del-ones)&^del)&tops != 0 {
			break
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c < ' ' && c != '\t' || c == 0x7f {
			return i
		}
	}
	return -1
}

// headerStore is the header that a connection uses again for each message. The
// one-element value slices are cut from one array.
type headerStore struct {
	hdr    http.Header
	values arena
}

type arena []string

func newHeaderStore() headerStore {
	return headerStore{hdr: http.Header{}, values: make(arena, 0, 16)}
}

func (l *headerStore) add(name, value string) {
	if old, again := l.hdr[name]; again {
		l.hdr[name] = append(old, value)
		return
	}
	l.values = append(l.values, value)
	n := len(l.values)
	l.hdr[name] = l.values[n-1 : n : n]
}

// reset empties it for the next message. Until then what the last one left
// may still be looked at.
func (l *headerStore) reset() {
	clear(l.hdr)
	l.values = l.values[:0]
}

// expire ends the time for which it was lent. A connection that waits holds
// nothing of its last message; a map that grew large is not kept.
func (l *headerStore) expire() {
	large := len(l.hdr) > 32
	clear(l.values)
	clear(l.hdr)
	poisonArena(l.values)
	poisonHeader(l.hdr)
	if large {
		l.hdr = http.Header{}
	}
}

// token marks the characters of RFC 9110, 5.6.2.
var token = func() (t [256]bool) {
	for c := '0'; c <= 'z'; c++ {
		t[c] = c <= '9' || 'A' <= c && c <= 'Z' || c >= 'a'
	}
	for _, c := range "!#$%&'*+-.^_`|~" {
		t[c] = true
	}
	return t
}()

// sameToken compares with a token in small letters. Unlike strings.EqualFold
// it folds ASCII alone: there are letters beyond it that fold to k and s.
func sameToken(s, small string) bool {
	if len(s) != len(small) {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != small[i] {
			return false
		}
	}
	return true
}

func isToken(s string) bool {
	for i := range len(s) {
		if !token[s[i]] {
			return false
		}
	}
	return s != ""
}

func refuse(status int, reason string, offset int) *Refusal {
	return &Refusal{Status: status, Reason: reason, Offset: offset, Byte: -1}
}
