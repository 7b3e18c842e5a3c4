package observe

import (
	"testing"
)

func TestAnOrdinaryExchangeIsRecordedWithoutAllocation(t *testing.T) {
	o := New(Options{})
	s, ex := series(o), ended(t)
	for range MaxDecisions { // every record of the ring has its memory then
		s.Record(ex)
	}
	if allocs := testing.AllocsPerRun(1000, func() { s.Record(ex) }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func BenchmarkRecord(b *testing.B) {
	s, ex := series(New(Options{})), ended(b)
	b.ReportAllocs()
	for b.Loop() {
		s.Record(ex)
	}
}
