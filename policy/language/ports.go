package language

import "time"

var admin = []Key{
	{Name: "listen", Shape: of(Address).OrOff(), Default: "127.0.0.1:9901", Example: "127.0.0.1:9901", Text: "The port of everything for operators."},
	{
		Name: "tokenFile", Shape: of(Path), Example: "secrets/admin-token",
		Text: "The file of a bearer token that allows changes from beyond this machine; it is read anew each time.",
	},
}

var metrics = []Key{
	{Name: "listen", Shape: of(Address).OrOff(), Default: "off", Example: "0.0.0.0:9902", Text: "The port of `/metrics` and the probes alone."},
}

var log = []Key{
	{Name: "level", Shape: words("debug", "info", "warn", "error"), Default: "info", Example: "warn", Text: "The least important line that is written."},
	{Name: "format", Shape: words("json", "text"), Default: "json", Example: "text", Text: "Takes effect at the next start."},
	{
		Name: "requests", Shape: of(Requests), Default: "all", Example: "sample 1%",
		Text: "Which exchanges get a line: `all`, `failures`, or a share such as `sample 1%`. Those that went wrong always do.",
	},
}

var limits = []Key{
	{Name: "headerBytes", Shape: size(1<<10, 1<<20), Default: "60KiB", Example: "32KiB", Text: "Of a request's head; above it 431."},
	{Name: "responseHeaderBytes", Shape: size(1<<10, 1<<20), Default: "60KiB", Example: "32KiB", Text: "Of a reply's head; above it 502."},
	{Name: "headerCount", Shape: integer(1, 10_000), Default: "100", Example: "200", Text: "Fields of a head; above it 431, in a reply 502."},
	{Name: "requestLineBytes", Shape: size(64, 1<<20), Default: "16KiB", Example: "8KiB", Text: "Of the first line of a request; above it 414."},
	{Name: "interimReplies", Shape: integer(1, 1000), Default: "10", Example: "20", Text: "Answers 1xx before one reply; above it 502."},
	{Name: "headerTimeout", Shape: duration(time.Millisecond, 10*time.Minute), Default: "10s", Example: "5s", Text: "From the first byte of a head to its end."},
	{Name: "idleTimeout", Shape: duration(time.Millisecond, longest), Default: "1m", Example: "2m", Text: "Of a client's connection between two requests, or before its first."},
	{Name: "upstreamIdleTimeout", Shape: duration(time.Millisecond, longest), Default: "55s", Example: "25s", Text: "Of a connection to an endpoint between two requests; less than the endpoint's own."},
	{Name: "connections", Shape: integer(1, 1_000_000), Default: "10000", Example: "2000", Text: "Clients' connections open at one moment, per port; more are answered 503."},
	{Name: "bufferBytes", Shape: size(0, 16<<30).OrOff(), Default: "32MiB", Example: "64MiB", Text: "Of all buffers that grow with traffic together: bodies kept for another attempt, heads above 4 KiB, large copies, tunnels."},
	later("h2Streams", "Streams of an HTTP/2 connection."),
	later("h2Window", "Flow control of HTTP/2."),
	later("h2Resets", "Streams of an HTTP/2 connection that its client resets."),
}

var trust = []Key{
	{
		Name: "callers", Shape: list(of(Network)), Default: "[127.0.0.0/8, ::1/128]", Example: "[10.0.0.0/8]",
		Text: "Whose `Outrigger-Timeout-Ms`, `Outrigger-Attempt` and forwarded fields are believed; they are removed from what others send.",
	},
	{
		Name: "forwarded", Shape: words("append", "replace", "pass"), Default: "append", Example: "replace",
		Text: "What becomes of `X-Forwarded-*` and `Forwarded` on inbound: add the caller; forget what came; leave everything alone.",
	},
}
