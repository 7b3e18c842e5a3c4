package compare

import (
	"testing"

	"outrigger/bench/internal/load"
	"outrigger/bench/internal/proxies"
)

func TestARatioComparesMeasurementsOfTheSameRound(t *testing.T) {
	// The machine is twice as slow in the second round, for both alike.
	samples := []Sample{
		{Proxy: "haproxy", Cell: "64", Round: 1, CPUMicros: 10},
		{Proxy: "nethttp", Cell: "64", Round: 1, CPUMicros: 20},
		{Proxy: "haproxy", Cell: "64", Round: 2, CPUMicros: 20},
		{Proxy: "nethttp", Cell: "64", Round: 2, CPUMicros: 44},
		{Proxy: "haproxy", Cell: "1", Round: 1, CPUMicros: 1},
		{Proxy: "nethttp", Cell: "64", Round: 3, CPUMicros: 900},
	}
	if got, want := Ratio(samples, "nethttp", "haproxy", "64", cpu), (Range{2.1, 2, 2.2}); got != want {
		t.Errorf("Ratio = %v, want %v", got, want)
	}
	if got := Ratio(samples, "nethttp", "nginx", "64", cpu); got != (Range{}) {
		t.Errorf("Ratio to an absent proxy = %v", got)
	}
}

func TestABarIsMissedByTheSlightestExcess(t *testing.T) {
	samples := []Sample{
		{Proxy: proxies.HAProxy, Cell: "64", Round: 1, CPUMicros: 100},
		{Proxy: proxies.NetHTTP, Cell: "64", Round: 1, CPUMicros: 260},
		{Proxy: proxies.OutriggerFull, Cell: "64", Round: 1, CPUMicros: 130, IdleBytes: 20<<20 + 1},
	}
	bars := Bars(samples)
	if len(bars) != 3 || !bars[0].Met || !bars[1].Met || bars[2].Met {
		t.Fatalf("bars = %+v, want both ratios met and idle memory missed", bars)
	}
	if Missed(bars[:2]) != nil || Missed(bars) == nil {
		t.Error("Missed must be an error exactly when a bar is missed")
	}
}

func TestARunIsRefusedWhenTheOriginDisagrees(t *testing.T) {
	v := verifier{cell: Cell{Connections: 4}, answerBytes: 300}
	for _, c := range []struct {
		name    string
		figures load.Figures
		served  int64
		good    bool
	}{
		{"all came from the origin", load.Figures{Requests: 1000, Bytes: 300_000}, 1003, true},
		{"some were answered by the proxy", load.Figures{Requests: 1000, Bytes: 300_000}, 999, false},
		{"some were sent twice", load.Figures{Requests: 1000, Bytes: 300_000}, 1011, false},
		{"answers were shorter", load.Figures{Requests: 1000, Bytes: 270_000}, 1003, false},
		{"answers were longer", load.Figures{Requests: 1000, Bytes: 330_000}, 1003, false},
	} {
		if err := v.counts(c.figures, c.served); (err == nil) != c.good {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestTheMiddleOfAnEvenNumberLiesBetween(t *testing.T) {
	if got := middle([]float64{9, 1, 2, 4}); got != 3 {
		t.Errorf("middle = %v, want 3", got)
	}
	if got := middle([]float64{9, 1, 2}); got != 2 {
		t.Errorf("middle = %v, want 2", got)
	}
}
