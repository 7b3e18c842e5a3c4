package proxytest

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// quiet is how long a connection must stay open after an answer to count as kept.
const quiet = 40 * time.Millisecond

// Client is one raw connection to a sidecar.
type Client struct {
	net.Conn
	R *bufio.Reader
	t testing.TB
}

// Reply is one answer that a client got, with what came before and after it.
type Reply struct {
	*http.Response
	Text    string // the body, as far as it came
	Broken  error  // how the body ended, unless as it should
	Interim []*http.Response
}

// Problem is the body of an answer that the sidecar made itself.
type Problem struct {
	Type, Title, Detail, Instance, Code, Operation, Upstream string
	Status, Attempts                                         int
	Retryable                                                bool
	TraceID                                                  string `json:"trace_id"`
}

// Problem reads the body of an answer that the sidecar made itself; it is empty for any other.
func (r Reply) Problem() Problem {
	var p Problem
	if r.Response != nil && r.Header.Get("Content-Type") == "application/problem+json" {
		_ = json.Unmarshal([]byte(r.Text), &p)
	}
	return p
}

// Dial connects to an address until the end of the test.
func Dial(t testing.TB, address string) *Client {
	t.Helper()
	nc, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	_ = nc.SetDeadline(time.Now().Add(patience))
	return NewClient(t, nc)
}

// NewClient is a client on a connection that is there; it is closed at the end of the test.
func NewClient(t testing.TB, nc net.Conn) *Client {
	t.Cleanup(func() { nc.Close() })
	return &Client{Conn: nc, R: bufio.NewReader(nc), t: t}
}

// On is a client on a connection that its user closes, whose exchanges all end with their answers.
func On(nc net.Conn) *Client { return &Client{Conn: nc, R: bufio.NewReader(nc)} }

// Send writes raw bytes. That the sidecar has closed the connection meanwhile is no failure.
func (c *Client) Send(raw string) { _, _ = io.WriteString(c, raw) }

// Read reads the final answer to a request of a method. The Response is nil where the connection ended without one.
func (c *Client) Read(method string) Reply {
	r := c.Head(method)
	if r.Response == nil || r.StatusCode == http.StatusSwitchingProtocols {
		return r
	}
	text, err := io.ReadAll(r.Body)
	r.Text, r.Broken = string(text), err
	return r
}

// Head reads the head of the final answer; the Body is for the caller.
func (c *Client) Head(method string) Reply {
	var r Reply
	for {
		resp, err := http.ReadResponse(c.R, &http.Request{Method: method})
		if err != nil {
			r.Broken = err
			return r
		}
		if resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			r.Response = resp
			return r
		}
		r.Interim = append(r.Interim, resp)
	}
}

// Do sends raw bytes and reads the answer.
func (c *Client) Do(raw string) Reply {
	go c.Send(raw) // beside the reading, because an answer may come before all is sent
	return c.Read(method(raw))
}

func method(raw string) string {
	m, _, _ := strings.Cut(raw, " ")
	return m
}

// Kept reports whether the connection stays open with nothing more to read.
func (c *Client) Kept() bool {
	_ = c.SetReadDeadline(time.Now().Add(quiet))
	_, err := c.R.Peek(1)
	_ = c.SetReadDeadline(time.Now().Add(patience))
	return errors.Is(err, os.ErrDeadlineExceeded)
}

// Call sends one request on a connection of its own and reads the answer.
func Call(t testing.TB, address, raw string) Reply {
	t.Helper()
	c := Dial(t, address)
	defer c.Close()
	return c.Do(raw)
}

// Get is the shortest good request for a path.
func Get(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n" }
