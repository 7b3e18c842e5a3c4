// Package origin runs the nginx that answers behind every proxy of the benchmark, and tells whether an answer came from it.
//
// It decides what is asked and what the right answer is. It refuses to know which proxy stands in between.
package origin

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
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

// Paths of the resources. All are operations of the spec that Outrigger is given.
const (
	SmallPath = "/items/42"
	LargePath = "/exports/7"
	HugePath  = "/exports/100"
	// UploadPath is where a Sink takes bodies.
	UploadPath = "/exports"
)

// LargeBytes and HugeBytes are the sizes of the bodies at LargePath and HugePath.
const (
	LargeBytes = 1 << 20
	HugeBytes  = 100 << 20
)

// Small is the small body: 130 bytes of JSON.
const Small = `{"id":42,"name":"outrigger canoe","unit":"piece","stock":17,"price":{"amount":"1299.00","currency":"EUR"},"tags":["boat","float"]}`

//go:embed nginx.conf.tmpl
var config string

// Origin is a running nginx.
type Origin struct {
	Port       int
	statusPort int
	token      string
	// sums are the SHA-256 of the right bodies by their path.
	sums    map[string][sha256.Size]byte
	lab     *lab.Lab
	program *process.Process
}

// Start runs the origin on the core of the load generator.
func Start(l *lab.Lab) (*Origin, error) {
	o := &Origin{token: newToken(), lab: l, sums: map[string][sha256.Size]byte{SmallPath: sha256.Sum256([]byte(Small))}}
	var err error
	if o.Port, err = lab.FreePort(); err != nil {
		return nil, err
	}
	if o.statusPort, err = lab.FreePort(); err != nil {
		return nil, err
	}
	if err := o.put("large.bin", LargePath, LargeBytes); err != nil {
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

func newToken() string { return strconv.FormatUint(rand.Uint64(), 36) }

// PutHuge makes HugePath answer. It takes HugeBytes of disk.
func (o *Origin) PutHuge() error { return o.put("huge.bin", HugePath, HugeBytes) }

func (o *Origin) put(file, path string, size int) error {
	body := noise(size)
	o.sums[path] = sha256.Sum256(body)
	_, err := o.lab.Write(file, body)
	return err
}

// noise is a body that does not compress and is the same in every run.
func noise(size int) []byte {
	body := make([]byte, size)
	source := rand.NewChaCha8([32]byte{1})
	_, _ = source.Read(body)
	return body
}

// Probe asks an address for one of the paths and returns the whole size of the answer, head included.
// The answer must be a 200 with the right body and the token of this very origin.
func (o *Origin) Probe(ctx context.Context, address, path string) (int64, error) {
	dialer := net.Dialer{Timeout: 2 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(probeTimeout))
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, address); err != nil {
		return 0, err
	}
	counted := &counter{from: conn}
	response, err := http.ReadResponse(bufio.NewReader(counted), nil)
	if err != nil {
		return 0, fmt.Errorf("answer of %s%s: %w", address, path, err)
	}
	sum := sha256.New()
	size, err := io.Copy(sum, response.Body)
	if err != nil {
		return 0, fmt.Errorf("body of %s%s: %w", address, path, err)
	}
	return counted.bytes, o.judge(path, response, size, sum.Sum(nil))
}

// probeTimeout bounds one probe; a huge body takes a while on a busy machine.
const probeTimeout = 20 * time.Second

func (o *Origin) judge(path string, response *http.Response, size int64, sum []byte) error {
	want := o.sums[path]
	switch {
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("answer to %s: status %d, want 200", path, response.StatusCode)
	case response.Header.Get("X-Origin-Run") != o.token:
		return fmt.Errorf("answer to %s: X-Origin-Run %q, want %q: it did not come from the origin of this run", path, response.Header.Get("X-Origin-Run"), o.token)
	case !bytes.Equal(sum, want[:]):
		return fmt.Errorf("answer to %s: %d bytes of body, and not those of the origin", path, size)
	}
	return nil
}

// Await probes an address until the answer is right, the program has ended or ten seconds are over.
func (o *Origin) Await(ctx context.Context, p *process.Process, address string) error {
	return await(ctx, p, func() error {
		_, err := o.Probe(ctx, address, SmallPath)
		return err
	})
}

func await(ctx context.Context, p *process.Process, probe func() error) error {
	deadline := time.Now().Add(10 * time.Second)
	for {
		err := probe()
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
