// Package origin runs the nginx that answers behind every proxy of the benchmark, and tells whether an answer came from it.
//
// It decides what is asked and what the right answer is. It refuses to know which proxy stands in between.
package origin

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"outrigger/bench/internal/lab"
	"outrigger/bench/internal/process"
	"outrigger/bench/internal/scrape"
)

// Paths of the two resources. Both are operations of the spec that Outrigger is given.
const (
	SmallPath = "/items/42"
	LargePath = "/exports/7"
)

// LargeBytes is the size of the large body.
const LargeBytes = 1 << 20

// Small is the small body: 130 bytes of JSON.
const Small = `{"id":42,"name":"outrigger canoe","unit":"piece","stock":17,"price":{"amount":"1299.00","currency":"EUR"},"tags":["boat","float"]}`

//go:embed nginx.conf.tmpl
var config string

// Origin is a running nginx.
type Origin struct {
	Port       int
	statusPort int
	token      string
	large      []byte
	program    *process.Process
}

// Start runs the origin on the core of the load generator.
func Start(l *lab.Lab) (*Origin, error) {
	o := &Origin{token: strconv.FormatUint(rand.Uint64(), 36), large: noise(LargeBytes)}
	var err error
	if o.Port, err = lab.FreePort(); err != nil {
		return nil, err
	}
	if o.statusPort, err = lab.FreePort(); err != nil {
		return nil, err
	}
	if _, err := l.Write("large.bin", o.large); err != nil {
		return nil, err
	}
	path, err := l.Render("origin.conf", config, map[string]any{
		"Root": os.Geteuid() == 0, "Dir": l.Dir, "Port": o.Port, "StatusPort": o.statusPort, "Token": o.token, "Small": Small,
	})
	if err != nil {
		return nil, err
	}
	o.program, err = l.Programs.Start(process.Spec{
		Name: "origin", Path: "nginx", Args: []string{"-c", path, "-e", "stderr"}, Core: l.LoadCore, Output: l.Path("origin.log"),
	})
	return o, err
}

// noise is a body that does not compress and is the same in every run.
func noise(size int) []byte {
	body := make([]byte, size)
	source := rand.NewChaCha8([32]byte{1})
	_, _ = source.Read(body)
	return body
}

// Probe asks an address for one of the two paths and returns the whole size of the answer, head included.
// The answer must be a 200 with the right body and the token of this very origin.
func (o *Origin) Probe(ctx context.Context, address, path string) (int64, error) {
	dialer := net.Dialer{Timeout: 2 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, address); err != nil {
		return 0, err
	}
	counted := &counter{from: conn}
	response, err := http.ReadResponse(bufio.NewReader(counted), nil)
	if err != nil {
		return 0, fmt.Errorf("answer of %s%s: %w", address, path, err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, fmt.Errorf("body of %s%s: %w", address, path, err)
	}
	return counted.bytes, o.judge(path, response, body)
}

func (o *Origin) judge(path string, response *http.Response, body []byte) error {
	want := []byte(Small)
	if path == LargePath {
		want = o.large
	}
	switch {
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("answer to %s: status %d, want 200", path, response.StatusCode)
	case response.Header.Get("X-Origin-Run") != o.token:
		return fmt.Errorf("answer to %s: X-Origin-Run %q, want %q: it did not come from the origin of this run", path, response.Header.Get("X-Origin-Run"), o.token)
	case !bytes.Equal(body, want):
		return fmt.Errorf("answer to %s: %d bytes of body, want the %d bytes of the origin", path, len(body), len(want))
	}
	return nil
}

// Await probes an address until the answer is right, the program has ended or ten seconds are over.
func (o *Origin) Await(ctx context.Context, p *process.Process, address string) error {
	deadline := time.Now().Add(10 * time.Second)
	for {
		_, err := o.Probe(ctx, address, SmallPath)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-p.Ended():
			return fmt.Errorf("%s ended before it served:\n%s", p.Name, p.Tail())
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s does not serve after 10s: %w\n%s", p.Name, err, p.Tail())
		}
	}
}

// AwaitSelf waits until the origin itself answers.
func (o *Origin) AwaitSelf(ctx context.Context) error {
	return o.Await(ctx, o.program, fmt.Sprintf("127.0.0.1:%d", o.Port))
}

var statusLine = regexp.MustCompile(`(?m)^\s*\d+ \d+ (\d+)\s*$`)

// Served is how many requests the origin has answered since its start. Asking counts as one itself.
func (o *Origin) Served(ctx context.Context) (int64, error) {
	text, err := scrape.Fetch(ctx, fmt.Sprintf("http://127.0.0.1:%d/", o.statusPort))
	if err != nil {
		return 0, err
	}
	match := statusLine.FindStringSubmatch(text)
	if match == nil {
		return 0, fmt.Errorf("status of the origin: counters expected, got %q", strings.TrimSpace(text))
	}
	return strconv.ParseInt(match[1], 10, 64)
}

type counter struct {
	from  io.Reader
	bytes int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.bytes += int64(n)
	return n, err
}
