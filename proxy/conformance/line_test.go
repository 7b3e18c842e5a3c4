package conformance_test

import "strings"

var requestLine = []clause{
	{
		"9112 §2.2", "SHOULD", "ignore at least one empty line before the request line",
		"one is ignored; choice: a second, or one of a bare line feed, is refused, because nothing sends them",
		[]probe{
			passed("one empty line first", "\r\n"+get("/")),
			passed("a line end behind the content, which old clients send", post("Content-Length: 5\r\n", "hello\r\n")).content("hello"),
			refused("two empty lines first", 400, "\r\n\r\n"+get("/")),
			refused("an empty line of a bare line feed first", 400, "\n"+get("/")),
			refused("a bare carriage return first", 400, "\r"+get("/")),
		},
	},
	{
		"9112 §2.2", "MAY", "take a single line feed for the end of a line",
		"choice: refused, because a hop that does not take it reads another message",
		[]probe{
			refused("bare line feeds everywhere", 400, "GET / HTTP/1.1\nHost: a\n\n"),
			refused("a bare line feed behind the request line", 400, "GET / HTTP/1.1\nHost: a\r\n\r\n"),
			refused("a bare line feed behind a field", 400, "GET / HTTP/1.1\r\nHost: a\nX-A: b\r\n\r\n"),
			refused("a bare line feed as the empty line", 400, "GET / HTTP/1.1\r\nHost: a\r\n\n"),
			refused("a bare line feed as the first of two ends", 400, "GET / HTTP/1.1\r\nHost: a\n\r\n"),
		},
	},
	{
		"9112 §2.2", "MUST", "treat a carriage return without line feed as invalid, or as a space",
		"refused",
		[]probe{
			refused("a bare carriage return in the request line", 400, "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n"),
			refused("a bare carriage return behind the version", 400, "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"),
			refused("a bare carriage return in a value", 400, get("/", "X-A: b\rX-B: c")),
			refused("a bare carriage return at the end of a value", 400, get("/", "X-A: b\r")),
			refused("a bare carriage return in a name", 400, get("/", "X-\rA: b")),
			refused("a bare carriage return before the colon", 400, get("/", "X-A\r: b")),
			refused("carriage returns alone end the lines", 400, "GET / HTTP/1.1\rHost: a\r\r\n\r\n"),
			refused("a bare carriage return in the empty line", 400, "GET / HTTP/1.1\r\nHost: a\r\n\r\r\n"),
		},
	},
	{
		"9112 §2.2", "MUST", "refuse whitespace between the request line and the first field, or drop such lines",
		"refused",
		[]probe{
			refused("a space before the first field", 400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
			refused("a tab before the first field", 400, "GET / HTTP/1.1\r\n\tHost: a\r\n\r\n"),
			refused("a line of spaces before the first field", 400, "GET / HTTP/1.1\r\n  \r\nHost: a\r\n\r\n"),
		},
	},
	{
		"9112 §3", "SHOULD", "answer a malformed request line with 400; parsing it by any whitespace is allowed",
		"400; choice: exactly one space between the three parts",
		[]probe{
			refused("two spaces before the target", 400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
			refused("two spaces before the version", 400, "GET /  HTTP/1.1\r\nHost: a\r\n\r\n"),
			refused("a space behind the version", 400, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
			refused("a space before the method", 400, " GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
			refused("a tab before the target", 400, "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
			refused("a tab before the version", 400, "GET /\tHTTP/1.1\r\nHost: a\r\n\r\n"),
			refused("a tab behind the version", 400, "GET / HTTP/1.1\t\r\nHost: a\r\n\r\n"),
			refused("a vertical tab before the version", 400, "GET /\x0bHTTP/1.1\r\nHost: a\r\n\r\n"),
			refused("a form feed before the target", 400, "GET\x0c/ HTTP/1.1\r\nHost: a\r\n\r\n"),
			refused("a space in the target", 400, "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
			refused("no version", 400, "GET /\r\nHost: a\r\n\r\n"),
			refused("no version but its space", 400, "GET / \r\nHost: a\r\n\r\n"),
			refused("no target", 400, "GET HTTP/1.1\r\nHost: a\r\n\r\n"),
			refused("no target but its spaces", 400, "GET  HTTP/1.1\r\nHost: a\r\n\r\n"),
			refused("a method alone", 400, "GET\r\nHost: a\r\n\r\n"),
			refused("no method", 400, "/ HTTP/1.1\r\nHost: a\r\n\r\n"),
			refused("a TLS handshake", 400, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
			refused("a null byte before the method", 400, "\x00GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
			refused("a byte order mark before the method", 400, "\xef\xbb\xbfGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
		},
	},
	{
		"9112 §3", "SHOULD", "answer 501 to a method longer than any known; carry request lines of 8,000 bytes at least",
		"methods of up to 64 bytes and request lines of up to 16 KiB pass (`limits.requestLineBytes`)",
		[]probe{
			passed("a method of 64 bytes", strings.Repeat("M", 64)+" / HTTP/1.1\r\nHost: a\r\n\r\n"),
			refused("a method of 65 bytes", 501, strings.Repeat("M", 65)+" / HTTP/1.1\r\nHost: a\r\n\r\n"),
			passed("a request line of 8,000 bytes", get("/"+strings.Repeat("a", 8000-len("GET / HTTP/1.1")))),
		},
	},
	{
		"9112 §3", "MUST", "answer 414 to a target that is too long",
		"414 beyond 16 KiB",
		[]probe{
			refused("a target of 17 KiB", 414, get("/"+strings.Repeat("a", 17<<10))),
			refused("a target of 100 KB that does not end", 414, "GET /"+strings.Repeat("a", 100<<10)),
		},
	},
	{
		"9112 §2.3", "rule", "treat the name HTTP as case-sensitive, and a version as a digit, a dot and a digit",
		"anything else is 400",
		[]probe{
			refused("a version in small letters", 400, "GET / http/1.1\r\nHost: a\r\n\r\n"),
			refused("a minor version of two digits", 400, "GET / HTTP/1.10\r\nHost: a\r\n\r\n"),
			refused("a minor version with a zero in front", 400, "GET / HTTP/1.01\r\nHost: a\r\n\r\n"),
			refused("a major version with a zero in front", 400, "GET / HTTP/01.1\r\nHost: a\r\n\r\n"),
			refused("a version without a minor one", 400, "GET / HTTP/1\r\nHost: a\r\n\r\n"),
			refused("a version with a sign", 400, "GET / HTTP/+1.1\r\nHost: a\r\n\r\n"),
			refused("a version with a letter", 400, "GET / HTTP/1.x\r\nHost: a\r\n\r\n"),
			refused("a version with a comma", 400, "GET / HTTP/1,1\r\nHost: a\r\n\r\n"),
			refused("a space within the version", 400, "GET / HTTP/ 1.1\r\nHost: a\r\n\r\n"),
			refused("another protocol", 400, "GET / ICY/1.1\r\nHost: a\r\n\r\n"),
		},
	},
	{
		"9110 §2.5", "SHOULD", "read a higher minor version as the highest one known; 505 is for a major version that is not",
		"HTTP/1.2 to 1.9 are read as 1.1; any other major version is 505, the preface of HTTP/2 included where it is not served",
		[]probe{
			passed("HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", "GET / HTTP/1.1"),
			passed("HTTP/1.9", "GET / HTTP/1.9\r\nHost: a\r\n\r\n", "GET / HTTP/1.1"),
			refused("HTTP/0.9 by name", 505, "GET / HTTP/0.9\r\nHost: a\r\n\r\n"),
			refused("HTTP/2.0 by name", 505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
			refused("the preface of HTTP/2", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
			refused("HTTP/3.0 by name", 505, "GET / HTTP/3.0\r\nHost: a\r\n\r\n"),
		},
	},
	{
		"9112 §2.3", "MUST", "send one's own version in what is forwarded, in both directions",
		"HTTP/1.1, whatever arrived",
		[]probe{
			passed("a request of HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", "GET / HTTP/1.1").ending(),
			answered("an answer of HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200).closing().told("HTTP/1.1 200 OK"),
		},
	},
	{
		"9110 §9.1", "rule", "take methods as case-sensitive tokens, of which there may be new ones",
		"forwarded as written; what is no token is 400",
		[]probe{
			passed("GET in small letters", "get / HTTP/1.1\r\nHost: a\r\n\r\n", "get / HTTP/1.1"),
			passed("a method that nobody knows", "FROB / HTTP/1.1\r\nHost: a\r\n\r\n", "FROB / HTTP/1.1"),
			passed("a method with a dash", "M-SEARCH / HTTP/1.1\r\nHost: a\r\n\r\n", "M-SEARCH / HTTP/1.1"),
			passed("QUERY with content (RFC 10008)", "QUERY / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", "QUERY / HTTP/1.1").content("hello"),
			refused("a method with a separator", 400, "GE(T / HTTP/1.1\r\nHost: a\r\n\r\n"),
			refused("a method with a colon", 400, "GET: / HTTP/1.1\r\nHost: a\r\n\r\n"),
			refused("a method with an eight-bit byte", 400, "G\xc3\x8bT / HTTP/1.1\r\nHost: a\r\n\r\n"),
			refused("a method with a null byte", 400, "GE\x00T / HTTP/1.1\r\nHost: a\r\n\r\n"),
		},
	},
}
