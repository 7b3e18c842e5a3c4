package conformance_test

var persistence = []clause{
	{
		"9112 §9.3", "MUST", "keep a connection of HTTP/1.1 unless `close` is said; read options in any case, anywhere in the list",
		"kept, and closed where the client says so; the answer then says `close` as well (§9.6)",
		[]probe{
			passed("nothing said", get("/")).told("!Connection:"),
			passed("close", get("/", "Connection: close")).told("Connection: close").ending(),
			passed("close in capitals within a list", get("/", "Connection: X-A , CLOSE")).ending(),
			passed("close in a second line", get("/", "Connection: keep-alive", "Connection: close")).ending(),
			passed("closed, which is no option of ours", get("/", "Connection: closed")),
			passed("keep-alive", get("/", "Connection: keep-alive")),
		},
	},
	{
		"9110 §7.6.1, 9112 §9.3", "MUST", "manage the connection to the upstream apart from the client's",
		"a client's close is not passed on, an upstream's neither; a close of the upstream's ends its connection",
		[]probe{
			passed("a client that closes", get("/", "Connection: close"), "!Connection:").ending(),
			answered("an upstream that closes", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", 200).closing().told("!Connection:").text("ok"),
			acted("an upstream of HTTP/1.0 is not asked twice on one connection", oldUpstreamNotReused),
			acted("an upstream that says close is not asked again on that connection", closingUpstreamNotReused),
		},
	},
	{
		"9112 §9.3.2", "MUST", "answer pipelined requests in the order in which they came",
		"one after the other",
		[]probe{
			acted("a hundred at once", pipelined),
			acted("none is served behind a close", nothingBehindClose),
			acted("an unread body is not taken for a request", unreadBody),
		},
	},
	{
		"9112 §9.6", "MUST NOT", "read requests behind the one that a closing answer belongs to; half-close so that it arrives",
		"nothing is read, and an answer is not lost to a reset when bytes are still coming",
		[]probe{acted("a refusal that 100 KiB follow", lingering)},
	},
	{
		"9110 §9.2.2", "MUST NOT", "as a proxy, repeat a request with a method that is not idempotent",
		"only where no byte of it was sent, or the policy or the spec allows it",
		[]probe{
			acted("a POST that met a close is not repeated", postNotRepeated),
			acted("a GET on a connection that died in the pool is sent anew", staleIsSentAnew),
		},
	},
	{
		"9112 §8", "MAY", "answer a request that broke off with an error before closing",
		"choice: nothing is sent, because nobody listens any more; the upstream sees the request break off as well, never whole",
		[]probe{
			acted("half a head", halfHead),
			acted("half a body", halfBody),
			acted("chunks without the last", halfChunks),
		},
	},
}

var content = []clause{
	{
		"9111 §5.2", "MUST", "pass cache directives through, cache or not",
		"untouched, both ways",
		[]probe{
			passed("of a request", get("/", "Cache-Control: no-cache, max-age=0, frob=\"a\"", "Pragma: no-cache"), "Cache-Control: no-cache, max-age=0, frob=\"a\"", "Pragma: no-cache"),
			answered("of an answer", "HTTP/1.1 200 OK\r\nCache-Control: private=\"Set-Cookie\", s-maxage=5\r\nExpires: 0\r\nVary: *\r\nETag: W/\"a\"\r\nLast-Modified: Tue, 15 Nov 1994 08:12:31 GMT\r\nContent-Length: 2\r\n\r\nok", 200).
				told("Cache-Control: private=\"Set-Cookie\", s-maxage=5", "Expires: 0", "Vary: *", "Etag: W/\"a\"", "Last-Modified: Tue, 15 Nov 1994 08:12:31 GMT"),
		},
	},
	{
		"9111 §5.1, §5.5", "rule", "leave Age to caches, and Warning, which is obsolete, to whoever reads it",
		"untouched, and never added",
		[]probe{
			answered("both", "HTTP/1.1 200 OK\r\nAge: 7\r\nWarning: 110 - \"stale\"\r\nContent-Length: 2\r\n\r\nok", 200).told("Age: 7", "Warning: 110 - \"stale\""),
			answered("neither", answerOK, 200).told("!Age:", "!Warning:"),
		},
	},
	{
		"9110 §7.7", "MUST NOT", "transform content that says no-transform, or the fields that describe content",
		"nothing is transformed, whatever is said",
		[]probe{
			answered("content with a coding", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Type: text/plain\r\nCache-Control: no-transform\r\nContent-MD5: a\r\nContent-Length: 2\r\n\r\n\x1f\x8b", 200).
				told("Content-Encoding: gzip", "Content-Type: text/plain", "Content-Length: 2").text("\x1f\x8b"),
			answered("content without a type", answerOK, 200).told("!Content-Type:"),
			passed("content of a request with a coding", post("Content-Encoding: gzip\r\nContent-Length: 2\r\n", "\x1f\x8b"), "Content-Encoding: gzip").content("\x1f\x8b"),
		},
	},
	{
		"9110 §12.5", "ours", "leave negotiation to client and upstream",
		"Accept fields pass as they are, and none is added",
		[]probe{
			passed("what the client accepts", get("/", "Accept: a/b;q=0.5, */*", "Accept-Encoding: br;q=1.0, identity; q=0", "Accept-Language: de"), "Accept: a/b;q=0.5, */*", "Accept-Encoding: br;q=1.0, identity; q=0", "Accept-Language: de"),
			passed("a client that says nothing", get("/"), "!Accept", "!User-Agent"),
		},
	},
	{
		"9110 §13, §14", "ours", "leave conditions and ranges to client and upstream",
		"they pass as they are, with the answers 206, 304, 412 and 416",
		[]probe{
			passed("conditions", get("/", "If-Match: \"a\"", "If-None-Match: W/\"b\", *", "If-Modified-Since: x", "If-Unmodified-Since: y", "If-Range: \"c\"", "Range: bytes=0-1,-1"),
				"If-Match: \"a\"", "If-None-Match: W/\"b\", *", "If-Modified-Since: x", "If-Unmodified-Since: y", "If-Range: \"c\"", "Range: bytes=0-1,-1"),
			answered("206", "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/9\r\nAccept-Ranges: bytes\r\nContent-Length: 2\r\n\r\nok", 206).told("Content-Range: bytes 0-1/9", "Accept-Ranges: bytes").text("ok"),
			answered("412", "HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n", 412),
			answered("416", "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */9\r\nContent-Length: 0\r\n\r\n", 416).told("Content-Range: bytes */9"),
		},
	},
	{
		"9110 §10.2, §15", "ours", "leave the meaning of an answer alone",
		"Server, Location, Allow, Retry-After and authentication pass as they are; redirects are not followed",
		[]probe{
			answered("a redirect", "HTTP/1.1 302 Found\r\nLocation: http://b/c\r\nServer: theirs\r\nContent-Length: 0\r\n\r\n", 302).told("Location: http://b/c", "Server: theirs"),
			answered("401", "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"a\", Bearer\r\nContent-Length: 0\r\n\r\n", 401).told("Www-Authenticate: Basic realm=\"a\", Bearer"),
			answered("405", "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\nContent-Length: 0\r\n\r\n", 405).told("Allow: GET"),
			answered("421", "HTTP/1.1 421 Misdirected Request\r\nContent-Length: 0\r\n\r\n", 421),
			answered("503", "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n", 503).told("Retry-After: 5"),
			answered("426 with what it asks for", "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n", 426).told("Upgrade: websocket", "Connection: Upgrade"),
			answered("426 for a protocol that we do not pass on", "HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n", 426).told("!Upgrade:"),
		},
	},
	{
		"8470 §5.1", "MUST", "leave Early-Data in a request that has it",
		"passed on, and 425 comes back",
		[]probe{passed("Early-Data", get("/", "Early-Data: 1"), "Early-Data: 1").as(425).then("HTTP/1.1 425 Too Early\r\nContent-Length: 0\r\n\r\n")},
	},
}
