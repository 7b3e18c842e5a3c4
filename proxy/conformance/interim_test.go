package conformance_test

import "strings"

const early = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"

var interim = []clause{
	{
		"9110 §10.1.1", "MUST", "forward an expectation of 100-continue, or answer it with a final status",
		"forwarded; the content is held back until the upstream asks for it, or has said nothing for a second or for half of its time, or the client sends it unasked",
		[]probe{
			passed("an expectation without content", "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", "Expect: 100-continue"),
			passed("an expectation in capitals", "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 0\r\n\r\n", "Expect: 100-Continue"),
			acted("the upstream asks for the content", expectAsked),
			acted("the upstream says nothing until the content comes", expectSilent),
			acted("the content comes unasked", expectUnasked),
			acted("the upstream answers before the content", expectRefused),
		},
	},
	{
		"9110 §10.1.1", "MAY", "answer 417 to an expectation that is not known",
		"417 for anything but one 100-continue, and close, because the content may be on its way",
		[]probe{
			refused("another expectation", 417, post("Expect: 200-ok\r\nContent-Length: 5\r\n", "hello")),
			refused("a list", 417, post("Expect: 100-continue, frob\r\nContent-Length: 5\r\n", "hello")),
			refused("two lines", 417, post("Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 5\r\n", "hello")),
			refused("quotes", 417, post("Expect: \"100-continue\"\r\nContent-Length: 5\r\n", "hello")),
			refused("a parameter", 417, post("Expect: 100-continue;a=b\r\nContent-Length: 5\r\n", "hello")),
			refused("an empty expectation", 417, post("Expect:\r\nContent-Length: 5\r\n", "hello")),
			refused("a control in front", 400, post("Expect: \x0b100-continue\r\nContent-Length: 5\r\n", "hello")),
		},
	},
	{
		"9110 §10.1.1", "MUST", "ignore the expectation of a client of HTTP/1.0",
		"ignored and not forwarded, so that nobody waits for an answer it cannot read",
		[]probe{
			passed("in HTTP/1.0", "PUT / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello", "!Expect:").content("hello").ending(),
			passed("another expectation in HTTP/1.0", "PUT / HTTP/1.0\r\nHost: a\r\nExpect: frob\r\nContent-Length: 5\r\n\r\nhello", "!Expect:").content("hello").ending(),
		},
	},
	{
		"9110 §15.2", "MUST", "forward interim responses that one did not ask for oneself",
		"forwarded at once; choice: a 100 that the client does not wait for is dropped, because old clients take it for the answer",
		[]probe{
			acted("103 before the answer", hintsForwarded),
			acted("102 before the answer", processingForwarded),
			answered("a 100 that nobody waits for", "HTTP/1.1 100 Continue\r\n\r\n"+answerOK, 200).text("ok"),
			answered("ten interim responses", strings.Repeat(early, 10)+answerOK, 200).text("ok"),
			acted("fields of one hop in an interim response", hopsOfInterim),
		},
	},
	{
		"9110 §15.2", "MUST NOT", "send an interim response to a client of HTTP/1.0",
		"dropped",
		[]probe{acted("103 for a client of HTTP/1.0", hintsForOldClient)},
	},
	{
		"ours", "ours", "bound the interim responses to one request",
		"502 at the eleventh",
		[]probe{
			bad("eleven", strings.Repeat(early, 11)+answerOK),
			bad("2,000", strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 2000)+answerOK),
		},
	},
	{
		"9110 §8.6, 9112 §6.1", "MUST NOT", "send Content-Length or Transfer-Encoding in an interim response",
		"502 for one that has a length or a coding; choice: a length of zero, which says nothing false, is dropped",
		[]probe{
			bad("a length in a 103", "HTTP/1.1 103 Early Hints\r\nContent-Length: 3\r\n\r\nabc"+answerOK),
			bad("a coding in a 103", "HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"+answerOK),
			bad("a length in a 100", "HTTP/1.1 100 Continue\r\nContent-Length: 3\r\n\r\nabc"+answerOK),
			answered("a length of zero in a 103", "HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\n\r\n"+answerOK, 200).text("ok"),
		},
	},
}
