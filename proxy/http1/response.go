package http1

import (
	"net/http"
	"strings"
)

// parse makes the head of n bytes in the buffer of the connection x.res, and
// fixes how its body is delimited.
func (x *exchange) parse(n int) error {
	c := x.c
	head := string(c.buf[c.r : c.r+n])
	poisonBytes(c.buf[c.r : c.r+n])
	c.r += n
	c.relax()
	line := head[c.scan.first:c.scan.firstEnd]
	status, minor, reason := parseStatusLine(line)
	if reason != "" {
		return &ProtocolError{reason}
	}
	c.headerStore.reset()
	var f fields
	f.collect(head, c.scan.spans, &c.headerStore, true)
	x.res = http.Response{}
	res := &x.res
	res.Status, res.StatusCode = line[9:], status
	res.Proto, res.ProtoMajor, res.ProtoMinor = line[:8], 1, minor
	res.Header, res.Body, res.ContentLength, res.Request = c.hdr, &x.body, -1, x.req
	if status < 200 {
		if err := checkInterim(&f); err != nil || status != http.StatusSwitchingProtocols {
			return err
		}
		if !x.asked || minor == 0 || !f.connectionUpgrade || !x.askedFor(c.hdr["Upgrade"]) {
			return &ProtocolError{"status 101 not asked for"}
		}
		return nil
	}
	x.keep = !f.close && (minor > 0 || f.keepAlive)
	return x.frame(&f, minor)
}

// askedFor reports whether a switch is to one protocol that the request named
// (RFC 9110, 7.8).
func (x *exchange) askedFor(upgrade []string) bool {
	if len(upgrade) != 1 || upgrade[0] == "" {
		return false
	}
	for _, line := range x.req.Header["Upgrade"] {
		for protocol := range strings.SplitSeq(line, ",") {
			if sameToken(upgrade[0], strings.ToLower(strings.Trim(protocol, " \t"))) {
				return true
			}
		}
	}
	return false
}

func checkInterim(f *fields) error {
	if f.codings > 0 || f.lengths > 0 && f.length != "0" {
		return &ProtocolError{"interim response with a body"}
	}
	return nil
}

// parseStatusLine reads RFC 9112, section 4. The reason phrase and the space
// before it may be missing, as many servers do.
func parseStatusLine(line string) (status, minor int, reason string) {
	if len(line) < 12 || line[:7] != "HTTP/1." || !digit(line[7]) || line[8] != ' ' {
		return 0, 0, "status line malformed"
	}
	for i := 9; i < 12; i++ {
		if !digit(line[i]) {
			return 0, 0, "status line malformed"
		}
		status = 10*status + int(line[i]-'0')
	}
	if len(line) > 12 && line[12] != ' ' || control([]byte(line)) >= 0 {
		return 0, 0, "status line malformed"
	}
	if status < 100 || status > 599 {
		return 0, 0, "status out of range"
	}
	return status, min(int(line[7]-'0'), 1), ""
}

// frame applies RFC 9112, section 6.3, to a final response.
func (x *exchange) frame(f *fields, minor int) error {
	length := int64(-1)
	switch {
	case f.twin > 0:
		return &ProtocolError{"field name passes for framing"}
	case f.codings > 0 && f.lengths > 0:
		return &ProtocolError{"content-length beside transfer-encoding"}
	case f.codings > 0 && minor == 0:
		return &ProtocolError{"transfer-encoding in HTTP/1.0"}
	case f.codings > 1 || f.codings == 1 && !sameToken(f.coding, "chunked"):
		return &ProtocolError{"transfer-encoding not supported"}
	case f.lengths > 1:
		return &ProtocolError{"content-length repeated"}
	case f.lengths == 1:
		var ok bool
		if length, ok = parseLength(f.length); !ok {
			return &ProtocolError{"content-length invalid"}
		}
		if len(f.length) > 1 && f.length[0] == '0' {
			x.c.hdr["Content-Length"][0] = strings.TrimLeft(f.length[:len(f.length)-1], "0") + f.length[len(f.length)-1:]
		}
	}
	x.body.x = x
	x.body.dec = decoder{w: &x.c.wire, limits: x.limits, lenient: true, ctx: x.ctx, nominated: f.nominated}
	dec := &x.body.dec
	res := &x.res
	res.ContentLength = length
	res.Close = !x.keep
	status := res.StatusCode
	switch {
	case x.req.Method == http.MethodHead:
	case status == http.StatusNoContent || status == http.StatusNotModified:
		res.ContentLength = max(length, 0)
	case f.codings == 1:
		dec.kind = chunkedBody
		res.TransferEncoding = chunkedCoding
		res.Trailer = announced(x.c.hdr)
		dec.trailer = res.Trailer
	case length >= 0:
		dec.kind, dec.remain = lengthBody, length
	default:
		dec.kind = untilClose
		x.keep = false
		res.Close = true
	}
	return nil
}

// response gives what RoundTrip owes once the final head is read.
func (x *exchange) response() (*http.Response, error) {
	res := &x.res
	if res.StatusCode == http.StatusSwitchingProtocols {
		return x.upgraded(), nil
	}
	if x.sender != nil && res.StatusCode >= 400 && !x.sender.finished() {
		x.stopSender() // it was refused: the rest is not wanted
		x.keep = false
	}
	return res, nil
}
