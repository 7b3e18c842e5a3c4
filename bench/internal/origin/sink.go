package origin

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"outrigger/bench/internal/process"
)

const (
	// probeField asks a Sink to sum a body up, sumField is where it tells the sum.
	probeField = "X-Probe"
	sumField   = "X-Sum"
)

// Sink is an upstream that takes uploads to their end and answers then. It runs in the harness, on the core of the load generator.
// Its methods are safe for concurrent use.
type Sink struct {
	Port   int
	token  string
	server *http.Server
	served atomic.Int64
	bytes  atomic.Int64
}

// StartSink serves until Close.
func StartSink() (*Sink, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Sink{Port: listener.Addr().(*net.TCPAddr).Port, token: newToken()}
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: time.Hour} // kept-alive connections wait between two measurements
	go func() { _ = s.server.Serve(listener) }()
	return s, nil
}

// Close ends the sink and its connections.
func (s *Sink) Close() { _ = s.server.Close() }

// ServeHTTP answers once a body has come whole; a body that breaks off counts for nothing. Every answer has the same length.
func (s *Sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sum := strings.Repeat("0", 2*sha256.Size)
	into := io.Discard
	var hashed hash.Hash
	if r.Header.Get(probeField) != "" {
		hashed = sha256.New()
		into = hashed
	}
	if _, err := io.Copy(into, counting{r.Body, &s.bytes}); err != nil {
		return
	}
	if hashed != nil {
		sum = hex.EncodeToString(hashed.Sum(nil))
	}
	s.served.Add(1)
	w.Header().Set("X-Origin-Run", s.token)
	w.Header().Set(sumField, sum)
	_, _ = io.WriteString(w, Small)
}

// Served is how many bodies have come whole.
func (s *Sink) Served(context.Context) (int64, error) { return s.served.Load(), nil }

// Received is how many bytes of bodies have come, also of bodies that are still under way.
func (s *Sink) Received() int64 { return s.bytes.Load() }

// counting counts what is read through it.
type counting struct {
	from io.Reader
	sum  *atomic.Int64
}

func (c counting) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.sum.Add(int64(n))
	return n, err
}

// Probe uploads a body through an address and returns the size of the answer, head included. The body must have arrived unchanged.
func (s *Sink) Probe(ctx context.Context, address, path string) (int64, error) {
	dialer := net.Dialer{Timeout: 2 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(probeTimeout))
	body := noise(LargeBytes)
	if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\n%s: 1\r\nContent-Length: %d\r\n\r\n%s", path, address, probeField, len(body), body); err != nil {
		return 0, err
	}
	counted := &counter{from: conn}
	response, err := http.ReadResponse(bufio.NewReader(counted), nil)
	if err != nil {
		return 0, fmt.Errorf("answer of %s%s: %w", address, path, err)
	}
	answer, err := io.ReadAll(response.Body)
	sum := sha256.Sum256(body)
	switch {
	case err != nil:
		return 0, fmt.Errorf("answer of %s%s: %w", address, path, err)
	case response.StatusCode != http.StatusOK || response.Header.Get("X-Origin-Run") != s.token || string(answer) != Small:
		return 0, fmt.Errorf("answer of %s%s: status %d, not that of the sink of this run", address, path, response.StatusCode)
	case response.Header.Get(sumField) != hex.EncodeToString(sum[:]):
		return 0, fmt.Errorf("upload to %s%s: other bytes arrived than were sent", address, path)
	}
	return counted.bytes, nil
}

// Await probes an address until the answer is right, the program has ended or ten seconds are over.
func (s *Sink) Await(ctx context.Context, p *process.Process, address string) error {
	return await(ctx, p, func() error {
		_, err := s.Probe(ctx, address, UploadPath)
		return err
	})
}
