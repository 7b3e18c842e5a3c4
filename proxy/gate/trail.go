package gate

import (
	"net"
	"net/http"
	"strings"

	"outrigger/policy"
	"outrigger/proxy/exchange"
)

// via writes our entry into Via fields and finds it there again.
type via struct {
	pseudonym string
	http11    []string // the whole field where we are the first
	http10    []string
}

func newVia(pseudonym string) via {
	return via{pseudonym, []string{"1.1 " + pseudonym}, []string{"1.0 " + pseudonym}}
}

// append returns the field with our entry at its end.
func (v via) append(lines []string, major, minor int) []string {
	own := v.http11
	if major == 1 && minor == 0 {
		own = v.http10
	}
	if len(lines) == 0 {
		return own
	}
	return []string{strings.Join(lines, ", ") + ", " + own[0]}
}

// came reports whether a message passed here before.
func (v via) came(lines []string) bool {
	for _, line := range lines {
		for entry := range strings.SplitSeq(line, ",") {
			if fields := strings.Fields(entry); len(fields) > 1 && fields[1] == v.pseudonym {
				return true
			}
		}
	}
	return false
}

// forwardedFields are what proxies before us may have told about the client.
var forwardedFields = []string{
	"Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Real-Ip",
	"X_forwarded_for", "X_forwarded_proto", "X_forwarded_host", // what CGI-style applications read as the same names
}

var protoHTTP = []string{"http"}

// forward tells the application who called. What an untrusted caller claims is dropped first, whatever the mode but pass.
func forward(r *http.Request, ex *exchange.Exchange, h hop) {
	if h.forwarded == policy.ForwardedPass {
		return
	}
	header := r.Header
	if !h.trusted || h.forwarded == policy.ForwardedReplace {
		for _, name := range forwardedFields {
			delete(header, name)
		}
	}
	client, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		client = "unknown"
	}
	if before := header["X-Forwarded-For"]; len(before) > 0 {
		client = strings.Join(before, ", ") + ", " + client
	}
	header["X-Forwarded-For"] = ex.Field(client)
	if len(header["X-Forwarded-Proto"]) == 0 {
		header["X-Forwarded-Proto"] = protoHTTP
	}
	if len(header["X-Forwarded-Host"]) == 0 {
		header["X-Forwarded-Host"] = ex.Field(r.Host)
	}
}
