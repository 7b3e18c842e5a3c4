package main

import "testing"

func TestTheCollectorWaitsLongerUnderLoadOnly(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		name  string
		live  uint64
		roots uint64
		rate  float64 // MiB a second
		want  int
	}{
		{"a small heap under load may grow to the busy size", 5 * mib, 0, 40, 260},
		{"a tiny one not without bound", mib / 2, 0, 40, mostPercent},
		{"half of it is Go's own setting", 9 * mib, 0, 40, calmPercent},
		{"a large heap too", 100 * mib, 0, 40, calmPercent},
		{"stacks count, so that many of them leave less room", 8 * mib, 3 * mib, 40, 60},
		{"with or without load", 8 * mib, 3 * mib, 1, 60},
		{"but never less than half", 9 * mib, 90 * mib, 40, leastPercent},
		{"of a large heap they are left out", 40 * mib, 10 * mib, 0, 80},
		{"and whatever is calm", 4 * mib, 0, 1, calmPercent},
		{"and what is not known", 0, 0, 40, calmPercent},
	} {
		if got := percentFor(c.live, c.roots, c.rate*mib); got != c.want {
			t.Errorf("%s: %d %%, want %d", c.name, got, c.want)
		}
	}
}

func TestMemoryIsGivenBackAfterALoadAsLongAsThatHelps(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		name   string
		now    figures
		before uint64
		want   bool
	}{
		{"garbage of a load", figures{live: 4 * mib, objects: 20 * mib}, 0, true},
		{"memory that is held and not used", figures{live: 4 * mib, objects: 4 * mib, free: 30 * mib}, 0, true},
		{"stacks that have become smaller become smaller still", figures{live: mib, objects: mib, stacks: 40 * mib}, 80 * mib, true},
		{"those that have not do not", figures{live: mib, objects: mib, stacks: 40 * mib}, 41 * mib, false},
		{"an idle sidecar keeps still", figures{live: 3 * mib, objects: 5 * mib, free: mib, stacks: mib}, 2 * mib, false},
		{"nothing is known", figures{}, 0, false},
	} {
		if got := c.now.worthwhile(c.before); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
	if f := readFigures(); f.objects == 0 || f.allocs == 0 || f.stacks == 0 || f.roots == 0 {
		t.Errorf("the runtime tells nothing: %+v", f)
	}
}
