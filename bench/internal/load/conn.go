package load

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"
)

// ErrClosedBetween says that the server closed a kept-alive connection while no request was under way. Nobody lost anything.
var ErrClosedBetween = errors.New("connection closed between two requests")

// answerTimeout bounds the wait for one answer.
const answerTimeout = 15 * time.Second

// Conn is one client connection that makes requests one after the other. It is not safe for concurrent use.
type Conn struct {
	conn   *net.TCPConn
	reader *bufio.Reader
	// Dialled is when the connection was made, Answers how many requests it has carried to their end.
	Dialled time.Time
	Answers int
}

// Answer is a complete answer.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	// Close says that the server announced the end of the connection.
	Close bool
}

// Dial connects to a loopback address within two seconds.
func Dial(address string) (*Conn, error) {
	conn, err := net.DialTimeout("tcp", address, 2*time.Second)
	if err != nil {
		return nil, err
	}
	return &Conn{conn: conn.(*net.TCPConn), reader: bufio.NewReader(conn), Dialled: time.Now()}, nil
}

// Get makes one request. ErrClosedBetween means that it was not sent; any other error, that it was sent and not answered.
func (c *Conn) Get(path string) (Answer, error) {
	if c.closedByServer() {
		return Answer{}, ErrClosedBetween
	}
	if err := c.Send(path); err != nil {
		return Answer{}, err
	}
	_ = c.conn.SetReadDeadline(time.Now().Add(answerTimeout))
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return Answer{}, fmt.Errorf("request without an answer: %w", err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return Answer{}, fmt.Errorf("answer without its end: %w", err)
	}
	c.Answers++
	return Answer{response.StatusCode, response.Header, body, response.Close}, nil
}

// Send writes a request and does not wait for its answer.
func (c *Conn) Send(path string) error {
	_ = c.conn.SetWriteDeadline(time.Now().Add(answerTimeout))
	_, err := fmt.Fprintf(c.conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, c.conn.RemoteAddr())
	return err
}

// Close ends the connection as a client does that is content.
func (c *Conn) Close() { _ = c.conn.Close() }

// Reset ends the connection as the death of a client's machine does.
func (c *Conn) Reset() {
	_ = c.conn.SetLinger(0)
	_ = c.conn.Close()
}

// Open reports that the server has not ended the connection, as far as it shows while no request is under way.
func (c *Conn) Open() bool { return !c.closedByServer() }

// closedByServer looks whether the end of the stream has arrived, without waiting and without taking a byte.
func (c *Conn) closedByServer() bool {
	raw, err := c.conn.SyscallConn()
	if err != nil {
		return true
	}
	closed := false
	err = raw.Read(func(fd uintptr) bool {
		n, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		closed = err == nil && n == 0
		return true
	})
	return closed || err != nil
}
