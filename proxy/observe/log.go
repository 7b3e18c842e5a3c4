package observe

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

const (
	// versionDigits of a set's version tell sets apart in logs and decisions.
	versionDigits = 12
	// maxPath bounds the path in log lines and decisions. A request line may hold more, which nobody reads and which many a
	// log collector would cut in the middle.
	maxPath   = 1024
	maxMethod = 32
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
	at := ex.Start.Add(ex.Duration)
	attrs := [...]slog.Attr{
		slog.String("direction", string(s.direction)), slog.String("service", set.service),
		slog.String("upstream", s.upstreamOf(ex)), slog.String("operation", s.operationOf(ex)),
		slog.String("method", clip(ex.Method, maxMethod)), slog.String("path", clip(ex.Path, maxPath)),
		slog.Int("status", ex.Status), slog.String("outcome", string(ex.Outcome)), code(sum), violation(ex), reason(ex),
		slog.Int("attempts", sum.attempts),
		slog.Float64("duration_ms", milliseconds(ex.Duration)), slog.Float64("upstream_duration_ms", milliseconds(sum.upstream)),
		slog.Int64("bytes_in", ex.BytesIn), slog.Int64("bytes_out", ex.BytesOut),
		slog.String("endpoint", sum.endpoint), slog.String("client", ex.Client),
		slog.String("trace_id", ex.TraceID), slog.String("span_id", ex.SpanID), slog.String("request_id", ex.RequestID),
		slog.String("policy", clip(ex.Version, versionDigits)),
	}
	if fast, ok := handler.(*jsonHandler); ok {
		fast.line(at, level, attrs[:])
		return
	}
	record := slog.NewRecord(at, level, message, 0)
	record.AddAttrs(attrs[:]...)
	_ = handler.Handle(context.Background(), record) // a log that cannot be written has nowhere to say so
}

// message is what all lines about exchanges say.
const message = "exchange"

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

// violation is absent where no message broke its contract. It holds no value of the message.
func violation(ex *exchange.Exchange) slog.Attr {
	v := ex.Violation()
	if v == nil {
		return slog.Attr{}
	}
	return slog.String("violation", v.String())
}

// maxReason bounds what a line says of an invalid request; the wire's reasons are a few words.
const maxReason = 200

// reason tells which rule a request broke. Its words are ours: nothing in them came from the client.
func reason(ex *exchange.Exchange) slog.Attr {
	if ex.Failure == nil || ex.Failure.Code != failure.RequestInvalid {
		return slog.Attr{}
	}
	return slog.String("reason", clip(ex.Failure.Detail, maxReason))
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

// NewLogger returns a logger that writes to w in the given format, json or text, what is at least as severe as level.
// The level may be changed while it is in use. Every line is one Write, and w is safe for concurrent use.
func NewLogger(w io.Writer, format string, level *slog.LevelVar) (*slog.Logger, error) {
	options := &slog.HandlerOptions{Level: level}
	switch format {
	case "json":
		return slog.New(&jsonHandler{slog.NewJSONHandler(w, options), w}), nil
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	}
	return nil, fmt.Errorf("log format %q is unknown: write json or text", format)
}

// jsonHandler is slog's, with a way of its own for the one line that every exchange writes: slog takes 3 µs for its twenty
// attributes, a tenth of what the whole exchange costs. Both ways write the same bytes, which a test compares.
type jsonHandler struct {
	*slog.JSONHandler
	out io.Writer
}

var lines = sync.Pool{New: func() any {
	b := make([]byte, 0, 1024)
	return &b
}}

func (h *jsonHandler) line(at time.Time, level slog.Level, attrs []slog.Attr) {
	buf := lines.Get().(*[]byte)
	defer lines.Put(buf)
	b := (*buf)[:0]
	b = append(b, `{"time":"`...)
	b = at.AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","level":"`...)
	b = append(b, level.String()...)
	b = append(b, `","msg":"`+message+`"`...)
	for i := range attrs {
		if attrs[i].Key != "" {
			b = append(b, `,"`...)
			b = append(b, attrs[i].Key...)
			b = append(b, `":`...)
			b = appendValue(b, &attrs[i].Value)
		}
	}
	b = append(b, "}\n"...)
	_, _ = h.out.Write(b) // a log that cannot be written has nowhere to say so
	*buf = b
}

func appendValue(b []byte, v *slog.Value) []byte {
	switch v.Kind() {
	case slog.KindInt64:
		return strconv.AppendInt(b, v.Int64(), 10)
	case slog.KindFloat64:
		return strconv.AppendFloat(b, v.Float64(), 'f', -1, 64)
	}
	s := v.String()
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return appendEscaped(b, s)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// appendEscaped takes the long way, for strings that hardly ever come.
func appendEscaped(b []byte, s string) []byte {
	w := appender{b}
	e := json.NewEncoder(&w)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always encodes
	return w.b[:len(w.b)-1]
}

type appender struct{ b []byte }

// Write appends p.
func (a *appender) Write(p []byte) (int, error) {
	a.b = append(a.b, p...)
	return len(p), nil
}
