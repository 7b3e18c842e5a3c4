package lsp

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/textproto"
	"strconv"
	"sync"

	"github.com/sourcegraph/jsonrpc2"
)

const (
	// maxMessage is the longest message that is read: a policy may have 4 MiB, and its text is escaped in JSON.
	maxMessage = 32 << 20
	// maxHeader bounds the fields before a message.
	maxHeader = 4 << 10
)

// stream reads and writes messages with a Content-Length before each ("Base Protocol" of the specification). A message that is no
// JSON-RPC is answered with an error, and the next one is read.
type stream struct {
	in    *bufio.Reader
	out   io.Writer
	close func() error
	write sync.Mutex
}

// WriteObject writes one message; it is safe for concurrent use.
func (s *stream) WriteObject(v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	s.write.Lock()
	defer s.write.Unlock()
	if _, err := fmt.Fprintf(s.out, "Content-Length: %d\r\n\r\n", len(data)); err != nil {
		return err
	}
	_, err = s.out.Write(data)
	return err
}

// ReadObject reads the next message into v. An error is that of the stream itself.
func (s *stream) ReadObject(v any) error {
	for {
		data, err := s.message()
		if err != nil {
			return err
		}
		code, why := codeInvalidRequest, "a message is one JSON object with a method, or with the result of a request"
		if !json.Valid(data) {
			code, why = codeParse, "the message is not JSON"
		} else if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) && json.Unmarshal(data, v) == nil {
			return nil
		}
		answer := struct {
			Version string          `json:"jsonrpc"`
			ID      *int            `json:"id"`
			Error   *jsonrpc2.Error `json:"error"`
		}{"2.0", nil, &jsonrpc2.Error{Code: int64(code), Message: why}}
		if err := s.WriteObject(answer); err != nil {
			return err
		}
	}
}

// message reads the fields and the bytes of one message.
func (s *stream) message() ([]byte, error) {
	limited := &io.LimitedReader{R: s.in, N: maxHeader}
	head, err := s.head(limited)
	if err != nil {
		return nil, err
	}
	length, err := strconv.Atoi(head.Get("Content-Length"))
	if err != nil || length < 0 || length > maxMessage {
		return nil, fmt.Errorf("content-length %.20q is no length up to %d", head.Get("Content-Length"), maxMessage)
	}
	data := make([]byte, 0, min(length, 64<<10))
	buffer := bytes.NewBuffer(data)
	if n, err := io.CopyN(buffer, s.in, int64(length)); err != nil {
		return nil, fmt.Errorf("message ends after %d of %d bytes: %w", n, length, err)
	}
	return buffer.Bytes(), nil
}

// head reads the fields up to the empty line, byte by byte so that nothing behind it is taken.
func (s *stream) head(limited io.Reader) (textproto.MIMEHeader, error) {
	var text bytes.Buffer
	one := make([]byte, 1)
	for !bytes.HasSuffix(text.Bytes(), []byte("\r\n\r\n")) {
		if _, err := io.ReadFull(limited, one); err != nil {
			if text.Len() > 0 {
				err = fmt.Errorf("fields before a message do not end: %w", io.ErrUnexpectedEOF)
			}
			return nil, err
		}
		text.WriteByte(one[0])
	}
	return textproto.NewReader(bufio.NewReader(&text)).ReadMIMEHeader()
}

// Close closes what is read from, which ends a read that waits.
func (s *stream) Close() error { return s.close() }
