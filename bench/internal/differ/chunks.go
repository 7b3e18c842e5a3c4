package differ

import (
	"bytes"
	"regexp"
	"strconv"
)

var (
	// chunkLine is RFC 9112, 7.1, with the space that 7.1.1 lets stand inside extensions.
	chunkLine = regexp.MustCompile(`^([0-9a-fA-F]{1,32})(?:;[ \t]*` + word + `(?:[ \t]*=[ \t]*(?:` + word + `|"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"))?[ \t]*)*$`)
	trailer   = regexp.MustCompile(`^` + word + `:[\t \x21-\x7e\x80-\xff]*$`)
)

const word = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"

// wellChunked reports that the last message of a stream is a head and chunks as the grammar wants them, to their end. It is written
// anew, from the grammar alone, so that it shares no fault with any proxy.
func wellChunked(stream []byte) bool {
	for {
		head, rest, found := bytes.Cut(stream, []byte("\r\n\r\n"))
		if !found {
			return false
		}
		stream = rest
		if !bytes.HasPrefix(head, []byte("HTTP/1.1 1")) {
			break // not an interim response
		}
	}
	for {
		line, rest, found := bytes.Cut(stream, []byte("\r\n"))
		match := chunkLine.FindSubmatch(line)
		if !found || match == nil {
			return false
		}
		size, err := strconv.ParseUint(string(match[1]), 16, 63)
		if err != nil || size > uint64(len(rest)) {
			return false
		}
		if stream = rest[size:]; size == 0 {
			break
		}
		if stream, found = bytes.CutPrefix(stream, []byte("\r\n")); !found {
			return false
		}
	}
	for {
		line, rest, found := bytes.Cut(stream, []byte("\r\n"))
		switch {
		case !found || len(line) > 0 && !trailer.Match(line):
			return false
		case len(line) == 0:
			return true
		}
		stream = rest
	}
}
