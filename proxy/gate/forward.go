package gate

import (
	"net"
	"net/http"
	"strings"

	"outrigger/policy"
	"outrigger/proxy/exchange"
)

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
