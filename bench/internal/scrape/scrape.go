// Package scrape reads the metrics text of a running sidecar.
//
// It understands as much of the Prometheus text format as the harness needs: samples with labels, no types, no time stamps.
package scrape

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Samples are the values of one scrape.
type Samples []sample

type sample struct {
	name   string
	labels map[string]string
	value  float64
}

// Get scrapes http://ADDRESS/metrics.
func Get(ctx context.Context, address string) (Samples, error) {
	body, err := Fetch(ctx, "http://"+address+"/metrics")
	if err != nil {
		return nil, err
	}
	return Parse(strings.NewReader(body))
}

// Fetch returns the body of a 200 answer, at most 64 MiB, within five seconds.
func Fetch(ctx context.Context, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: status %d, want 200", url, response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<20))
	return string(body), err
}

// Parse reads the text format.
func Parse(text io.Reader) (Samples, error) {
	var all Samples
	scanner := bufio.NewScanner(text)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		line := strings.TrimSpace(scanner.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		one, err := parseLine(line)
		if err != nil {
			return nil, fmt.Errorf("metrics line %q: %w", line, err)
		}
		all = append(all, one)
	}
	return all, scanner.Err()
}

func parseLine(line string) (sample, error) {
	s := sample{labels: map[string]string{}}
	end := strings.IndexAny(line, "{ ")
	if end < 0 {
		return s, fmt.Errorf("value expected after the name")
	}
	s.name = line[:end]
	rest := line[end:]
	for rest[0] == '{' || rest[0] == ',' {
		if rest = strings.TrimLeft(rest[1:], " "); rest == "" || rest[0] == '}' {
			break
		}
		name, quoted, found := strings.Cut(rest, "=")
		if !found {
			return s, fmt.Errorf("label without a value")
		}
		prefix, err := strconv.QuotedPrefix(quoted)
		if err != nil {
			return s, err
		}
		if s.labels[name], err = strconv.Unquote(prefix); err != nil {
			return s, err
		}
		if rest = quoted[len(prefix):]; rest == "" {
			return s, fmt.Errorf("labels do not end")
		}
	}
	fields := strings.Fields(strings.TrimPrefix(rest, "}"))
	if len(fields) == 0 {
		return s, fmt.Errorf("value expected after the labels")
	}
	var err error
	s.value, err = strconv.ParseFloat(fields[0], 64)
	return s, err
}

// Sum adds up the samples of a name whose labels include the given ones, written as name, value, name, value.
func (s Samples) Sum(name string, labels ...string) float64 {
	var sum float64
	for _, one := range s {
		if one.name == name && one.has(labels) {
			sum += one.value
		}
	}
	return sum
}

func (s sample) has(labels []string) bool {
	for i := 0; i+1 < len(labels); i += 2 {
		if s.labels[labels[i]] != labels[i+1] {
			return false
		}
	}
	return true
}
