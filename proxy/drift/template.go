package drift

import (
	"slices"
	"strings"
)

const (
	maxSegments = 12 // of a path; what follows is one {rest}
	maxWord     = 40 // bytes of a segment that may be a name
	maxDigits   = 3  // of a segment that may be a name, such as v2
)

var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"}

// method is one that a spec could declare, or _other. It is never m itself, a part of a whole request head, which whoever keeps it
// would keep.
func method(m string) string {
	if known := slices.Index(methods, m); known >= 0 {
		return methods[known]
	}
	return "_other"
}

// Template gives the shape of a path: segments that look like identifiers are written as {number}, {uuid} or {text}, so that
// requests for a thousand orders are of one shape. What may be a name of the interface stays.
func Template(path string) string {
	var b strings.Builder
	n := 0
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if n++; n > maxSegments {
			b.WriteString("/{rest}")
			break
		}
		b.WriteByte('/')
		b.WriteString(parameter(segment))
	}
	return b.String()
}

func parameter(s string) string {
	digits, upper, foreign := 0, false, false
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			digits++
		case 'A' <= c && c <= 'Z':
			upper = true
		case 'a' <= c && c <= 'z', c == '-', c == '_', c == '.':
		default:
			foreign = true
		}
	}
	switch {
	case s == "":
		return ""
	case digits == len(s):
		return "{number}"
	case isUUID(s):
		return "{uuid}"
	case foreign || len(s) > maxWord || digits > maxDigits || digits > 0 && upper:
		return "{text}"
	}
	return s
}

// isUUID follows the text form of RFC 9562 section 4.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F':
		default:
			return false
		}
	}
	return true
}
