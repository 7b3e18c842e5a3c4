package main

import (
	"testing"
	"time"
)

func TestTheCollectorWaitsLongerUnderLoadOnly(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		name  string
		live  uint64
		since time.Duration
		want  int
	}{
		{"a small heap under load may grow to the busy size", 4 * mib, 30 * time.Millisecond, 300},
		{"a tiny one not without bound", mib / 2, 30 * time.Millisecond, mostPercent},
		{"half of it is Go's own setting", 8 * mib, 30 * time.Millisecond, calmPercent},
		{"a large heap too", 100 * mib, 30 * time.Millisecond, calmPercent},
		{"and whatever is calm", 4 * mib, time.Second, calmPercent},
		{"and what is not known", 0, time.Millisecond, calmPercent},
	} {
		if got := percentFor(c.live, c.since); got != c.want {
			t.Errorf("%s: %d %%, want %d", c.name, got, c.want)
		}
	}
}
