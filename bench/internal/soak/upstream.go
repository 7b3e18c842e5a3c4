package soak

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// tokenField names the exchange that a request and its answer belong to.
const tokenField = "X-Token"

// filled is a body of n bytes that consists of nothing but the token.
func filled(token string, n int) []byte {
	return bytes.Repeat([]byte(token), n/len(token)+1)[:n]
}

// onlyOf reports that a body consists of nothing but the token.
func onlyOf(token string, body []byte) bool { return bytes.Equal(body, filled(token, len(body))) }

// serve is the upstream: it answers with the token of the request, and with nothing else.
func serve(w http.ResponseWriter, r *http.Request) {
	token := r.Header.Get(tokenField)
	if token == "" {
		return // a probe of nobody
	}
	w.Header().Set(tokenField, token)
	size, _ := strconv.Atoi(r.URL.Query().Get("bytes"))
	switch r.URL.Path {
	case "/upload":
		if !uploaded(token, r.Body) {
			http.Error(w, "the body holds bytes of another exchange", http.StatusUnprocessableEntity)
			return
		}
		_, _ = w.Write(filled(token, 64))
	case "/stream":
		for range 5 {
			if _, err := w.Write(filled(token, len(token))); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
			time.Sleep(2 * time.Millisecond) // a stream has pauses
		}
	case "/slow":
		select {
		case <-time.After(80 * time.Millisecond):
			_, _ = w.Write(filled(token, 64))
		case <-r.Context().Done():
		}
	case "/unwell":
		w.WriteHeader(http.StatusServiceUnavailable)
	case "/reset":
		cut(w, "")
	case "/truncated":
		cut(w, "HTTP/1.1 200 OK\r\n"+tokenField+": "+token+"\r\nContent-Length: 5000\r\n\r\n"+token)
	default:
		w.Header().Set("Content-Length", strconv.Itoa(size))
		_, _ = w.Write(filled(token, size))
	}
}

// uploaded reads a body and reports whether it is the token's alone. A body that breaks off is for nobody to judge.
func uploaded(token string, body io.Reader) bool {
	whole := true
	buffer := make([]byte, 16<<10/len(token)*len(token))
	for {
		n, err := io.ReadFull(body, buffer)
		whole = whole && onlyOf(token, buffer[:n])
		if err != nil {
			return whole
		}
	}
}

// cut writes raw bytes and resets the connection.
func cut(w http.ResponseWriter, raw string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_, _ = io.WriteString(conn, raw)
	if tcp, ok := conn.(*net.TCPConn); ok && raw == "" {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
