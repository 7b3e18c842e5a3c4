package proxytest

import (
	"net/http"
	"strconv"
	"strings"
)

// Answer reads the request to its end and answers with a status, a body and fields, each written "Name: value". A body that did
// not come to its end is not answered.
func Answer(status int, body string, fields ...string) Step {
	head := "HTTP/1.1 " + strconv.Itoa(status) + " " + http.StatusText(status) + "\r\n"
	for _, f := range fields {
		head += f + "\r\n"
	}
	if status != http.StatusNoContent && status != http.StatusNotModified {
		head += "Content-Length: " + strconv.Itoa(len(body)) + "\r\n"
	}
	return Raw(head + "\r\n" + body)
}

// Raw reads the request to its end and answers with these bytes. The answer to HEAD stops behind its head.
func Raw(reply string) Step {
	return func(c *Conn, r *Request) {
		if _, complete := r.Take(); !complete {
			c.Close()
			return
		}
		if head, _, ok := strings.Cut(reply, "\r\n\r\n"); ok && r.Method == http.MethodHead {
			c.Send(head + "\r\n\r\n")
			return
		}
		c.Send(reply)
	}
}

// RawClose is Raw followed by the end of the connection.
func RawClose(reply string) Step {
	return func(c *Conn, r *Request) {
		Raw(reply)(c, r)
		c.Close()
	}
}

// RawReset is Raw followed by a reset.
func RawReset(reply string) Step {
	return func(c *Conn, r *Request) {
		Raw(reply)(c, r)
		c.Reset()
	}
}

// Reset resets the connection when the request has arrived.
func Reset(c *Conn, r *Request) {
	r.Take()
	c.Reset()
}

// Close closes the connection when the request has arrived.
func Close(c *Conn, r *Request) {
	r.Take()
	c.Close()
}

// Hang takes the request and answers nothing until the other side gives up.
func Hang(c *Conn, r *Request) {
	r.Take()
	c.Gone()
}

// RawHang is Raw followed by silence until the other side gives up.
func RawHang(reply string) Step {
	return func(c *Conn, r *Request) {
		Raw(reply)(c, r)
		c.Gone()
	}
}
