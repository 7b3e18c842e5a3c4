package observe

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net/http"
	"strings"

	"outrigger/proxy/exchange"
)

// Bounds of what a request may carry from hop to hop: those that W3C Baggage asks every hop to pass on, and more than any
// request id in use.
const (
	maxBaggageBytes   = 8192
	maxBaggageMembers = 64
	maxRequestID      = 128
)

// Trace continues the trace and the request id of a request whose header belongs to the exchange, and notes them in ex.
//
// A valid traceparent (W3C Trace Context section 3.2) goes on byte for byte: we emit no spans, so the caller's span stays the
// parent. A missing or invalid one is replaced by the start of a trace, not sampled (section 3.2.2.5 makes 0 the default for
// who initiates one), and its tracestate is dropped. Baggage beyond its bounds is dropped whole. A request id that is not one
// value of at most 128 visible ASCII characters is replaced. Ids are random, not secret. It allocates once when something is
// started, else not at all.
func Trace(header http.Header, ex *exchange.Exchange) {
	parent, parentOK := traceparent(header["Traceparent"])
	id, idOK := requestID(header["X-Request-Id"])
	if !parentOK {
		delete(header, "Tracestate")
	}
	if !parentOK || !idOK {
		made := newIDs()
		if !parentOK {
			parent = made[:parentLength]
			header["Traceparent"] = ex.Field(parent)
		}
		if !idOK {
			id = made[parentLength:]
			header["X-Request-Id"] = ex.Field(id)
		}
	}
	ex.TraceID, ex.SpanID, ex.RequestID = parent[3:35], parent[36:52], id
	ex.Sampled = unhex(parent[54])&1 == 1
	if !baggageFits(header["Baggage"]) {
		delete(header, "Baggage")
	}
}

const (
	parentLength    = 55 // 00-<32>-<16>-<2>
	requestIDLength = 36 // a UUID, version 4
)

func traceparent(values []string) (string, bool) {
	if len(values) != 1 {
		return "", false
	}
	v := values[0]
	if len(v) < parentLength || v[2] != '-' || v[35] != '-' || v[52] != '-' {
		return "", false
	}
	version := v[:2]
	switch {
	case !lowerHex(version) || version == "ff":
		return "", false
	case len(v) > parentLength && (version == "00" || v[parentLength] != '-'):
		return "", false // a later version may be longer, behind one more dash
	}
	trace, span, flags := v[3:35], v[36:52], v[53:55]
	if !lowerHex(trace) || !lowerHex(span) || !lowerHex(flags) || zero(trace) || zero(span) {
		return "", false
	}
	return v, true
}

func requestID(values []string) (string, bool) {
	if len(values) != 1 || values[0] == "" || len(values[0]) > maxRequestID {
		return "", false
	}
	for i := range len(values[0]) {
		if c := values[0][i]; c <= ' ' || c > '~' {
			return "", false
		}
	}
	return values[0], true
}

// newIDs returns a traceparent and a request id in one string.
func newIDs() string {
	var raw [40]byte
	for i := 0; i < len(raw); i += 8 {
		binary.LittleEndian.PutUint64(raw[i:], rand.Uint64())
	}
	uuid := raw[24:]
	uuid[6] = uuid[6]&0x0f | 0x40
	uuid[8] = uuid[8]&0x3f | 0x80

	var text [parentLength + requestIDLength]byte
	b := append(text[:0], "00-"...)
	b = hex.AppendEncode(b, raw[:16])
	b = append(b, '-')
	b = hex.AppendEncode(b, raw[16:24])
	b = append(b, "-00"...)
	for i, part := range [][]byte{uuid[:4], uuid[4:6], uuid[6:8], uuid[8:10], uuid[10:]} {
		if i > 0 {
			b = append(b, '-')
		}
		b = hex.AppendEncode(b, part)
	}
	return string(b)
}

func baggageFits(values []string) bool {
	size, members := 0, 0
	for _, v := range values {
		size += len(v) + 1 // the comma that would join them
		members += strings.Count(v, ",") + 1
	}
	return size <= maxBaggageBytes+1 && members <= maxBaggageMembers
}

func lowerHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func zero(s string) bool { return strings.Trim(s, "0") == "" }

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c - 'a' + 10
}
