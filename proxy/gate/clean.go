package gate

import (
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

// hop is what cleaning needs to know of the way in.
type hop struct {
	direction policy.Direction
	trusted   bool
	forwarded policy.Forwarded
}

// clean turns the client's header into the upstream's, in place: hop-by-hop fields go (RFC 9110 section 7.6.1), fields of ours
// that only a trusted caller may set go or are taken in, Via, and forwarded fields are added.
func (g *Gate) clean(r *http.Request, ex *exchange.Exchange, h hop) *failure.Error {
	header := r.Header
	switch {
	case g.via.came(header["Via"]):
		return failure.New(failure.LoopDetected, "the Via field names this sidecar already")
	case h.direction == policy.Inbound && r.TLS == nil && r.URL != nil && r.URL.Scheme == "https":
		// The application's origin was asked for over a secured connection, which this is not (RFC 9110 section 7.4).
		return &failure.Error{Code: failure.RequestInvalid, Status: http.StatusMisdirectedRequest, Detail: "target of https on a connection without TLS"}
	}
	upgrade := ""
	// HTTP/1.0 has no upgrades (RFC 9110 section 7.8). WebSockets begin with a GET (RFC 6455 section 4.1); content would stand
	// between it and the new protocol.
	if r.ProtoMajor == 1 && r.ProtoMinor > 0 && r.Method == http.MethodGet && r.ContentLength == 0 {
		upgrade = upgradeToken(header)
	}
	trailers := r.ProtoAtLeast(1, 1) && acceptsTrailers(header["Te"]) // HTTP/1.0 has nowhere to put them
	if h.trusted {
		takeControl(header, ex)
	}
	drop(header, true)
	switch {
	case trailers && upgrade != "":
		header["Connection"] = connectionBoth
	case trailers:
		header["Connection"] = connectionTE
	case upgrade != "":
		header["Connection"] = connectionUpgrade
	}
	if trailers {
		header["Te"] = trailersOnly
	}
	if upgrade != "" {
		header["Upgrade"] = ex.Field(upgrade)
	}
	header["Via"] = g.via.append(header["Via"], r.ProtoMajor, r.ProtoMinor)
	if h.direction == policy.Inbound {
		forward(r, ex, h)
	}
	return nil
}

var (
	trailersOnly      = []string{"trailers"}
	connectionUpgrade = []string{"Upgrade"}
	connectionTE      = []string{"TE"}
	connectionBoth    = []string{"TE, Upgrade"}
)

// oneHop reports whether a field is dropped though Connection may not name it.
func oneHop(name string) bool {
	switch name {
	case "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Transfer-Encoding", "Upgrade",
		"Http2-Settings":
		return true
	}
	return false
}

// protected fields cannot be named away by a Connection field: they decide framing, routing, identity or trust, or are for every
// recipient of the content, which a sender must not name there (RFC 9110 section 7.6.1).
func protected(name string) bool {
	switch name {
	case "Host", "Via", "Forwarded", "Max-Forwards", "Expect", "Authorization", "Cookie", "Set-Cookie", "Www-Authenticate",
		"Traceparent", "Tracestate", "Baggage", "X-Request-Id", "Idempotency-Key", "Cdn-Loop",
		"Cache-Control", "Pragma", "Age", "Date", "Expires", "Vary", "Etag", "Last-Modified", "Location", "Range", "Accept-Ranges", "Allow":
		return true
	}
	for _, prefix := range []string{"Content-", "If-", "X-Forwarded-", "Outrigger-"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// dropHopByHop removes hop-by-hop fields of a request or a reply.
func dropHopByHop(header http.Header) { drop(header, false) }

// drop removes hop-by-hop fields, and the control fields that only the hop before us may set.
func drop(header http.Header, controls bool) {
	for _, line := range header["Connection"] {
		if line == "keep-alive" || line == "close" { // nearly always; neither names a field that stays
			continue
		}
		for token := range strings.SplitSeq(line, ",") {
			if name := textproto.CanonicalMIMEHeaderKey(textproto.TrimString(token)); name != "" && !protected(name) {
				delete(header, name)
			}
		}
	}
	for name := range header { // a header holds fewer fields than there are to look for
		if oneHop(name) || controls && betweenSidecars(name) {
			delete(header, name)
		}
	}
}

func acceptsTrailers(te []string) bool {
	for _, line := range te {
		for token := range strings.SplitSeq(line, ",") {
			if ascii(token) && strings.EqualFold(textproto.TrimString(token), "trailers") {
				return true
			}
		}
	}
	return false
}

// upgradeToken is the protocol that a request asks to switch to, if it is one that we let through. h2c never is: it would
// tunnel past every policy (RFC 9113 section 3.1 deprecates it).
func upgradeToken(header http.Header) string {
	if asked := header["Upgrade"]; len(asked) == 1 && ascii(asked[0]) && strings.EqualFold(asked[0], "websocket") {
		for _, line := range header["Connection"] {
			for token := range strings.SplitSeq(line, ",") {
				if strings.EqualFold(textproto.TrimString(token), "upgrade") {
					return asked[0]
				}
			}
		}
	}
	return ""
}

// ascii guards comparisons that fold case: there are letters beyond ASCII that fold to k and s.
func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// takeControl believes the control fields of a trusted caller.
func takeControl(header http.Header, ex *exchange.Exchange) {
	if ms := positive(header["Outrigger-Timeout-Ms"]); ms > 0 {
		ex.SetDeadline(ex.Start.Add(time.Duration(ms) * time.Millisecond))
		ex.Decide("deadline", "the caller has "+strconv.Itoa(ms)+"ms left", "")
	}
	ex.CallerAttempt = positive(header["Outrigger-Attempt"])
}

// betweenSidecars reports whether a field is one that sidecars set for each other.
func betweenSidecars(name string) bool {
	switch name {
	case "Outrigger-Timeout-Ms", "Outrigger-Attempt", "Outrigger-Attempts", "Outrigger-Retryable":
		return true
	}
	return false
}

// positive reads a single positive number of at most nine digits, or 0.
func positive(values []string) int {
	if len(values) != 1 || len(values[0]) > 9 {
		return 0
	}
	n, err := strconv.Atoi(values[0])
	if err != nil || n < 0 {
		return 0
	}
	return n
}
