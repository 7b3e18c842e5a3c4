package cases

import (
	"fmt"
	"strings"
)

var (
	methods = []string{"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "QUERY"}
	extras  = []string{
		"Accept: */*\r\n", "User-Agent: t\r\n", "X-Empty:\r\n", "x-lower: 1\r\n", "Connection: keep-alive\r\n", "Connection: Content-Length\r\n",
		"Connection: Transfer-Encoding, Host\r\n", "TE: trailers\r\n", "Trailer: X-T\r\n", "Expect: 100-continue\r\n", "X-Long: " + strings.Repeat("v", 300) + "\r\n",
		"Upgrade: h2c\r\n", "Content-Type: text/plain; q=\"a\\\"b\"\r\n", "X: \xe4\r\n",
	}
	// lengths are ways to say a length of %d, most of them wrong.
	lengths = []string{
		"Content-Length: %d\r\nContent-Length: %[1]d\r\n", "Content-Length: 0\r\nContent-Length: %d\r\n", "Content-Length: %d, %[1]d\r\n", "Content-Length: +%d\r\n",
		"Content-Length: -%d\r\n", "Content-Length: 00%d\r\n", "Content-Length: 0x%x\r\n", "Content-Length: %d \r\n", "Content-Length:\t%d\r\n", "Content-Length : %d\r\n",
		"Content-Length: %d\r\nTransfer-Encoding: identity\r\n", "Content-Length:\r\n %d\r\n", "Content-Length: 1%019d\r\n", "Content-Length: %d;\r\n", "Content-Length: \"%d\"\r\n",
		"Content-Length: %d\nX: y\r\n", "CONTENT-LENGTH: %d\r\n", "Content-Length: %d\r\nX-A: b\rTransfer-Encoding: chunked\r\n", "content-length:%d\r\n", "Content_Length: 3\r\nContent-Length: %d\r\n",
	}
	codings = []string{
		"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: Chunked\r\n",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked, chunked\r\n", "Transfer-Encoding: gzip, chunked\r\n",
		"Transfer-Encoding: chunked, identity\r\n", "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: \x0bchunked\r\n",
		"Transfer-Encoding:\tchunked\r\n", "Transfer-Encoding:\r\n chunked\r\n", "Transfer-Encoding : chunked\r\n", "Transfer-Encoding: chunked;q=1\r\n",
		"Transfer-Encoding: \"chunked\"\r\n", "Transfer-Encoding: ,chunked\r\n", "Transfer-Encoding: chunked \r\n", "Transfer-Encoding: xchunked\r\n", "X: y\nTransfer-Encoding: chunked\r\n",
		"Transfer-Encoding\x00: chunked\r\n", "Transfer-Encoding: chunked\x00\r\n", " Transfer-Encoding: chunked\r\n", "Transfer_Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
	}
	sizes = []string{
		"%x", "0%x", "%X", "0x%x", "+%x", "-%x", " %x", "%x ", "%x\t", "%x;a", "%x;a=b", "%x;a=\"b;c\"", "%x ;a", "%x; a=b", "%x;", "%x\r", "%x;a\rb", "1000000000000000%x", "%x\x00", "%x_0", "%x,",
	}
	chunkEnds = []string{"\n", "\r", "", "\r\r\n", " \r\n", "X\r\n"}
	trailers  = []string{"X-T: v\r\n", "Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n", "Host: b\r\n", " folded\r\n", "X-T : v\r\n", "X-T: v\n", "no colon\r\n"}
	statuses  = []string{"200 OK", "200", "404 Not Found", "204 No Content", "304 Not Modified", "206 Partial", "099 Low", "600 High", "2000 Long", "20 Short", "200\tOK", "205 Reset"}
	interims  = []string{"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early\r\nContent-Length: 3\r\n\r\n", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"}
)

// behind is the content of an answer that nobody asked for.
const behind = "behind"

func (g *Generator) request(token string) string {
	method := pick(g, methods)
	target := fmt.Sprintf("/%s/%d", token, g.rng.IntN(10))
	version, host := "HTTP/1.1", "Host: a\r\n"
	switch g.rng.IntN(40) {
	case 0:
		version, host = "HTTP/1.0", ""
	case 1:
		version = "HTTP/1.0"
	case 2:
		target = "http://a" + target
	case 3:
		host = "Host: a\r\nHost: a\r\n"
	case 4:
		target += "?q=%2e%2e/../"
	case 5:
		target = "/x/.." + target
	}
	framing, body, _ := g.body(token, method == "GET" || method == "HEAD")
	return method + " " + target + " " + version + "\r\n" + g.fields(host, framing) + "\r\n" + body
}

// fields mixes what must stand in a head with what may.
func (g *Generator) fields(parts ...string) string {
	for g.chance(2) {
		parts = append(parts, pick(g, extras))
	}
	g.rng.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	return strings.Join(parts, "")
}

// body returns the fields that frame a body, the body as framed, and whether it is framed at all.
func (g *Generator) body(token string, seldom bool) (framing, body string, framed bool) {
	content := token + strings.Repeat("-"+token, g.rng.IntN(4))
	content = content[:g.rng.IntN(len(content)+1)]
	if seldom && !g.chance(4) || g.chance(6) {
		return "", "", false
	}
	switch g.rng.IntN(6) {
	case 0:
		return fmt.Sprintf(pick(g, lengths), len(content)), content, true
	case 1:
		return pick(g, codings), g.chunks(content), true
	case 2, 3:
		return fmt.Sprintf("Content-Length: %d\r\n", len(content)), content, true
	}
	return "Transfer-Encoding: chunked\r\n", g.chunks(content), true
}

// chunks frames content; one in five chunks is out of the ordinary.
func (g *Generator) chunks(content string) string {
	var b strings.Builder
	for content != "" {
		n := 1 + g.rng.IntN(len(content))
		size, end := "%x", "\r\n"
		if g.chance(5) {
			size = pick(g, sizes)
		}
		if g.chance(20) {
			end = pick(g, chunkEnds)
		}
		fmt.Fprintf(&b, size+"\r\n%s%s", n, content[:n], end)
		content = content[n:]
	}
	last := "0"
	if g.chance(10) {
		last = strings.ReplaceAll(pick(g, sizes), "%x", "0")
	}
	b.WriteString(last + "\r\n")
	for g.chance(5) {
		b.WriteString(pick(g, trailers))
	}
	b.WriteString("\r\n")
	return b.String()
}

// reply returns a response and whether it says itself where it ends.
func (g *Generator) reply(token string, head bool) (stream string, framed bool) {
	var b strings.Builder
	for g.chance(5) {
		b.WriteString(pick(g, interims))
	}
	status, version := "200 OK", "HTTP/1.1"
	if g.chance(5) {
		status = pick(g, statuses)
	}
	if g.chance(12) {
		version = "HTTP/1.0"
	}
	framing, body, framed := g.body(token, false)
	if !framed {
		body = token
	}
	if head && !g.chance(4) {
		body = ""
	}
	b.WriteString(version + " " + status + "\r\n" + g.fields(framing) + "\r\n" + body)
	if g.chance(12) {
		b.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n" + behind) // for nobody
	}
	return b.String(), framed
}
