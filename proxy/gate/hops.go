package gate

import (
	"net/http"
	"sort"
	"strconv"
	"strings"

	"outrigger/policy"
)

// maxForwards counts TRACE and OPTIONS down and answers the one that may go no further (RFC 9110 section 7.6.2).
func (v *visit) maxForwards(r *http.Request) (answered bool) {
	values := r.Header["Max-Forwards"]
	if len(values) == 0 {
		return false
	}
	n, err := strconv.ParseUint(values[0], 10, 32) // digits alone, as the field is defined
	if err != nil {
		return false
	}
	if n > 0 {
		r.Header["Max-Forwards"] = v.ex.Field(strconv.FormatUint(n-1, 10))
		return false
	}
	v.ended, v.ex.Status, v.ex.Outcome = true, http.StatusOK, policy.OK
	h := v.w.Header()
	h["X-Request-Id"] = v.ex.Field(v.ex.RequestID)
	if r.Method == http.MethodOptions {
		h.Set("Allow", v.methods())
		h.Set("Content-Length", "0")
		v.w.WriteHeader(http.StatusOK)
		return true
	}
	h.Set("Content-Type", "message/http")
	written, _ := v.w.Write([]byte(traced(r)))
	v.ex.BytesOut = int64(written)
	return true
}

// methods are those that the upstream's operations know for this path, or all usual ones where none is declared.
func (v *visit) methods() string {
	canonical, ok := policy.Canonical(v.ex.Path)
	var methods []string
	for _, m := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"} {
		if ok && v.target.Upstream.Match(m, canonical) != v.target.Upstream.Unmatched {
			methods = append(methods, m)
		}
	}
	if len(methods) == 0 {
		return usualMethods
	}
	return strings.Join(methods, ", ")
}

// usualMethods are those that pass where nothing is declared.
const usualMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE, QUERY"

// traced reflects the request without the fields that hold secrets (RFC 9110 section 9.3.8).
func traced(r *http.Request) string {
	var b strings.Builder
	b.WriteString("TRACE " + r.RequestURI + " " + r.Proto + "\r\nHost: " + r.Host + "\r\n")
	names := make([]string, 0, len(r.Header))
	for name := range r.Header {
		if name != "Authorization" && name != "Cookie" {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		for _, value := range r.Header[name] {
			b.WriteString(name + ": " + value + "\r\n")
		}
	}
	b.WriteString("\r\n")
	return b.String()
}
