package differ

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"outrigger/bench/internal/differ/cases"
)

// dialTimeout is long, for a machine that is busy enough to stand still now and then.
const dialTimeout = 15 * time.Second

// mostMessages bounds what is read of one case.
const mostMessages = 20

// observeRequests sends a case to a proxy and gathers the records of what arrived behind it. After quiet without an answer the
// proxy counts as waiting for more.
func observeRequests(address string, c cases.Case, quiet time.Duration) (Observation, error) {
	conn, err := net.DialTimeout("tcp", address, dialTimeout)
	if err != nil {
		return Observation{}, err
	}
	defer conn.Close()
	_ = conn.SetWriteDeadline(time.Now().Add(2 * time.Second))
	_ = send(conn, c) // a proxy that refuses early may close first: what it answered is read all the same
	reader := bufio.NewReader(conn)
	seen := Observation{Ending: Open}
	for len(seen.Messages) < mostMessages {
		_ = conn.SetReadDeadline(time.Now().Add(quiet))
		response, err := final(reader, nil)
		if err != nil {
			return seen.ended(err), nil
		}
		record := response.Header.Get(recordField)
		if record == "" {
			seen.refused(response)
			return seen, nil
		}
		m, err := decodeMessage(record)
		if err != nil {
			return seen, err
		}
		seen.Messages = append(seen.Messages, m)
		if !strings.HasPrefix(m.Start, http.MethodHead+" ") {
			if _, err := io.Copy(io.Discard, response.Body); err != nil {
				return seen.ended(err), nil
			}
		}
	}
	return seen, nil
}

// send writes the pieces of a case. A pause makes each a packet and a read of its own.
func send(conn net.Conn, c cases.Case) error {
	for i, piece := range c.Pieces() {
		if i > 0 {
			time.Sleep(2 * time.Millisecond) // the pause
		}
		if _, err := conn.Write(piece); err != nil {
			return err
		}
	}
	return nil
}

// observeReply asks a proxy for a case's bytes and reads its answer, and then asks on the same connection for a record: bytes of
// the case must not become the answer to that.
func observeReply(address string, c cases.Case, quiet time.Duration) (Observation, error) {
	conn, err := net.DialTimeout("tcp", address, dialTimeout)
	if err != nil {
		return Observation{}, err
	}
	defer conn.Close()
	method := http.MethodGet
	if c.Head {
		method = http.MethodHead
	}
	reader := bufio.NewReader(conn)
	ask := func(method, path string) (*http.Response, error) {
		request, err := http.NewRequest(method, path, nil)
		if err != nil {
			return nil, err
		}
		_ = conn.SetDeadline(time.Now().Add(quiet))
		if _, err := fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: a\r\n\r\n", method, path); err != nil {
			return nil, err
		}
		return final(reader, request)
	}
	seen := Observation{Ending: Open}
	response, err := ask(method, replyPath+c.Token)
	if err != nil {
		return seen.ended(err), nil
	}
	if own(response) {
		seen.refused(response)
		return seen, nil
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return seen.ended(err), nil
	}
	seen.Messages = append(seen.Messages, Message{response.Status[:3], string(body)})
	// A failure of the proxy's own is no answer of anybody else.
	if response, err = ask(http.MethodGet, "/end-"+c.Token); err == nil && !own(response) {
		m, err := decodeMessage(response.Header.Get(recordField))
		if err != nil || m.Start != "GET /end-"+c.Token {
			seen.Leak = fmt.Sprintf("status %d %s", response.StatusCode, m.Start)
		}
	}
	seen.Ending = Closed
	return seen, nil
}

// final reads a response behind interim ones.
func final(reader *bufio.Reader, request *http.Request) (*http.Response, error) {
	for range mostMessages {
		response, err := http.ReadResponse(reader, request)
		if err != nil || response.StatusCode >= 200 || response.StatusCode == http.StatusSwitchingProtocols {
			return response, err
		}
	}
	return nil, errors.New("too many interim responses")
}

// own reports that a proxy made the answer for want of one from the origin, which has no answer of these statuses.
func own(response *http.Response) bool {
	switch response.StatusCode {
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return strings.Contains(response.Header.Get("Proxy-Status"), "error=")
}

// ended takes note of a connection that gave no further answer.
func (o Observation) ended(err error) Observation {
	var timeout net.Error
	o.Ending = Closed
	if errors.As(err, &timeout) && timeout.Timeout() {
		o.Ending = Open
	}
	return o
}

// refused takes note of an answer that the proxy made itself. The reason is the detail of a problem document where it is one.
func (o *Observation) refused(response *http.Response) {
	o.Ending, o.Status = Refused, response.StatusCode
	if _, details, found := strings.Cut(response.Header.Get("Proxy-Status"), `details="`); found {
		o.Reason, _, _ = strings.Cut(details, `"`) // all that the answer to a HEAD tells
	}
	if !strings.HasPrefix(response.Header.Get("Content-Type"), "application/problem+json") {
		return
	}
	var problem struct{ Code, Detail string }
	if err := json.NewDecoder(io.LimitReader(response.Body, bodyLimit)).Decode(&problem); err == nil {
		o.Reason = problem.Code + ": " + problem.Detail
	}
}
