package proxy_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"outrigger/proxy/proxytest"
)

func TestALogThatNobodyReadsHoldsNoRequest(t *testing.T) {
	up := proxytest.NewUpstream(t, proxytest.Answer(200, "fine"))
	s := proxytest.Prepare(t, beside(up.URL(), ""))
	reader, stderr := io.Pipe() // every write to it waits for a reader that never comes
	t.Cleanup(func() { reader.Close() })
	o := s.Options()
	o.Stderr, o.Drain = stderr, 100*time.Millisecond
	s.Run(o)

	client := proxytest.Dial(t, s.Port("up"))
	path := "/" + strings.Repeat("x", 1000)
	for dropped := 0.0; dropped == 0; {
		for range 500 {
			if r := client.Do(proxytest.Get(path)); statusOf(r) != 200 {
				t.Fatalf("status %d beside a log that stands still", statusOf(r))
			}
		}
		dropped = s.Metric("outrigger_log_lines_dropped_total")
	}
}
