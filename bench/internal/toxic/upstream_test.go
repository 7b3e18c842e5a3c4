package toxic

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
)

// shop is the upstream. It knows how many requests began and how many came whole.
type shop struct {
	*httptest.Server
	begun, whole atomic.Int64
}

func newShop(t *testing.T) *shop {
	s := &shop{}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *shop) address() string { return s.Listener.Addr().String() }

// ServeHTTP answers with as many bytes as the query says, or with the length and the first byte of what it got.
func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.begun.Add(1)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.whole.Add(1)
	if n, err := strconv.Atoi(r.URL.Query().Get("bytes")); err == nil {
		w.Header().Set("Content-Length", strconv.Itoa(n))
		_, _ = w.Write(content(n))
		return
	}
	fmt.Fprintf(w, "%t", bytes.Equal(body, content(len(body))))
}

// content is a body whose every part tells where it belongs.
func content(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}
