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
		{Proxy: proxies.NetHTTP, Cell: "64", Round: 1, CPUMicros: 240},
		{Proxy: proxies.OutriggerFull, Cell: "64", Round: 1, CPUMicros: 120, IdleBytes: 20<<20 + 1},
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

func TestAddedLatencyIsTheDifferenceToTheOriginInTheSameRound(t *testing.T) {
	samples := []Sample{
		{Proxy: Direct, Cell: "paced", Round: 1, P50Micros: 100, P99Micros: 300},
		{Proxy: proxies.HAProxy, Cell: "paced", Round: 1, P50Micros: 150, P99Micros: 400},
		{Proxy: proxies.OutriggerFull, Cell: "paced", Round: 1, P50Micros: 160, P99Micros: 500},
		{Proxy: Direct, Cell: "paced", Round: 2, P50Micros: 200, P99Micros: 600},
		{Proxy: proxies.HAProxy, Cell: "paced", Round: 2, P50Micros: 250, P99Micros: 700},
		{Proxy: proxies.OutriggerFull, Cell: "paced", Round: 2, P50Micros: 260, P99Micros: 800},
	}
	if got, want := Added(samples, proxies.OutriggerFull, "paced", p50), (Range{60, 60, 60}); got != want {
		t.Errorf("Added = %v, want %v", got, want)
	}
	bars := Bars(samples)
	if len(bars) != 2 || bars[0].Measured != 1.2 || !bars[0].Met || bars[1].Measured != 2 || bars[1].Met {
		t.Errorf("bars = %+v, want the median met at 1.2 and the p99 missed at 2", bars)
	}
	if got := addedRatio(samples[:2], proxies.OutriggerFull, "paced", p50); got != 0 {
		t.Errorf("a proxy that took no part has the ratio %v", got)
	}
}

func TestMemoryThatFollowsTheSizeOfBodiesMissesItsBar(t *testing.T) {
	busy := func(cell string, mib int64) Sample {
		return Sample{Proxy: proxies.OutriggerFull, Cell: cell, Round: 1, BusyBytes: mib << 20}
	}
	for _, c := range []struct {
		huge int64
		met  bool
	}{{40, true}, {46, true}, {47, false}, {140, false}} {
		bars := Bars([]Sample{busy("1m", 40), busy("100m", c.huge)})
		if len(bars) != 1 || bars[0].Met != c.met {
			t.Errorf("40 MiB with small and %d MiB with huge bodies: %+v", c.huge, bars)
		}
	}
}

func TestEveryCellIsMeasuredWithHAProxyAndBothPolicies(t *testing.T) {
	for _, cell := range Cells() {
		for _, name := range []string{proxies.HAProxy, proxies.OutriggerFull, proxies.OutriggerPass} {
			proxy, err := proxies.Named(name)
			if err != nil || !cell.Takes(proxy) {
				t.Errorf("cell %s leaves %s out", cell.Name, name)
			}
		}
	}
}

func TestBodiesUnderWayAtTheEndsOfARunCountInPart(t *testing.T) {
	figures := load.Figures{Requests: 10, Bytes: 12_500}
	for name, c := range map[string]struct {
		cell Cell
		want float64
	}{
		"small answers": {Cell{}, 10},
		"large answers": {Cell{Large: true}, 12.5},
		"uploads":       {Cell{Upload: 2000}, 11},
	} {
		v := verifier{cell: c.cell, answerBytes: 1000}
		if got := v.carried(figures, 22_000); got != c.want {
			t.Errorf("%s: %v carried, want %v", name, got, c.want)
		}
	}
}
