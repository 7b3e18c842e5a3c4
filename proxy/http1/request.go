package http1

import (
	"math"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// fields are the facts of a head that decide framing and the life of the
// connection.
type fields struct {
	host, length, coding, expect, upgrade string
	hosts, lengths, codings, expects      int
	hostAt, lengthAt, codingAt, expectAt  int // where their values begin in the head
	close, keepAlive, connectionUpgrade   bool
	twin                                  int    // where a name begins that passes for a framing one, or 0
	nominated                             string // values of Connection that may name fields
}

// collect fills into with the fields of a head, except those that the standard
// types carry elsewhere: Host and Transfer-Encoding.
func (f *fields) collect(head string, spans []span, into *headerStore, response bool) {
	for _, s := range spans {
		name, value := head[s.name:s.nameEnd], head[s.value:s.valueEnd]
		switch name {
		case "Host":
			if !response {
				f.host, f.hostAt = value, int(s.value)
				f.hosts++
				continue
			}
		case "Content-Length":
			f.length, f.lengthAt = value, int(s.value)
			f.lengths++
		case "Transfer-Encoding":
			f.coding, f.codingAt = value, int(s.value)
			f.codings++
			continue
		case "Content_length", "Transfer_encoding":
			f.twin = int(s.name)
		case "Connection":
			f.connection(value)
		case "Expect":
			f.expect, f.expectAt = value, int(s.value)
			f.expects++
		case "Upgrade":
			f.upgrade = value
		}
		into.add(name, value)
	}
}

func (f *fields) connection(value string) {
	switch value {
	case "keep-alive":
		f.keepAlive = true
		return
	case "close":
		f.close = true
		return
	}
	f.nominated += "," + value
	for option := range strings.SplitSeq(value, ",") {
		option = strings.Trim(option, " \t")
		f.close = f.close || sameToken(option, "close")
		f.keepAlive = f.keepAlive || sameToken(option, "keep-alive")
		f.connectionUpgrade = f.connectionUpgrade || sameToken(option, "upgrade")
	}
}

// announced takes the Trailer field of a chunked message out of h and makes
// the trailer map: the announced names with no value yet. It is made even when
// empty, because every copy of the message struct must see what arrives later.
func announced(h http.Header) http.Header {
	t := http.Header{}
	for _, value := range h["Trailer"] {
		for name := range strings.SplitSeq(value, ",") {
			name = http.CanonicalHeaderKey(strings.Trim(name, " \t"))
			if isToken(name) && !forbiddenTrailer[name] {
				t[name] = nil
			}
		}
	}
	delete(h, "Trailer")
	return t
}

// parseLength reads a Content-Length (RFC 9110, 8.6): digits, nothing else.
func parseLength(s string) (int64, bool) {
	var n int64
	for i := range len(s) {
		c := int64(s[i]) - '0'
		if c < 0 || c > 9 || n > (math.MaxInt64-c)/10 {
			return 0, false
		}
		n = n*10 + c
	}
	return n, s != ""
}

// requestLine is a request line taken apart, as offsets from the start of the
// head.
type requestLine struct {
	method, methodEnd, target, targetEnd int
	minor                                int // of HTTP/1.x, at most 1
}

func parseRequestLine(b []byte, start, end int) (l requestLine, _ *Refusal) {
	i := start
	for i < end && token[b[i]] {
		i++
	}
	switch {
	case i-start > maxMethod:
		return l, refuse(501, "method too long", start)
	case i == end:
		return l, refuse(400, "request line without target", i)
	case i == start || b[i] != ' ':
		return l, refuse(400, "method invalid", i)
	}
	l.method, l.methodEnd, l.target = start, i, i+1
	for i++; i < end && ' ' < b[i] && b[i] < 0x7f && b[i] != '#'; i++ {
	}
	switch {
	case i == l.target:
		return l, refuse(400, "target empty", i)
	case i == end:
		return l, refuse(400, "request line without version", i)
	case b[i] != ' ':
		return l, refuse(400, "target invalid", i)
	}
	l.targetEnd = i
	v := b[i+1 : end]
	if len(v) != 8 || string(v[:5]) != "HTTP/" || v[6] != '.' || !digit(v[5]) || !digit(v[7]) {
		return l, refuse(400, "version malformed", i+1)
	}
	if v[5] != '1' {
		return l, refuse(505, "version not supported", i+1)
	}
	l.minor = min(int(v[7]-'0'), 1)
	return l, nil
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// setFraming applies RFC 9112, section 6.3, and refuses what parsers differ on.
func (f *fields) setFraming(minor int) (kind bodyKind, length int64, _ *Refusal) {
	switch {
	case f.twin > 0:
		return 0, 0, refuse(400, "field name passes for framing", f.twin)
	case f.codings > 0 && f.lengths > 0:
		return 0, 0, refuse(400, "content-length beside transfer-encoding", f.codingAt)
	case f.codings > 0 && minor == 0:
		return 0, 0, refuse(400, "transfer-encoding in HTTP/1.0", f.codingAt)
	case f.codings > 1:
		return 0, 0, refuse(400, "transfer-encoding repeated", f.codingAt)
	case f.codings == 1:
		return chunkedBody, -1, f.onlyChunked()
	case f.lengths > 1:
		return 0, 0, refuse(400, "content-length repeated", f.lengthAt)
	case f.lengths == 0:
		return noBody, 0, nil
	}
	length, ok := parseLength(f.length)
	if !ok {
		return 0, 0, refuse(400, "content-length invalid", f.lengthAt).within(f.length, digit)
	}
	if length == 0 {
		return noBody, 0, nil
	}
	return lengthBody, length, nil
}

// onlyChunked wants the one coding that is understood. A request whose last
// coding is another has no end (RFC 9112, 6.3): 400; one with another before
// it could be read by who knows that (6.1): 501.
func (f *fields) onlyChunked() *Refusal {
	if sameToken(f.coding, "chunked") {
		return nil
	}
	chunked, last := 0, ""
	for coding := range strings.SplitSeq(f.coding, ",") {
		coding = strings.Trim(coding, " \t")
		if coding == "" {
			continue
		}
		if last = coding; sameToken(coding, "chunked") {
			chunked++
		}
		if !isToken(coding) {
			return refuse(400, "transfer-encoding malformed", f.codingAt)
		}
	}
	if chunked != 1 || !sameToken(last, "chunked") {
		return refuse(400, "transfer-encoding without chunked once at its end", f.codingAt)
	}
	return refuse(501, "transfer-encoding not supported", f.codingAt)
}

// setTarget fills u and gives the host the request is for. RFC 9112, 3.2 and
// 3.3.
func setTarget(u *url.URL, method, target string, f *fields) (host string, _ *Refusal) {
	*u = url.URL{}
	host = f.host
	if f.hosts > 1 {
		return "", refuse(400, "host repeated", f.hostAt)
	}
	if f.hosts == 1 && !validAuthority(f.host) {
		return "", refuse(400, "host invalid", f.hostAt).within(f.host, func(c byte) bool { return nameChars[c] })
	}
	switch {
	case method == http.MethodConnect:
		if _, port := splitPort(target); !validAuthority(target) || port == "" {
			return "", refuse(400, "target of CONNECT not an authority", 0)
		}
		u.Host = target
		return target, nil
	case target[0] == '/':
		return host, setPath(u, target)
	case target == "*":
		if method != http.MethodOptions {
			return "", refuse(400, "target * without OPTIONS", 0)
		}
		u.Path = "*"
		return host, nil
	}
	scheme, rest, ok := strings.Cut(target, "://")
	if !ok || !sameToken(scheme, "http") && !sameToken(scheme, "https") {
		return "", refuse(400, "target malformed", 0)
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	u.Scheme, u.Host = strings.ToLower(scheme), rest[:end]
	if !validAuthority(u.Host) {
		return "", refuse(400, "target authority invalid", 0)
	}
	if f.hosts == 1 && !sameAuthority(u.Host, f.host, u.Scheme) {
		return "", refuse(400, "host differs from target", 0)
	}
	return u.Host, setPath(u, rest[end:])
}

// setPath keeps path and query as received; Path is the decoded form.
func setPath(u *url.URL, target string) *Refusal {
	path, query, asked := strings.Cut(target, "?")
	u.RawQuery, u.ForceQuery = query, asked && query == ""
	if path == "" && u.Host == "" {
		return refuse(400, "target malformed", 0)
	}
	u.Path = path
	if plainPath(path) {
		return nil
	}
	decoded, err := url.PathUnescape(path)
	if err != nil {
		return refuse(400, "target escape invalid", 0)
	}
	u.Path = decoded
	if u.EscapedPath() != path {
		u.RawPath = path
	}
	return nil
}

// plainPath reports that decoding and encoding leave the path as it is.
func plainPath(path string) bool {
	for i := range len(path) {
		if !plain[path[i]] {
			return false
		}
	}
	return true
}

var plain = charset("/$&+,:;=@-_.~")

// nameChars are those of names that can be resolved. RFC 3986, 3.2.2 has
// escapes and separators as well, which parsers differ on.
var nameChars = charset("-._~")

func charset(extra string) (t [256]bool) {
	for c := range 256 {
		t[c] = c < 0x80 && (digit(byte(c)) || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z')
	}
	for i := range len(extra) {
		t[extra[i]] = true
	}
	return t
}

// validAuthority wants a name or an address, with or without a port.
func validAuthority(s string) bool {
	host, port := splitPort(s)
	if _, err := strconv.ParseUint("0"+port, 10, 16); err != nil { // an empty port is the default one
		return false
	}
	if literal, ok := strings.CutPrefix(host, "["); ok {
		literal, ok = strings.CutSuffix(literal, "]")
		address, err := netip.ParseAddr(literal)
		return ok && err == nil && address.Is6() && address.Zone() == ""
	}
	for i := range len(host) {
		if !nameChars[host[i]] {
			return false
		}
	}
	return host != ""
}

// splitPort cuts the port off an authority that may be an IPv6 literal.
func splitPort(s string) (host, port string) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 || strings.IndexByte(s[i:], ']') >= 0 {
		return s, ""
	}
	return s[:i], s[i+1:]
}

func sameAuthority(a, b, scheme string) bool {
	hostA, portA := splitPort(a)
	hostB, portB := splitPort(b)
	standard := "80"
	if scheme == "https" {
		standard = "443"
	}
	if portA == "" {
		portA = standard
	}
	if portB == "" {
		portB = standard
	}
	return portA == portB && strings.EqualFold(hostA, hostB)
}
