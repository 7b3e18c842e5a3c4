package conformance_test

var hopByHop = []clause{
	{
		"9110 §7.6.1", "MUST", "remove Connection, and every field that it names, from what is forwarded",
		"removed in both directions, from heads and trailers",
		[]probe{
			passed("a field that Connection names", get("/", "Connection: X-A", "X-A: b", "X-C: d"), "!Connection:", "!X-A:", "X-C: d"),
			passed("several, in odd case and spacing", get("/", "Connection: x-a ,\tX-C,,", "X-A: b", "X-C: d", "X-E: f"), "!Connection:", "!X-A:", "!X-C:", "X-E: f"),
			passed("several Connection lines", get("/", "Connection: X-A", "Connection: X-C", "X-A: b", "X-C: d"), "!Connection:", "!X-A:", "!X-C:"),
			passed("a named field that is not there", get("/", "Connection: X-A"), "!Connection:"),
			passed("a name that is none", get("/", "Connection: \"X-A\", (", "X-A: b"), "!Connection:", "X-A: b"),
			passed("a trailer that Connection names", post("Connection: X-T\r\nTransfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\nX-T: v\r\nX-U: w\r\n\r\n")).content("hello").trailers("!X-T: v", "X-U: w"),
			answered("a field that Connection names in an answer", "HTTP/1.1 200 OK\r\nConnection: X-A\r\nX-A: b\r\nX-C: d\r\nContent-Length: 2\r\n\r\nok", 200).told("!Connection:", "!X-A:", "X-C: d"),
			answered("a trailer that Connection names in an answer", "HTTP/1.1 200 OK\r\nConnection: X-T\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-T: v\r\nX-U: w\r\n\r\n", 200).told("!trailer X-T:", "trailer X-U: w"),
		},
	},
	{
		"9110 §7.6.1", "ours", "keep what a sender may not name in Connection: fields that are for every recipient",
		"choice: naming them is without effect, so that nobody can take away what framing, identity, trust, caching or conditions rest on",
		[]probe{
			passed("Content-Length", post("Connection: Content-Length\r\nContent-Length: 5\r\n", "hello"), "Content-Length: 5").content("hello"),
			passed("Transfer-Encoding", post("Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"), "Transfer-Encoding: chunked").content("hello"),
			passed("Host", get("/", "Connection: Host"), "Host: a").on(outbound),
			passed("Authorization and Cookie", get("/", "Connection: Authorization, Cookie", "Authorization: b", "Cookie: c"), "Authorization: b", "Cookie: c"),
			passed("X-Forwarded-For", get("/", "Connection: X-Forwarded-For", "X-Forwarded-For: 10.0.0.1"), "X-Forwarded-For: 10.0.0.1, 127.0.0.1").on(inbound),
			passed("Cache-Control", get("/", "Connection: Cache-Control", "Cache-Control: no-cache"), "Cache-Control: no-cache"),
			passed("conditions and ranges", get("/", "Connection: If-Match, Range, If-Range", "If-Match: \"a\"", "Range: bytes=0-1", "If-Range: \"a\""), "If-Match: \"a\"", "Range: bytes=0-1", "If-Range: \"a\""),
			passed("Max-Forwards", "OPTIONS / HTTP/1.1\r\nHost: a\r\nConnection: Max-Forwards\r\nMax-Forwards: 5\r\n\r\n", "Max-Forwards: 4"),
			passed("Expect", "PUT / HTTP/1.1\r\nHost: a\r\nConnection: Expect\r\nExpect: 100-continue\r\n\r\n", "Expect: 100-continue"),
			passed("content fields", post("Connection: Content-Encoding, Content-Type, Content-Range\r\nContent-Encoding: gzip\r\nContent-Type: a/b\r\nContent-Length: 5\r\n", "hello"), "Content-Encoding: gzip", "Content-Type: a/b"),
			answered("Content-Type, Set-Cookie and caching in an answer", "HTTP/1.1 200 OK\r\nConnection: content-type, set-cookie, etag, vary, expires, age, date, location\r\nContent-Type: a/b\r\nSet-Cookie: c=d\r\nETag: \"e\"\r\nVary: f\r\nExpires: 0\r\nAge: 7\r\nLocation: /g\r\nContent-Length: 2\r\n\r\nok", 200).
				told("Content-Type: a/b", "Set-Cookie: c=d", "Etag: \"e\"", "Vary: f", "Expires: 0", "Age: 7", "Location: /g"),
		},
	},
	{
		"9110 §7.6.1", "SHOULD", "remove fields known to be for one hop, named or not",
		"`Keep-Alive`, `Proxy-Connection`, `TE`, `Transfer-Encoding`, `Upgrade`, and `Proxy-Authenticate` and `Proxy-Authorization`, which are for the proxy that asked (§11.7)",
		[]probe{
			passed("of a request", get("/", "Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "Proxy-Authorization: Basic eA==", "Upgrade: frob", "TE: gzip"),
				"!Keep-Alive:", "!Proxy-Connection:", "!Proxy-Authorization:", "!Upgrade:", "!TE:", "!Connection:"),
			answered("of an answer", "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nProxy-Authenticate: Basic\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nok", 200).
				told("!Keep-Alive:", "!Proxy-Connection:", "!Proxy-Authenticate:", "!Upgrade:"),
		},
	},
	{
		"9110 §10.1.4", "MUST", "send TE for one's own hop only, named in Connection; `trailers` may be passed on",
		"`TE: trailers` where the client said so, with `Connection: TE`, but not for one of HTTP/1.0, which gets none; codings are not asked for",
		[]probe{
			passed("trailers", get("/", "TE: trailers", "Connection: TE"), "Te: trailers", "Connection: TE"),
			passed("trailers beside a coding", get("/", "TE: gzip;q=0.5, Trailers", "Connection: te"), "Te: trailers", "Connection: TE"),
			passed("codings alone", get("/", "TE: gzip, deflate;q=0.5", "Connection: TE"), "!Te:", "!Connection:"),
			passed("chunked, which needs no mention", get("/", "TE: chunked"), "!Te:"),
			passed("an empty TE", get("/", "TE:"), "!Te:"),
			passed("trailers of a client of HTTP/1.0", "GET / HTTP/1.0\r\nTE: trailers\r\nConnection: TE\r\n\r\n", "!Te:", "!Connection:").ending(),
		},
	},
	{
		"9112 §9.3, §C.2.2", "MUST NOT", "as a proxy, keep a connection with a client of HTTP/1.0; Proxy-Connection means nothing",
		"closed where the target is absolute, which is how one speaks to a proxy; on ports that stand for a server keep-alive of HTTP/1.0 is honoured",
		[]probe{
			passed("keep-alive to a proxy", "GET http://a/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").on(outbound).ending(),
			passed("keep-alive to a server", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").told("Connection: keep-alive"),
			passed("Proxy-Connection", "GET / HTTP/1.0\r\nProxy-Connection: keep-alive\r\n\r\n").ending(),
			passed("nothing", "GET / HTTP/1.0\r\n\r\n").ending(),
		},
	},
}

var forwarding = []clause{
	{
		"9110 §7.6.3", "MUST", "append to Via in every message that is forwarded; a gateway may leave it out of answers",
		"`1.1 outrigger-` and an id of this sidecar, behind what is there, both ways; the version is the one that was received; choice: 1.1 for a higher minor one, by whose rules it was read",
		[]probe{
			acted("Via of a request", viaOfRequest),
			acted("Via of a request of HTTP/1.0 behind another's", viaOfOldRequest),
			acted("Via of a request of HTTP/1.9", viaOfNewerRequest),
			acted("Via of an answer", viaOfAnswer),
		},
	},
	{
		"9110 §7.6.3", "SHOULD NOT", "combine Via entries of hops that are not one's own",
		"entries of others stay as they are",
		[]probe{acted("entries of others, in two lines", viaOfOthers)},
	},
	{
		"9110 §7.6", "MUST NOT", "forward a message to oneself, unless the loop is bound to end",
		"a request whose Via names this sidecar is answered 502 `loop_detected`",
		[]probe{
			acted("a request that came here before", loop),
			acted("the same, where Connection names Via", loopNamedAway),
			passed("a Via that only resembles ours", get("/", "Via: 1.1 outrigger-, 1.1 outrigger", "Via: 1.1 b (outrigger-)")),
		},
	},
	{
		"8586 §2", "MUST", "as a CDN, add oneself to CDN-Loop and look for oneself there; no other field may take it away",
		"passed on as it is, and Connection cannot name it away; choice: nothing is added or looked for, because a sidecar is no CDN, and Via already tells of every loop through us",
		[]probe{
			passed("CDN-Loop", get("/", "CDN-Loop: a, b; c=\"d\"", "CDN-Loop: e"), "Cdn-Loop: a, b; c=\"d\"", "Cdn-Loop: e"),
			passed("no CDN-Loop", get("/"), "!Cdn-Loop:"),
			passed("named in Connection", get("/", "Connection: CDN-Loop", "CDN-Loop: a"), "Cdn-Loop: a"),
		},
	},
	{
		"9110 §7.6.2", "MUST", "answer TRACE and OPTIONS with Max-Forwards 0, count others down; other methods may ignore it",
		"answered with what the policy declares; ignored, and forwarded as it is, for other methods and where it is no number",
		[]probe{
			{name: "OPTIONS that may go no further", send: "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n", status: 200, down: []string{"Content-Length: 0"}},
			{name: "OPTIONS of everything that may go no further", send: "OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n", status: 200},
			{name: "TRACE that may go no further", send: "TRACE /a HTTP/1.1\r\nHost: a\r\nX-A: b\r\nMax-Forwards: 0\r\n\r\n", status: 200, down: []string{"Content-Type: message/http"}},
			passed("OPTIONS that may go on", "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 5\r\n\r\n", "Max-Forwards: 4"),
			passed("TRACE that may go on once", "TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 1\r\n\r\n", "Max-Forwards: 0"),
			passed("a number too large", "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 99999999999999999999\r\n\r\n", "Max-Forwards: 99999999999999999999"),
			passed("no number", "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: +0\r\n\r\n", "Max-Forwards: +0"),
			passed("GET", get("/", "Max-Forwards: 0"), "Max-Forwards: 0"),
			passed("none", "OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n", "!Max-Forwards:"),
		},
	},
	{
		"9110 §9.3.8", "SHOULD", "as the last recipient of TRACE, reflect the request without fields that hold secrets",
		"without Authorization, Cookie and Proxy-Authorization",
		[]probe{acted("secrets of a TRACE", traceSecrets)},
	},
	{
		"9110 §9.3.8", "MUST NOT", "send content in a TRACE request",
		"choice: 400 for one that has some, because its reflection would carry what a client of another origin wrote",
		[]probe{
			refused("TRACE with a length", 400, "TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"),
			refused("TRACE with chunks", 400, "TRACE / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
			passed("TRACE with a length of zero", "TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"),
		},
	},
}
