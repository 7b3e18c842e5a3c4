package conformance_test

import "testing"

// probe is one raw case: what is sent, what the upstream answers, and what everybody must see.
type probe struct {
	name   string
	port   string // own, the port of one upstream, unless set
	send   string
	origin string // what the upstream answers; answerOK unless set
	closes bool   // the upstream closes behind its answer

	status int  // that the client gets; 0 for none
	passes bool // the upstream gets the request
	ends   bool // the connection ends after the answer
	broken bool // the answer breaks off
	late   bool // the upstream may have got a part of the request, never all
	wire   bool // the bytes are no message
	pieces bool // each byte is sent by itself

	up      []string // lines that the upstream must get; must not where they begin with "!"
	sent    *string  // content that the upstream must get
	down    []string // lines that the client must get, likewise
	got     *string  // content that the client must get
	trailer []string // trailer lines that the upstream must get, likewise

	// act takes the place of all that, for cases with more than one step.
	act func(t *testing.T, s *stage)
}

// Ports of the stage.
const (
	own      = ""
	inbound  = "inbound"
	outbound = "outbound"
)

const (
	answerOK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
)

// refused is a message that the wire refuses: the upstream hears nothing, the connection ends, and what follows is not served.
func refused(name string, status int, send string) probe {
	return probe{name: name, send: send, status: status, ends: true, wire: true}
}

// kept says that the message could be delimited, so that the connection goes on.
func (p probe) kept() probe { p.ends, p.wire = false, false; return p }

// passed is a request that reaches the upstream and gets its answer; up are lines that arrive there.
func passed(name, send string, up ...string) probe {
	return probe{name: name, send: send, status: 200, passes: true, up: up}
}

// post is a POST with these fields, each with its line end, and this content.
func post(fields, content string) string {
	return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + content
}

// get is a GET of a target with these fields.
func get(target string, fields ...string) string {
	head := "GET " + target + " HTTP/1.1\r\nHost: a\r\n"
	for _, f := range fields {
		head += f + "\r\n"
	}
	return head + "\r\n"
}

// chunked is a POST with these bytes in the place of a chunked body.
func chunked(body string) string { return post("Transfer-Encoding: chunked\r\n", body) }

// answered is an ordinary GET that meets this answer; the client gets status.
func answered(name, origin string, status int) probe {
	p := passed(name, get("/"))
	p.origin, p.status = origin, status
	return p
}

// bad is an answer that is none: 502, and the connection to the upstream is not used again.
func bad(name, origin string) probe { return answered(name, origin, 502) }

func (p probe) on(port string) probe { p.port = port; return p }

func (p probe) then(origin string) probe { p.origin = origin; return p }

func (p probe) orLate() probe { p.late = true; return p }

func (p probe) closing() probe { p.closes = true; return p }

func (p probe) ending() probe { p.ends = true; return p }

func (p probe) breaking() probe { p.broken, p.ends = true, true; return p }

func (p probe) sending(raw string) probe { p.send = raw; return p }

func (p probe) as(status int) probe { p.status = status; return p }

func (p probe) content(sent string) probe { p.sent = &sent; return p }

func (p probe) trailers(lines ...string) probe { p.trailer = lines; return p }

func (p probe) told(lines ...string) probe { p.down = lines; return p }

func (p probe) text(got string) probe { p.got = &got; return p }

// acted is a case of several steps.
func acted(name string, act func(t *testing.T, s *stage)) probe { return probe{name: name, act: act} }
