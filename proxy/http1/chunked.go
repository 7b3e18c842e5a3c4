package http1

import (
	"bytes"
	"io"
	"math"
)

// chunkState is the place in a chunked body (RFC 9112, 7.1):
//
//	chunkSize → chunkData → chunkEnd → chunkSize … → chunkTrailer → io.EOF
//
// A size of zero leads from chunkSize to chunkTrailer.
type chunkState uint8

const (
	chunkSize chunkState = iota
	chunkData
	chunkEnd
	chunkTrailer
)

const (
	maxChunkLine = 1 << 10 // size, extensions and CRLF
	// A body may spend this much on framing beyond maxOverheadPerChunk bytes a
	// chunk and as much again as its payload; more is an attack on CPU.
	maxOverhead         = 16 << 10
	maxOverheadPerChunk = 16
)

func (d *decoder) readChunked(p []byte) (n int, err error) {
	for {
		// What cannot go on without waiting stops here once there is
		// something to give.
		if (n > 0 || d.nowait) && !d.ready() {
			return n, nil
		}
		switch d.chunk {
		case chunkSize:
			err = d.readSize()
		case chunkData:
			if n == len(p) {
				return n, nil
			}
			var m int
			m, err = d.w.take(p[n:][:min(int64(len(p)-n), d.remain)])
			n, d.remain, d.overhead = n+m, d.remain-int64(m), max(d.overhead-int64(m), 0)
			if d.remain == 0 {
				d.chunk = chunkEnd
			}
		case chunkEnd:
			err = d.readEnd()
		case chunkTrailer:
			if err = d.readTrailer(); err == nil {
				err = io.EOF
			}
			return n, err
		}
		if err != nil {
			return n, cutShort(err)
		}
	}
}

// ready reports that the next step of the chunk walk will not wait.
func (d *decoder) ready() bool {
	b := d.w.buf[d.w.r:d.w.w]
	switch d.chunk {
	case chunkSize:
		return len(b) >= maxChunkLine || bytes.IndexByte(b, '\n') >= 0
	case chunkData:
		return len(b) > 0
	case chunkEnd:
		return len(b) >= 2
	}
	return d.trailerBuffered()
}

func (d *decoder) readSize() error {
	for {
		b := d.w.buf[d.w.r:d.w.w]
		i := bytes.IndexByte(b, '\n')
		if i >= maxChunkLine || i < 0 && len(b) >= maxChunkLine {
			return refuse(400, "chunk line too long", maxChunkLine)
		}
		if i < 0 {
			if err := d.w.fill(bufferSize); err != nil {
				return err
			}
			continue
		}
		size, refusal := parseChunkLine(b[:i+1])
		if refusal != nil {
			return refusal.see(b[:i+1])
		}
		d.w.r += i + 1
		d.overhead += int64(max(i+3-maxOverheadPerChunk, 0))
		if d.overhead > maxOverhead {
			return refuse(400, "chunk extensions too long", 0)
		}
		d.remain, d.chunk = size, chunkData
		if size == 0 {
			d.chunk = chunkTrailer
		}
		return nil
	}
}

func (d *decoder) readEnd() error {
	for d.w.buffered() < 2 {
		if d.w.buffered() == 1 && d.w.buf[d.w.r] != '\r' {
			break
		}
		if err := d.w.fill(bufferSize); err != nil {
			return err
		}
	}
	if b := d.w.buf[d.w.r:d.w.w]; len(b) < 2 || b[0] != '\r' || b[1] != '\n' {
		return refuse(400, "chunk not ended by CRLF", 0).see(b)
	}
	d.w.r += 2
	d.chunk = chunkSize
	return nil
}

// parseChunkLine reads a size with its extensions; line ends with the line
// feed. Extensions are checked and dropped.
func parseChunkLine(line []byte) (int64, *Refusal) {
	if len(line) < 2 || line[len(line)-2] != '\r' {
		return 0, refuse(400, "bare line feed in chunk line", len(line)-1)
	}
	line = line[:len(line)-2]
	var size int64
	i := 0
	for ; i < len(line); i++ {
		digit := hexDigit[line[i]]
		if digit < 0 {
			break
		}
		if size > (math.MaxInt64-15)>>4 {
			return 0, refuse(400, "chunk size overflows", i)
		}
		size = size<<4 | int64(digit)
	}
	if i == 0 {
		return 0, refuse(400, "chunk size invalid", 0)
	}
	if i > 32 {
		return 0, refuse(400, "chunk size too long", i)
	}
	if at := badExtension(line[i:]); at >= 0 {
		return 0, refuse(400, "chunk extension invalid", i+at)
	}
	return size, nil
}

// badExtension checks *( ";" BWS name [ BWS "=" BWS value ] BWS ) and gives
// the place of the first fault, or -1. Space before the first semicolon is
// refused: parsers differ on it.
func badExtension(s []byte) int {
	i := 0
	for i < len(s) {
		if s[i] != ';' {
			return i
		}
		i = skipSpace(s, i+1)
		end := skipToken(s, i)
		if end == i {
			return i
		}
		if i = skipSpace(s, end); i < len(s) && s[i] == '=' {
			i = skipSpace(s, i+1)
			if i < len(s) && s[i] == '"' {
				end = skipQuoted(s, i)
			} else {
				end = skipToken(s, i)
			}
			if end == i {
				return i
			}
			i = skipSpace(s, end)
		}
		if i == len(s) && end != i {
			return end // space before the line end
		}
	}
	return -1
}

func skipSpace(s []byte, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
		i++
	}
	return i
}

func skipToken(s []byte, i int) int {
	for i < len(s) && token[s[i]] {
		i++
	}
	return i
}

// skipQuoted gives the place after the quoted string at i, or i when there is
// none (RFC 9110, 5.6.4).
func skipQuoted(s []byte, i int) int {
	for j := i + 1; j < len(s); j++ {
		switch c := s[j]; {
		case c == '"':
			return j + 1
		case c == '\\':
			j++
			if j == len(s) || control(s[j:j+1]) >= 0 {
				return i
			}
		case control(s[j:j+1]) >= 0:
			return i
		}
	}
	return i
}

var hexDigit = func() (t [256]int8) {
	for i := range t {
		t[i] = -1
	}
	for i, c := range "0123456789abcdef" {
		t[c] = int8(i)
	}
	for i, c := range "ABCDEF" {
		t[c] = int8(10 + i)
	}
	return t
}()
