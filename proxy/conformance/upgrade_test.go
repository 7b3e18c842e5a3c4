package conformance_test

import "strings"

const (
	handshake = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	switched  = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)

// asksFor is the handshake with other tokens.
func asksFor(tokens string) string {
	return strings.Replace(handshake, "Upgrade: websocket", "Upgrade: "+tokens, 1)
}

var upgrades = []clause{
	{
		"9110 §7.8", "MUST", "treat Upgrade as a field of one hop, and send it with its connection option",
		"`websocket` alone is asked for anew, by a GET without content; choice: any other token, or a list, is dropped, and the request is an ordinary one",
		[]probe{
			passed("h2c with its settings", get("/", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"), "!Upgrade:", "!HTTP2-Settings:", "!Connection:"),
			passed("settings of HTTP/2 that Connection does not name", get("/", "Connection: Upgrade", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"), "!Upgrade:", "!HTTP2-Settings:"),
			passed("h2c in capitals", asksFor("H2C"), "!Upgrade:"),
			passed("h2c behind websocket", asksFor("websocket, h2c"), "!Upgrade:"),
			passed("h2c in a second line", asksFor("websocket\r\nUpgrade: h2c"), "!Upgrade:"),
			passed("TLS", asksFor("TLS/1.2"), "!Upgrade:"),
			passed("websocket with a version", asksFor("websocket/13"), "!Upgrade:"),
			passed("websocket without its option", get("/", "Upgrade: websocket"), "!Upgrade:", "!Connection:"),
			passed("websocket with content", strings.Replace(handshake, "Connection", "Content-Length: 5\r\nConnection", 1)+"hello", "!Upgrade:", "!Connection:").content("hello"),
			passed("websocket with chunks", strings.Replace(handshake, "Connection", "Transfer-Encoding: chunked\r\nConnection", 1)+"0\r\n\r\n", "!Upgrade:", "!Connection:"),
			passed("websocket by POST", strings.Replace(handshake, "GET", "POST", 1), "!Upgrade:", "!Connection:"),
			passed("websocket with a letter that folds to k", asksFor("webſocKet"), "!Upgrade:"),
			passed("the option without a token", get("/", "Connection: Upgrade"), "!Upgrade:", "!Connection:"),
		},
	},
	{
		"9110 §7.8", "MUST", "ignore Upgrade in a request of HTTP/1.0",
		"dropped",
		[]probe{
			passed("websocket in HTTP/1.0", strings.Replace(handshake, "HTTP/1.1", "HTTP/1.0", 1), "!Upgrade:", "!Connection:").ending(),
		},
	},
	{
		"9110 §7.8, §15.2.2", "MUST", "switch only to a protocol that was asked for",
		"502 for a 101 that nobody asked for, or to another protocol, or with content",
		[]probe{
			bad("a 101 that nobody asked for", switched),
			badSwitch("to another protocol", strings.Replace(switched, "Upgrade: websocket", "Upgrade: h2c", 1)),
			badSwitch("to a list of protocols", strings.Replace(switched, "Upgrade: websocket", "Upgrade: websocket, h2c", 1)),
			badSwitch("without Upgrade", strings.Replace(switched, "Upgrade: websocket\r\n", "", 1)),
			badSwitch("without its connection option", strings.Replace(switched, "Connection: Upgrade\r\n", "", 1)),
			badSwitch("with a length", strings.Replace(switched, "Connection", "Content-Length: 5\r\nConnection", 1)),
			badSwitch("with a coding", strings.Replace(switched, "Connection", "Transfer-Encoding: chunked\r\nConnection", 1)),
			badSwitch("in HTTP/1.0", strings.Replace(switched, "HTTP/1.1", "HTTP/1.0", 1)),
			bad("a 101 to a request for h2c, which was not passed on", strings.Replace(switched, "websocket", "h2c", 1)).sending(asksFor("h2c")),
		},
	},
	{
		"9110 §7.8", "MUST", "after a 101, hand the bytes on as they come",
		"a tunnel: bytes that came early are handed over, each end of one direction is passed on; it ends with `timeouts.idle` or a drain, and counts as one exchange",
		[]probe{
			acted("bytes before and right behind the 101", tunnelEarlyBytes),
			acted("the end of one direction", tunnelHalfClose),
			acted("a tunnel in which nobody speaks ends with the idle timeout", tunnelIdle),
			acted("a tunnel ends when the sidecar drains", tunnelDrained),
			acted("a tunnel that the upstream resets", tunnelReset),
			acted("a 101 goes by with Via, and nothing of one hop but the upgrade", tunnelHead),
		},
	},
	{
		"9110 §7.8", "MAY", "as a server, ignore an upgrade and answer by the protocol at hand",
		"the answer is an ordinary one, and the connection goes on",
		[]probe{
			passed("an answer to a handshake", handshake, "Upgrade: websocket", "Connection: Upgrade").as(403).then("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno").text("no"),
		},
	},
}

// badSwitch is a 101 to a handshake of websocket that must not be followed.
func badSwitch(name, origin string) probe { return bad(name, origin).sending(handshake) }
