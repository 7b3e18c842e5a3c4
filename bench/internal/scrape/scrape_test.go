package scrape

import (
	"strings"
	"testing"
)

func TestSumAddsTheSamplesThatCarryTheLabels(t *testing.T) {
	samples, err := Parse(strings.NewReader(`# HELP a_total things
# TYPE a_total counter
a_total{operation="get,Item",status="200"} 3
a_total{operation="get,Item",status="500",} 4 1700000000
a_total{operation="quo\"te}",status="200"} 5e0
b 1.5
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		labels []string
		want   float64
	}{
		{"a_total", nil, 12},
		{"a_total", []string{"status", "200"}, 8},
		{"a_total", []string{"status", "500", "operation", "get,Item"}, 4},
		{"a_total", []string{"operation", `quo"te}`}, 5},
		{"b", nil, 1.5},
		{"absent", nil, 0},
	} {
		if got := samples.Sum(c.name, c.labels...); got != c.want {
			t.Errorf("Sum(%s, %q) = %v, want %v", c.name, c.labels, got, c.want)
		}
	}
}

func TestParseRefusesALineThatIsNoSample(t *testing.T) {
	for _, line := range []string{"lonely", `a{b="c"`, `a{b="c"}`, `a{b} 1`, `a x`, `a{b=c} 1`} {
		if _, err := Parse(strings.NewReader(line)); err == nil {
			t.Errorf("Parse(%q): no error", line)
		}
	}
}
