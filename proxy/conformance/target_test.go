package conformance_test

var targets = []clause{
	{
		"9110 §7.7", "MUST NOT", "rewrite path or query of a target, but for an empty path",
		"forwarded byte for byte, whatever is matched",
		[]probe{
			passed("escapes and dots", get("/a/./b/../c%2Fd%41?x=%2F&y;z=1"), "GET /a/./b/../c%2Fd%41?x=%2F&y;z=1 HTTP/1.1"),
			passed("double slashes", get("//a//b"), "GET //a//b HTTP/1.1"),
			passed("an empty query", get("/?"), "GET /? HTTP/1.1"),
			passed("a question mark in the query", get("/?a?b"), "GET /?a?b HTTP/1.1"),
			passed("a broken escape in the query", get("/?a=%zz"), "GET /?a=%zz HTTP/1.1"),
			passed("brackets, bars and quotes, which clients send", get("/a?b[]={c|d}\"e"), "GET /a?b[]={c|d}\"e HTTP/1.1"),
		},
	},
	{
		"9112 §3.2", "SHOULD", "answer an invalid target with 400",
		"400 for spaces, controls, bytes beyond ASCII, a fragment, and what has none of the four forms",
		[]probe{
			refused("a fragment", 400, get("/a#b")),
			refused("a control", 400, get("/a\x01b")),
			refused("a delete byte", 400, get("/a\x7fb")),
			refused("a null byte", 400, get("/a\x00b")),
			refused("bytes of UTF-8", 400, get("/\xc3\xa4")),
			refused("no slash", 400, get("a")),
			refused("a question mark alone", 400, get("?a=b")),
			refused("a relative path", 400, get("../a")),
			refused("a colon alone", 400, get(":")),
		},
	},
	{
		"9112 §3.2.2", "MUST", "accept the absolute form of a target",
		"accepted on every port, forwarded in origin form",
		[]probe{
			passed("the absolute form", get("http://a/b?c"), "GET /b?c HTTP/1.1"),
			passed("the absolute form on the outbound port", get("http://a/b?c"), "GET /b?c HTTP/1.1", "Host: a").on(outbound),
			passed("a scheme in capitals", get("HTTP://a/b"), "GET /b HTTP/1.1"),
			passed("without a path", get("http://a"), "GET / HTTP/1.1"),
			passed("a query without a path", get("http://a?b"), "GET /?b HTTP/1.1"),
			passed("an IPv6 literal", "GET http://[::1]/b HTTP/1.1\r\nHost: [::1]\r\n\r\n", "GET /b HTTP/1.1", "Host: [::1]").on(outbound),
			passed("in HTTP/1.0, without Host", "GET http://a/b HTTP/1.0\r\n\r\n", "GET /b HTTP/1.1").ending(),
			passed("in HTTP/1.0, without Host, on the outbound port", "GET http://a/b HTTP/1.0\r\n\r\n", "GET /b HTTP/1.1", "Host: a").on(outbound).ending(),
		},
	},
	{
		"9112 §3.2.2", "MUST", "as a proxy, replace a received Host by the one of an absolute target",
		"the target's is sent; choice: where the two name different hosts, 400, because a hop that goes by the other one is deceived",
		[]probe{
			passed("the target's spelling is sent", "GET http://Shop.Test/b HTTP/1.1\r\nHost: SHOP.test:80\r\n\r\n", "Host: Shop.Test").on(outbound),
			passed("the default port by name", get("http://a:80/b"), "GET /b HTTP/1.1"),
			refused("another host", 400, get("http://b/")),
			refused("another port", 400, get("http://a:81/")),
			refused("a dot behind the host", 400, get("http://a./")),
			refused("another host that is a prefix", 400, get("http://a.b/")),
			refused("no Host beside it, in HTTP/1.1", 400, "GET http://a/ HTTP/1.1\r\n\r\n"),
		},
	},
	{
		"9110 §4.2", "MUST", "reject an http URI with an empty host; treat user information as an error (SHOULD)",
		"400, as for any authority that is none, and for schemes other than http and https",
		[]probe{
			refused("an empty host", 400, get("http:///b")),
			refused("a port without a host", 400, get("http://:80/b")),
			refused("a user", 400, get("http://u@a/b")),
			refused("a user and a password", 400, get("http://u:p@a/b")),
			refused("a user that looks like a host", 400, get("http://b:80@a/")),
			refused("an escape for the separator of a user", 400, get("http://u%40a/b")),
			refused("a backslash in the authority", 400, get("http://a\\b/")),
			refused("a port of letters", 400, get("http://a:b/")),
			refused("a literal that is not closed", 400, get("http://[::1/b")),
			refused("one slash", 400, get("http:/a/b")),
			refused("no slash behind the scheme", 400, get("http:a")),
			refused("a space in the scheme's place", 400, get("://a/")),
			refused("another scheme", 400, get("ftp://a/")),
			refused("a scheme within a scheme", 400, get("view-source:http://a/")),
		},
	},
	{
		"9110 §7.4", "MUST", "as an origin, reject a request for an https resource that came over an unsecured connection",
		"421 on the inbound port, which stands for the origin; choice: on the way out it passes, and the scheme of the endpoint decides",
		[]probe{
			misdirected,
			passed("https in the target, on the way out", "GET https://a/b HTTP/1.1\r\nHost: a\r\n\r\n", "GET /b HTTP/1.1").on(outbound),
		},
	},
	{
		"9112 §3.2.3", "MUST", "use the authority form for CONNECT only",
		"400 for other methods; CONNECT itself is 405 with Allow, because tunnels are not offered",
		[]probe{
			refused("an authority for GET", 400, "GET a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n"),
			refused("an authority for OPTIONS", 400, "OPTIONS a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n"),
			refused("CONNECT", 405, "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n").told("Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE, QUERY"),
			refused("CONNECT on the outbound port", 405, "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n").on(outbound),
			refused("CONNECT to a path", 400, "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n"),
			refused("CONNECT to a URI", 400, "CONNECT http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
			refused("CONNECT without a port", 400, "CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n"),
			refused("CONNECT with an empty port", 400, "CONNECT a: HTTP/1.1\r\nHost: a\r\n\r\n"),
			refused("CONNECT in small letters is another method", 400, "connect a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
		},
	},
	{
		"9112 §3.2.4", "MUST", "use the asterisk form for OPTIONS only, also for an absolute target without path and query",
		"400 for other methods; OPTIONS of a bare authority goes on as an asterisk",
		[]probe{
			passed("OPTIONS of everything", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * HTTP/1.1"),
			passed("OPTIONS of a bare authority", "OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * HTTP/1.1"),
			passed("OPTIONS of a path", "OPTIONS http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS / HTTP/1.1"),
			refused("GET of an asterisk", 400, get("*")),
			refused("TRACE of an asterisk", 400, "TRACE * HTTP/1.1\r\nHost: a\r\n\r\n"),
			refused("an asterisk with a query", 400, "OPTIONS *?a HTTP/1.1\r\nHost: a\r\n\r\n"),
			refused("two asterisks", 400, "OPTIONS ** HTTP/1.1\r\nHost: a\r\n\r\n"),
		},
	},
}

var misdirected = probe{name: "https in the target, on the inbound port", port: inbound, send: "GET https://a/b HTTP/1.1\r\nHost: a\r\n\r\n", status: 421}

// climbs is a target that is refused although its message is whole.
func climbs(name, target string) probe { return refused(name, 400, get(target)).kept() }

var paths = []clause{
	{
		"3986 §6.2.2", "ours", "match on the canonical form of a path, forward the raw one",
		"one operation, however its path is spelled (`GET /orders` of a policy), and the raw bytes go on",
		[]probe{acted("spellings of one operation", spellings)},
	},
	{
		"3986 §5.2.4", "ours", "refuse a path that climbs above its root, in any spelling that some parser decodes",
		"400; the message is whole, so the connection stays. Choice: empty segments are no steps down, because servers merge slashes",
		[]probe{
			climbs("dot segments", "/a/../../etc"),
			climbs("dot segments at the start", "/../etc"),
			climbs("at the end", "/.."),
			climbs("encoded dots", "/%2e%2e/etc"),
			climbs("encoded dots, in capitals and by half", "/a/%2E./.%2e/etc"),
			climbs("encoded slashes", "/a%2f..%2f..%2fetc"),
			climbs("backslashes", "/a\\..\\..\\etc"),
			climbs("encoded backslashes", "/a%5c..%5C..%5cetc"),
			climbs("slashes of three kinds", "/a/..\\..%2fetc"),
			climbs("path parameters behind the dots", "/a/..;/..;/etc"),
			climbs("path parameters with a value behind encoded dots", "/%2e%2e;a=b/etc"),
			climbs("an encoded semicolon behind the dots", "/..%3b/etc"),
			climbs("empty segments, which do not count as steps down", "/a//../../etc"),
			climbs("an absolute target", "http://a/../etc"),
			passed("up within the root", get("/a/b/../c"), "GET /a/b/../c HTTP/1.1"),
			passed("dots that are no segment", get("/a/.../..b/c../"), "GET /a/.../..b/c../ HTTP/1.1"),
			passed("dots in the query", get("/?a=/../../"), "GET /?a=/../../ HTTP/1.1"),
			passed("dots encoded twice, which one decoding does not reveal", get("/%252e%252e/a"), "GET /%252e%252e/a HTTP/1.1"),
		},
	},
	{
		"3986 §2.1, §7.3", "SHOULD", "refuse broken escapes, and the escape of a null byte",
		"400, in paths; queries are the application's",
		[]probe{
			refused("letters that are no digits", 400, get("/%zz")),
			refused("an escape cut short", 400, get("/a%2")),
			refused("a percent sign alone", 400, get("/%")),
			refused("an escape with a sign", 400, get("/%+1")),
			climbs("an encoded null byte", "/a%00.html"),
			passed("an encoded null byte in the query", get("/?a=%00"), "GET /?a=%00 HTTP/1.1"),
		},
	},
}
