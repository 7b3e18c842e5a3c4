package http1

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// validRequest refuses what would break the message on the wire.
func validRequest(req *http.Request) error {
	if req.URL == nil {
		return fmt.Errorf("request without URL")
	}
	if req.Method != "" && !isToken(req.Method) {
		return fmt.Errorf("request method %q is no token", req.Method)
	}
	if control([]byte(req.Host)) >= 0 || strings.ContainsAny(req.Host, " \t") {
		return fmt.Errorf("request host %q has bytes that may not stand there", req.Host)
	}
	for name, values := range req.Header {
		if !isToken(name) {
			return fmt.Errorf("request field %q: the name is no token", name)
		}
		for _, value := range values {
			if control([]byte(value)) >= 0 {
				return fmt.Errorf("request field %s: the value has control bytes", name)
			}
		}
	}
	return nil
}

func hasBody(req *http.Request) bool { return req.Body != nil && req.Body != http.NoBody }

// requestFraming decides how the request body is delimited. A body of length
// zero that is not NoBody has an unknown length, as in net/http.
func requestFraming(req *http.Request) bodyKind {
	switch {
	case !hasBody(req):
		return noBody
	case req.ContentLength > 0:
		return lengthBody
	}
	return chunkedBody
}

func appendRequest(b []byte, req *http.Request, framing bodyKind) []byte {
	method := req.Method
	if method == "" {
		method = http.MethodGet
	}
	b = append(append(b, method...), ' ')
	b = append(b, target(req)...)
	b = append(b, " HTTP/1.1\r\n"...)
	host := req.Host
	if host == "" {
		host = req.URL.Host
	}
	b = append(append(append(b, "Host: "...), host...), "\r\n"...)
	for name, values := range req.Header {
		switch name {
		case "Host", "Content-Length", "Transfer-Encoding", "Trailer":
			continue
		}
		for _, value := range values {
			b = append(append(append(append(b, name...), ": "...), value...), "\r\n"...)
		}
	}
	switch {
	case framing == lengthBody:
		b = append(strconv.AppendInt(append(b, "Content-Length: "...), req.ContentLength, 10), "\r\n"...)
	case framing == chunkedBody:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
		b = appendAnnouncement(b, req.Trailer)
	case saysEmpty(req):
		b = append(b, "Content-Length: 0\r\n"...)
	}
	if req.Close {
		b = append(b, "Connection: close\r\n"...)
	}
	return append(b, "\r\n"...)
}

// saysEmpty reports that the absence of a body must be stated (RFC 9110, 8.6).
func saysEmpty(req *http.Request) bool {
	switch req.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		return true
	}
	return req.Header["Content-Length"] != nil
}

func appendAnnouncement(b []byte, trailer http.Header) []byte {
	sep := "Trailer: "
	for name := range trailer {
		if isToken(name) && !forbiddenTrailer[name] {
			b = append(append(b, sep...), name...)
			sep = ", "
		}
	}
	if sep == ", " {
		b = append(b, "\r\n"...)
	}
	return b
}

// target is the origin form of what the client asked for, byte for byte where
// RequestURI is known.
func target(req *http.Request) string {
	raw := req.RequestURI
	if raw == "" || req.Method == http.MethodConnect {
		return safeTarget(req.URL.RequestURI())
	}
	if raw[0] == '/' || raw == "*" {
		return raw
	}
	_, rest, _ := strings.Cut(raw, "://")
	i := strings.IndexAny(rest, "/?")
	switch {
	case i < 0 && req.Method == http.MethodOptions:
		return "*" // RFC 9112, 3.2.4
	case i < 0:
		return "/"
	case rest[i] == '?':
		return "/" + rest[i:]
	}
	return rest[i:]
}

// safeTarget escapes what would end the target: a URL built by hand may hold
// a space in its query.
func safeTarget(t string) string {
	for i := range len(t) {
		if t[i] <= ' ' || t[i] == 0x7f {
			return strings.NewReplacer(" ", "%20", "\r", "%0D", "\n", "%0A", "\t", "%09").Replace(t)
		}
	}
	return t
}
