// Package http1 is the HTTP/1.1 wire: a strict parser, a server loop for an
// http.Handler and a synchronous http.RoundTripper for one endpoint.
//
// It decides what bytes are a message (RFC 9112) and refuses every message
// that two parsers could read in two ways. It refuses to know policies,
// retries, operations and hop-by-hop hygiene: those are read from and written
// into the standard http types by its users. It stands at both ends of the
// walk: below the gate as the server, below the endpoint choice as the
// transport.
//
// # Cost model
//
// One goroutine serves a client connection; it calls the handler, and the
// transport writes to and reads from the upstream connection on that same
// goroutine. An ordinary request starts no goroutine and arms no timer. The
// whole head of a message becomes one string; header values are substrings of
// it. Header maps, value slices and buffers belong to the connection and are
// used again for its next message.
//
// # What may be kept
//
// Strings are immutable and may be kept by anyone for ever. Maps and slices
// reached from a request or its ResponseWriter are valid until ServeHTTP
// returns; those reached from a response until its Body is closed. The build
// tag poison overwrites them at that moment, so that a test which keeps them
// fails.
//
// # Targets
//
// Request.RequestURI holds the target exactly as received. Transport sends the
// path and query of RequestURI when it is set, byte for byte, and
// URL.RequestURI() otherwise; who rewrites URL clears RequestURI.
package http1
