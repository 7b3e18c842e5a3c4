package observe

import (
	"bytes"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

// logging returns an observer with the given log settings and what it writes.
func logging(t *testing.T, settings policy.Log) (*Observer, *bytes.Buffer) {
	var out bytes.Buffer
	log, err := NewLogger(&out, "json", new(slog.LevelVar))
	if err != nil {
		t.Fatal(err)
	}
	o := New(Options{Log: log})
	o.Adopt(&policy.Set{Version: version, Service: "orders", Log: settings}, "policy.yaml")
	return o, &out
}

func TestAnExchangeIsOneLineWithTheFieldsInOrder(t *testing.T) {
	o, out := logging(t, policy.Log{Requests: policy.LogAll})
	series(o).Record(ended(t))
	series(o).Record(ended(t, func(ex *exchange.Exchange) {
		ex.Status, ex.Outcome, ex.Failure = 504, policy.Failed, failure.New(failure.UpstreamTimeout, "no answer")
		tried(ex, "", 0)
		ex.BytesIn = 17
	}))
	want := `{"time":"2026-11-24T10:00:00.127456789Z","level":"INFO","msg":"exchange","direction":"outbound","service":"orders","upstream":"inventory",` +
		`"operation":"getStock","method":"GET","path":"/stock/42","status":200,"outcome":"ok","attempts":1,"duration_ms":4,"upstream_duration_ms":3,` +
		`"bytes_in":0,"bytes_out":130,"endpoint":"inventory:8080","client":"10.0.0.7:41000","trace_id":"` + traceID + `","span_id":"` + spanID + `",` +
		`"request_id":"req-1","policy":"0123456789ab"}` + "\n" +
		`{"time":"2026-11-24T10:00:00.127456789Z","level":"WARN","msg":"exchange","direction":"outbound","service":"orders","upstream":"inventory",` +
		`"operation":"getStock","method":"GET","path":"/stock/42","status":504,"outcome":"failed","code":"upstream_timeout","attempts":2,"duration_ms":4,"upstream_duration_ms":6,` +
		`"bytes_in":17,"bytes_out":130,"endpoint":"inventory:8080","client":"10.0.0.7:41000","trace_id":"` + traceID + `","span_id":"` + spanID + `",` +
		`"request_id":"req-1","policy":"0123456789ab"}` + "\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestTheFastWayToALineWritesWhatSlogWrites(t *testing.T) {
	odd := []string{
		"", "plain", `quote " and \`, "<html> & more", "tab\tnewline\nreturn\rnul\x00bell\x07escape\x1b", "del\x7f", "é 漢 🚣", "\u2028\u2029",
		"broken \xff\xc3", "\xed\xa0\x80", strings.Repeat("long", 3000),
	}
	edit := func(s string) func(*exchange.Exchange) {
		return func(ex *exchange.Exchange) {
			ex.Path, ex.Method, ex.Client, ex.RequestID = s, s, s, s
			ex.Duration = time.Duration(len(s)) * 1234567
			ex.BytesIn = -1
			tried(ex, "", 0).Duration = 987 * time.Microsecond
		}
	}
	var fast, slow bytes.Buffer
	log, err := NewLogger(&fast, "json", new(slog.LevelVar))
	if err != nil {
		t.Fatal(err)
	}
	quick, plain := New(Options{Log: log}), New(Options{Log: slog.New(slog.NewJSONHandler(&slow, nil))})
	for _, s := range odd {
		series(quick).Record(ended(t, edit(s)))
		series(plain).Record(ended(t, edit(s)))
	}
	if diff := cmp.Diff(slow.String(), fast.String()); diff != "" {
		t.Error(diff)
	}
}

func TestThePolicySaysWhichExchangesAreLogged(t *testing.T) {
	well := func(*exchange.Exchange) {}
	unwell := func(ex *exchange.Exchange) { ex.Status, ex.Outcome = 503, policy.UpstreamError }
	mistaken := func(ex *exchange.Exchange) { ex.Status, ex.Outcome = 404, policy.ClientError }
	for name, c := range map[string]struct {
		log  policy.Log
		edit func(*exchange.Exchange)
		low  int // of 1000
		high int
	}{
		"all, well":            {policy.Log{Requests: policy.LogAll}, well, 1000, 1000},
		"failures, well":       {policy.Log{Requests: policy.LogFailures}, well, 0, 0},
		"failures, 404":        {policy.Log{Requests: policy.LogFailures}, mistaken, 0, 0},
		"failures, 503":        {policy.Log{Requests: policy.LogFailures}, unwell, 1000, 1000},
		"sample of 10%, well":  {policy.Log{Requests: policy.LogSample, Sample: 0.1}, well, 30, 250},
		"sample of 10%, 503":   {policy.Log{Requests: policy.LogSample, Sample: 0.1}, unwell, 1000, 1000},
		"sample of none, well": {policy.Log{Requests: policy.LogSample}, well, 0, 0},
	} {
		o, out := logging(t, c.log)
		s := series(o)
		for range 1000 {
			s.Record(ended(t, c.edit))
		}
		if n := strings.Count(out.String(), "\n"); n < c.low || n > c.high {
			t.Errorf("%s: %d lines, want %d to %d", name, n, c.low, c.high)
		}
	}
}

func TestTheLevelMayChangeWhileLinesAreWritten(t *testing.T) {
	var out bytes.Buffer
	level := new(slog.LevelVar)
	log, err := NewLogger(&out, "text", level)
	if err != nil {
		t.Fatal(err)
	}
	s := series(New(Options{Log: log}))
	s.Record(ended(t))
	level.Set(slog.LevelWarn)
	s.Record(ended(t))
	if n := strings.Count(out.String(), "msg=exchange"); n != 1 {
		t.Errorf("%d lines:\n%s", n, &out)
	}
	if _, err := NewLogger(io.Discard, "xml", level); err == nil || !strings.Contains(err.Error(), "json or text") {
		t.Errorf("an unknown format gives %v", err)
	}
}

func TestALineIsBoundedAndWrittenAtOnce(t *testing.T) {
	var out writes
	log, err := NewLogger(&out, "json", new(slog.LevelVar))
	if err != nil {
		t.Fatal(err)
	}
	s := series(New(Options{Log: log}))
	s.Record(ended(t, func(ex *exchange.Exchange) {
		ex.Path, ex.Method = "/"+strings.Repeat("x", 1<<20), strings.Repeat("M", 1<<20)
	}))
	log.Info("another line")
	if len(out) != 2 || out[0] > 2048 || slices.Contains(out, 0) {
		t.Errorf("writes of %v bytes", out)
	}
}

// writes notes the size of each write.
type writes []int

func (w *writes) Write(b []byte) (int, error) {
	*w = append(*w, len(b))
	return len(b), nil
}
