package http1

import (
	"net/http"
	"strconv"
	"strings"
)

// begin fixes status and fields.
func (w *response) begin(status int) {
	w.wroteHeader, w.status = true, status
	w.bodiless = status < 200 || status == http.StatusNoContent || status == http.StatusNotModified
	w.buf = borrow()
	b := appendStatus(w.buf.b[:0], status)
	dated := false
	for name, values := range w.hdr {
		switch name {
		case "Content-Length":
			w.setLength(values)
			continue
		case "Transfer-Encoding":
			continue
		case "Connection":
			if status != http.StatusSwitchingProtocols {
				if closes := w.setConnection(values); closes || status != http.StatusUpgradeRequired {
					continue
				}
			}
		case "Trailer":
			b = w.announce(b, values)
			continue
		case "Date":
			dated = true
		}
		if !isToken(name) {
			continue // TrailerPrefix, or not ours to repair
		}
		for _, value := range values {
			b = appendField(b, name, value)
		}
	}
	if !dated {
		b = appendField(b, "Date", w.c.srv.date.Load().text)
	}
	w.buf.setHead(b)
}

func appendStatus(b []byte, status int) []byte {
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, ' ')
	b = append(b, http.StatusText(status)...)
	return append(b, "\r\n"...)
}

func (w *response) setLength(values []string) {
	if len(values) == 1 {
		if n, ok := parseLength(values[0]); ok {
			w.length = n
		}
	}
}

func (w *response) setConnection(values []string) (closes bool) {
	var f fields
	for _, value := range values {
		f.connection(value)
	}
	w.closeAfter = w.closeAfter || f.close
	return f.close
}

// announce keeps the names of trailers to come, without those that may not be
// trailers, and writes their field.
func (w *response) announce(b []byte, values []string) []byte {
	for _, value := range values {
		for name := range strings.SplitSeq(value, ",") {
			name = http.CanonicalHeaderKey(strings.TrimSpace(name))
			if isToken(name) && !forbiddenTrailer[name] {
				w.trailers = append(w.trailers, name)
			}
		}
	}
	if len(w.trailers) == 0 {
		return b
	}
	return appendField(b, "Trailer", strings.Join(w.trailers, ", "))
}

// framing decides how the content is delimited (RFC 9112, 6) and ends the head.
func (w *response) framing(b []byte) []byte {
	if w.expects {
		w.continueMu.Lock()
		// Whether the content comes is not known, unless it did.
		w.closeAfter = w.closeAfter || !w.continued && !w.c.body.whole()
		w.continued = true
		w.continueMu.Unlock()
	}
	switch {
	case w.bodiless && w.status != http.StatusNotModified:
	case w.length >= 0:
		b = append(b, "Content-Length: "...)
		b = append(strconv.AppendInt(b, w.length, 10), "\r\n"...)
	case w.isHead || w.bodiless:
	case w.req.ProtoMinor > 0:
		w.chunked = true
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	default:
		w.closeAfter = true
	}
	if b := w.c.body; b != nil && !w.closeAfter {
		w.closeAfter = b.unwanted()
	}
	w.closeAfter = w.closeAfter || w.c.srv.closes()
	switch {
	case w.status == http.StatusSwitchingProtocols:
	case w.closeAfter:
		b = append(b, "Connection: close\r\n"...)
	case w.req.ProtoMinor == 0:
		b = append(b, "Connection: keep-alive\r\n"...)
	}
	return append(b, "\r\n"...)
}

func (w *response) interim(status int) {
	if w.req.ProtoMinor == 0 {
		return
	}
	w.continueMu.Lock()
	defer w.continueMu.Unlock()
	if status == http.StatusContinue {
		if w.continued {
			return
		}
		w.continued = true
		_ = w.sendBytes([]byte("HTTP/1.1 100 Continue\r\n\r\n"))
		return
	}
	b := appendStatus(nil, status)
	for name, values := range w.hdr {
		if framingField(name) || !isToken(name) {
			continue
		}
		for _, value := range values {
			b = appendField(b, name, value)
		}
	}
	_ = w.sendBytes(append(b, "\r\n"...))
}

func framingField(name string) bool {
	switch name {
	case "Content-Length", "Transfer-Encoding", "Connection", "Trailer", "Upgrade", "Keep-Alive":
		return true
	}
	return false
}

// sendContinue answers Expect: 100-continue before the body is first read. It
// runs beside the handler when another goroutine reads the body.
func (w *response) sendContinue() error {
	if !w.expects {
		return nil
	}
	w.continueMu.Lock()
	defer w.continueMu.Unlock()
	if w.continued {
		return nil
	}
	w.continued = true
	return w.sendBytes([]byte("HTTP/1.1 100 Continue\r\n\r\n"))
}

func (w *response) continuePending() bool {
	if !w.expects {
		return false
	}
	w.continueMu.Lock()
	defer w.continueMu.Unlock()
	return !w.continued
}
