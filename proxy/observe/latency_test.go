package observe

import (
	"context"
	"math"
	"testing"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
)

func TestLatencyIsWhatTheHistogramsKnow(t *testing.T) {
	s := New(Options{}).Series(policy.Outbound, "inventory", "getStock")
	if exchanges, attempts := s.Latency(); exchanges != nil || attempts != nil {
		t.Fatalf("before the first exchange: %v, %v", exchanges, attempts)
	}
	const n = 1000
	for i := range n { // 1 ms to 1 s
		d := time.Duration(i+1) * time.Millisecond
		ex := exchange.New(context.Background(), &policy.Upstream{Name: "inventory"}, &policy.Operation{ID: "getStock"}, time.Now())
		ex.Status, ex.Outcome, ex.Duration = 200, policy.OK, d
		a := ex.Open(ex.Start)
		a.Endpoint = "127.0.0.1:1"
		a.Duration = d
		s.Record(ex)
	}
	exchanges, attempts := s.Latency()
	if exchanges.Count != n || attempts.Count != n {
		t.Fatalf("%d exchanges and %d attempts of %d", exchanges.Count, attempts.Count, n)
	}
	for _, c := range []struct {
		name      string
		got, want float64
		off       float64 // how far from it the buckets let it be
	}{
		{"median of exchanges", exchanges.P50, 500, .06},
		{"p95 of exchanges", exchanges.P95, 950, .06},
		{"p99 of exchanges", exchanges.P99, 990, .06},
		{"p99.9 of exchanges", exchanges.P999, 999, .06},
		{"median of attempts", attempts.P50, 500, .01},
		{"p95 of attempts", attempts.P95, 950, .01},
	} {
		if math.Abs(c.got-c.want) > c.off*c.want {
			t.Errorf("%s is %v ms, want %v within %v", c.name, c.got, c.want, c.off)
		}
	}
}

func TestWhatLastsLongerThanTheLastBucketCountsAsItsBound(t *testing.T) {
	h := newFamilies().attemptDuration.WithLabelValues("inventory", "getStock")
	for range 10 {
		h.Observe(3600)
	}
	if l := latencyOf(h); l.P50 > 30_000 || l.P999 > 30_000 || l.Count != 10 {
		t.Errorf("%+v", l)
	}
}
