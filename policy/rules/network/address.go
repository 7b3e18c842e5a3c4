package network

import (
	"net/netip"
	"strconv"
	"strings"
)

// Split is net.SplitHostPort for text as policies have it: the host may be missing, and the port, which is then -1, must be a
// number up to 65535.
func Split(text string) (host string, port int, ok bool) {
	if rest, found := strings.CutPrefix(text, "["); found {
		host, rest, found = strings.Cut(rest, "]")
		if !found {
			return "", 0, false
		}
		if rest == "" {
			return host, -1, true
		}
		text = "v6" + rest
	} else if i := strings.LastIndexByte(text, ':'); i >= 0 {
		host = text[:i]
		if strings.Contains(host, ":") {
			return "", 0, false
		}
	} else {
		return text, -1, true
	}
	number := text[strings.LastIndexByte(text, ':')+1:]
	port, err := strconv.Atoi(number)
	return host, port, err == nil && port >= 0 && port <= 65535 && number[0] != '+'
}

// overlap reports whether two hosts that listen take each other's port: the same one, or one of them every interface.
func overlap(a, b string) bool {
	return isWildcard(a) || isWildcard(b) || sameHost(a, b) || isLocalName(a) && isLoopback(b) || isLocalName(b) && isLoopback(a)
}

// sameHost knows a host in two spellings: a name in another case or with its last dot, an address such as ::1 and 0:0:0:0:0:0:0:1.
func sameHost(a, b string) bool {
	x, err := netip.ParseAddr(a)
	y, err2 := netip.ParseAddr(b)
	if err == nil && err2 == nil {
		return x.Unmap() == y.Unmap()
	}
	return strings.EqualFold(strings.TrimSuffix(a, "."), strings.TrimSuffix(b, "."))
}

func isWildcard(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "" || err == nil && addr.Unmap().IsUnspecified()
}

func isLocalName(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost") // RFC 6761 section 6.3
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return isLocalName(host) || err == nil && addr.Unmap().IsLoopback()
}
