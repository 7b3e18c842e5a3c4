package policy

import "strings"

// Canonical returns the form of a raw request path on which operations are matched: percent escapes of unreserved characters
// decoded, other escapes in upper case, empty and dot segments resolved (RFC 3986 section 6.2.2). An encoded slash stays encoded,
// so that it never makes a new segment. It is false for a path that escapes above its root, also by way of encoded dots or
// slashes or with parameters behind its dots, or holds a broken escape or that of a null byte (RFC 3986 section 7.3): two parsers
// could read such a path in two ways. Only this form is matched; what is forwarded is the raw path.
// It does not allocate for a path that is canonical already.
func Canonical(path string) (string, bool) {
	if !needsWork(path) {
		return path, true
	}
	decoded, ok := decodeUnreserved(path)
	if !ok || climbsForOthers(decoded) {
		return "", false
	}
	return resolveDots(decoded)
}

func needsWork(path string) bool {
	for i := range len(path) {
		switch path[i] {
		case '%', '\\':
			return true
		case '/':
			if i+1 < len(path) && (path[i+1] == '/' || path[i+1] == '.') {
				return true
			}
		}
	}
	return path == "" || path[0] != '/'
}

func decodeUnreserved(path string) (string, bool) {
	var b strings.Builder
	b.Grow(len(path))
	for i := 0; i < len(path); i++ {
		if path[i] != '%' {
			b.WriteByte(path[i])
			continue
		}
		if i+2 >= len(path) || !isHex(path[i+1]) || !isHex(path[i+2]) {
			return "", false
		}
		c := unhex(path[i+1])<<4 | unhex(path[i+2])
		if c == 0 {
			return "", false
		}
		if isUnreserved(c) {
			b.WriteByte(c)
		} else {
			b.WriteString(strings.ToUpper(path[i : i+3]))
		}
		i += 2
	}
	return b.String(), true
}

// climbsForOthers finds "a%2F..%2F..%2Fb", "..\b" and "..;/b": harmless to us, above the root for whoever decodes the slash, takes
// the backslash for one, or cuts the parameters of a segment.
func climbsForOthers(path string) bool {
	slashed := path
	if strings.Contains(path, "%2F") || strings.Contains(path, "%5C") || strings.Contains(path, `\`) {
		slashed = strings.NewReplacer("%2F", "/", "%5C", "/", `\`, "/").Replace(path)
	}
	bare := slashed
	if strings.Contains(slashed, "..;") || strings.Contains(slashed, "..%3B") {
		bare = withoutParameters(slashed)
	}
	if bare == path {
		return false
	}
	_, ok := resolveDots(bare)
	return !ok
}

func withoutParameters(path string) string {
	segments := strings.Split(strings.ReplaceAll(path, "%3B", ";"), "/")
	for i, segment := range segments {
		segments[i], _, _ = strings.Cut(segment, ";")
	}
	return strings.Join(segments, "/")
}

func resolveDots(path string) (string, bool) {
	rest, rooted := strings.CutPrefix(path, "/")
	if !rooted {
		return "", path == "*"
	}
	var out []string
	for more := true; more; {
		var segment string
		segment, rest, more = strings.Cut(rest, "/")
		switch segment {
		case "..":
			if len(out) == 0 {
				return "", false
			}
			out = out[:len(out)-1]
		case ".":
		case "":
			if more {
				continue
			}
			out = append(out, "")
			continue
		default:
			out = append(out, segment)
			continue
		}
		if !more { // "/a/." and "/a/b/.." name a folder
			out = append(out, "")
		}
	}
	return "/" + strings.Join(out, "/"), true
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}

func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

// CanonicalTemplate is the form in which a template is matched: what Canonical makes of the requests it stands for.
func CanonicalTemplate(template string) string {
	var b strings.Builder
	depth := 0
	for i := range len(template) {
		ch := template[i]
		switch {
		case ch == '{':
			depth++
		case ch == '}':
			depth--
		case depth == 0 && (ch <= ' ' || ch >= 0x7f || strings.IndexByte("\"<>\\^`|", ch) >= 0):
			const hex = "0123456789ABCDEF"
			b.Write([]byte{'%', hex[ch>>4], hex[ch&15]})
			continue
		}
		b.WriteByte(ch)
	}
	if canonical, ok := Canonical(b.String()); ok {
		return canonical
	}
	return b.String()
}

// TemplateShape is a template without the names of its parameters: templates of one shape match the same paths.
func TemplateShape(template string) string {
	var b strings.Builder
	inside := false
	for i := range len(template) {
		switch ch := template[i]; {
		case ch == '{':
			inside = true
			b.WriteString("{}")
		case ch == '}' && inside:
			inside = false
		case !inside:
			b.WriteByte(ch)
		}
	}
	return b.String()
}
