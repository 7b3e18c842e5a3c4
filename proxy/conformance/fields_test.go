package conformance_test

import "strings"

var fieldLines = []clause{
	{
		"9112 §5.1", "MUST", "answer 400 to whitespace between a field name and its colon",
		"400",
		[]probe{
			refused("a space before the colon", 400, get("/", "X-A : b")),
			refused("a tab before the colon", 400, get("/", "X-A\t: b")),
			refused("a space before the colon of Content-Length", 400, post("Content-Length : 5\r\n", "hello")),
			refused("a space before the colon of Transfer-Encoding", 400, post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n")),
			refused("a space before the colon of Host", 400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
		},
	},
	{
		"9112 §5.1", "MUST", "remove such whitespace from an answer before forwarding it",
		"removed",
		[]probe{
			answered("a space before a colon of an answer", "HTTP/1.1 200 OK\r\nX-A : b\r\nContent-Length : 2\r\n\r\nok", 200).told("X-A: b", "Content-Length: 2"),
		},
	},
	{
		"9112 §5.2", "MUST", "refuse a folded line, or replace the fold by spaces; in an answer, 502 or the same",
		"400, and 502",
		[]probe{
			refused("a fold by a space", 400, get("/", "X-A: b\r\n c")),
			refused("a fold by a tab", 400, get("/", "X-A: b\r\n\tc")),
			refused("a folded coding", 400, post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n")),
			refused("a coding folded in its middle", 400, post("Transfer-Encoding: chun\r\n ked\r\n", "0\r\n\r\n")),
			refused("a folded length", 400, post("Content-Length:\r\n 5\r\n", "hello")),
			refused("a fold that hides a length", 400, post("X-A: b\r\n Content-Length: 5\r\n", "hello")),
			refused("a fold of nothing", 400, get("/", "X-A: b\r\n ")),
			bad("a folded line in an answer", "HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 2\r\n\r\nok"),
			bad("a folded length in an answer", "HTTP/1.1 200 OK\r\nContent-Length:\r\n 2\r\n\r\nok"),
		},
	},
	{
		"9110 §5.1", "rule", "take a field name as a token, in any case",
		"400 where it is none; known names are recognised in any case",
		[]probe{
			refused("no name", 400, get("/", ": b")),
			refused("no colon", 400, get("/", "X-A")),
			refused("no colon, but a space", 400, get("/", "X-A b")),
			refused("a space in a name", 400, get("/", "X A: b")),
			refused("a separator in a name", 400, get("/", "X(A): b")),
			refused("a slash in a name", 400, get("/", "X/A: b")),
			refused("quotes around a name", 400, get("/", "\"X-A\": b")),
			refused("an eight-bit byte in a name", 400, get("/", "X-\xc3\xa4: b")),
			refused("a null byte in a name", 400, get("/", "X-\x00A: b")),
			refused("a null byte behind a framing name", 400, post("Content-Length\x00: 5\r\n", "hello")),
			refused("a no-break space before the colon", 400, post("Content-Length\xa0: 5\r\n", "hello")),
			refused("another request line in place of a field", 400, get("/", "GET /smuggled HTTP/1.1")),
			bad("a space in a name of an answer", "HTTP/1.1 200 OK\r\nX A: b\r\nContent-Length: 2\r\n\r\nok"),
			bad("no colon in an answer", "HTTP/1.1 200 OK\r\nX-A\r\nContent-Length: 2\r\n\r\nok"),
			bad("no name in an answer", "HTTP/1.1 200 OK\r\n: b\r\nContent-Length: 2\r\n\r\nok"),
			bad("a space before the first field of an answer", "HTTP/1.1 200 OK\r\n X-A: b\r\nContent-Length: 2\r\n\r\nok"),
			passed("every character of tokens", get("/", "!#$%&'*+-.^_`|~09az: b")),
			passed("framing in odd case", "POST / HTTP/1.1\r\nhOsT: a\r\ncONTENT-lENGTH: 5\r\n\r\nhello").content("hello"),
		},
	},
	{
		"9110 §5.5", "MUST", "refuse a value with CR, LF or NUL, or replace them; other controls may be kept (MAY)",
		"400, also for the other controls but tabs, because a log or a terminal may obey them; bytes beyond ASCII pass",
		[]probe{
			refused("a null byte in a value", 400, get("/", "X-A: b\x00c")),
			refused("a null byte alone", 400, get("/", "X-A: \x00")),
			refused("a vertical tab", 400, get("/", "X-A: b\x0bc")),
			refused("an escape character", 400, get("/", "X-A: b\x1b[31mc")),
			refused("a delete byte", 400, get("/", "X-A: b\x7f")),
			passed("a tab within a value", get("/", "X-A: b\tc"), "X-A: b\tc"),
			passed("bytes beyond ASCII", get("/", "X-A: b\xff\xc3\xa4"), "X-A: b\xff\xc3\xa4"),
			bad("a null byte in an answer", "HTTP/1.1 200 OK\r\nX-A: b\x00c\r\nContent-Length: 2\r\n\r\nok"),
			bad("a carriage return in an answer", "HTTP/1.1 200 OK\r\nX-A: b\rX-B: c\r\nContent-Length: 2\r\n\r\nok"),
			bad("an escape character in an answer", "HTTP/1.1 200 OK\r\nX-A: \x1b[31mc\r\nContent-Length: 2\r\n\r\nok"),
		},
	},
	{
		"9112 §5, 9110 §5.5", "MUST", "leave whitespace around a value out of it",
		"spaces and tabs are cut; an empty value is one",
		[]probe{
			passed("spaces and tabs around a value", get("/", "X-A: \t b \t"), "X-A: b"),
			passed("no space before a value", get("/", "X-A:b"), "X-A: b"),
			passed("an empty value", get("/", "X-A:"), "X-A: "),
			passed("colons in a value", get("/", "X-A: b: c"), "X-A: b: c"),
		},
	},
	{
		"9110 §5.3", "MUST NOT", "change the order of lines with one name; Set-Cookie cannot be joined",
		"lines stay as they came",
		[]probe{
			acted("lines of one name keep their order", orderOfLines),
			answered("two cookies of an answer", "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nContent-Length: 2\r\n\r\nok", 200).told("Set-Cookie: a=b", "Set-Cookie: c=d"),
		},
	},
	{
		"9110 §5.1", "MUST", "forward fields that are not known, unless Connection names them",
		"forwarded",
		[]probe{
			passed("a field nobody knows", get("/", "Frob: b"), "Frob: b"),
			answered("a field nobody knows in an answer", "HTTP/1.1 200 OK\r\nFrob: b\r\nContent-Length: 2\r\n\r\nok", 200).told("Frob: b"),
		},
	},
	{
		"9110 §5.4", "MUST", "answer 4xx to a field or a section that is larger than one wishes to process",
		"431 (6585 §5) beyond 60 KiB (`limits.headerBytes`) or 100 fields (`limits.headerCount`)",
		[]probe{
			passed("100 fields", get("/", strings.Repeat("A: b\r\n", 98)+"A: b")),
			refused("101 fields", 431, get("/", strings.Repeat("A: b\r\n", 99)+"A: b")),
			passed("a field of 50 KiB", get("/", "X-A: "+strings.Repeat("b", 50<<10))),
			refused("a field of 61 KiB", 431, get("/", "X-A: "+strings.Repeat("b", 61<<10))),
			refused("a field of 1 MiB that does not end", 431, "GET / HTTP/1.1\r\nHost: a\r\nX-A: "+strings.Repeat("b", 1<<20)),
			refused("a name of 61 KiB", 431, get("/", strings.Repeat("b", 61<<10)+": a")),
		},
	},
	{
		"ours", "ours", "refuse names that CGI-style applications read as framing",
		"400 for `Content_Length` and `Transfer_Encoding`, which such an application sees under the same variable as the real one; other underscores pass",
		[]probe{
			refused("Content_Length", 400, post("Content_Length: 50\r\nContent-Length: 5\r\n", "hello")),
			refused("Content_Length alone", 400, post("Content_Length: 5\r\n", "hello")),
			refused("Transfer_Encoding", 400, post("Transfer_Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n")),
			passed("another underscore", get("/", "X_a: b"), "X_a: b"),
		},
	},
}
