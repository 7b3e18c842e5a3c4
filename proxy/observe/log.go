package observe

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
)

// NewLogger returns a logger that writes to w in the given format, json or text, what is at least as severe as level.
// The level may be changed while it is in use.
func NewLogger(w io.Writer, format string, level *slog.LevelVar) (*slog.Logger, error) {
	options := &slog.HandlerOptions{Level: level}
	switch format {
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	}
	return nil, fmt.Errorf("log format %q is unknown: write json or text", format)
}

const (
	// versionDigits of a set's version tell sets apart in logs and decisions.
	versionDigits = 12
	// maxPath bounds the path in log lines and decisions. A request line may hold more, which nobody reads and which many a
	// log collector would cut in the middle.
	maxPath = 1024
)

// line writes the one log line of an exchange, if the policy wants it. No header value and no query is ever in it.
func (o *Observer) line(s *Series, ex *exchange.Exchange, sum *summary) {
	if o.log == nil {
		return
	}
	set := o.settings.Load()
	if !wanted(set.log, sum.failed) {
		return
	}
	level := slog.LevelInfo
	if sum.failed {
		level = slog.LevelWarn
	}
	handler := o.log.Handler()
	if !handler.Enabled(context.Background(), level) {
		return
	}
	record := slog.NewRecord(ex.Start.Add(ex.Duration), level, "exchange", 0)
	record.AddAttrs(
		slog.String("direction", string(s.direction)), slog.String("service", set.service),
		slog.String("upstream", s.upstreamOf(ex)), slog.String("operation", s.operationOf(ex)),
		slog.String("method", ex.Method), slog.String("path", clip(ex.Path, maxPath)),
		slog.Int("status", ex.Status), slog.String("outcome", string(ex.Outcome)), code(sum),
		slog.Int("attempts", sum.attempts),
		slog.Float64("duration_ms", milliseconds(ex.Duration)), slog.Float64("upstream_duration_ms", milliseconds(sum.upstream)),
		slog.Int64("bytes_in", ex.BytesIn), slog.Int64("bytes_out", ex.BytesOut),
		slog.String("endpoint", sum.endpoint), slog.String("client", ex.Client),
		slog.String("trace_id", ex.TraceID), slog.String("span_id", ex.SpanID), slog.String("request_id", ex.RequestID),
		slog.String("policy", clip(ex.Version, versionDigits)),
	)
	_ = handler.Handle(context.Background(), record) // a log that cannot be written has nowhere to say so
}

func wanted(log policy.Log, failed bool) bool {
	switch {
	case failed || log.Requests == policy.LogAll:
		return true
	case log.Requests == policy.LogSample:
		return rand.Float64() < log.Sample
	}
	return false
}

// code is absent when all went well: handlers leave an empty attribute out.
func code(sum *summary) slog.Attr {
	if sum.code == "" {
		return slog.Attr{}
	}
	return slog.String("code", string(sum.code))
}

// upstreamOf and operationOf name what the exchange was for, also where its series is shared.
func (s *Series) upstreamOf(ex *exchange.Exchange) string {
	if ex.Upstream != nil {
		return ex.Upstream.Name
	}
	return s.upstream
}

func (s *Series) operationOf(ex *exchange.Exchange) string {
	if ex.Operation != nil {
		return ex.Operation.ID
	}
	return s.operation
}

// milliseconds keeps three decimals: microseconds are what a proxy's own share is measured in.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func clip(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}
