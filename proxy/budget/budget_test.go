package budget

import (
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"outrigger/policy"
)

var standard = policy.Budget{Ratio: 0.2, Floor: 10, Window: 10 * time.Second}

func spend(b *Budget) int {
	n := 0
	for b.TryExtra(time.Now()) {
		n++
	}
	return n
}

func note(b *Budget, n int) {
	for range n {
		b.Note(time.Now())
	}
}

func TestAQuietServiceMayRetryUpToTheFloor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(standard)
		if got := spend(b); got != 10 {
			t.Errorf("%d extra attempts without traffic, want the floor of 10", got)
		}
		if got := b.AvailableRatio(); got != 0 {
			t.Errorf("%v is left of a budget that is used up", got)
		}
		time.Sleep(9 * time.Second) // still within the window
		if b.TryExtra(time.Now()) {
			t.Error("the floor was refilled within its window")
		}
		time.Sleep(3 * time.Second) // out of it, also by its coarsest slice
		if got := spend(b); got != 10 {
			t.Errorf("%d extra attempts in a new window, want 10", got)
		}
	})
}

func TestExtraAttemptsAreAShareOfTheRequestsPlusTheFloor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for requests, want := range map[int]int{0: 10, 4: 10, 5: 11, 100: 30, 1000: 210} {
			b := New(standard)
			note(b, requests)
			if got := spend(b); got != want {
				t.Errorf("%d requests: %d extra attempts, want %d", requests, got, want)
			}
		}
		exact := New(policy.Budget{Ratio: 0.29, Window: time.Second}) // 0.29 × 100 is 28.999… in binary
		note(exact, 100)
		if got := spend(exact); got != 29 {
			t.Errorf("29 %% of 100 requests are %d", got)
		}
	})
}

func TestABudgetThatIsOffBoundsNothingAndSaysSo(t *testing.T) {
	b := New(policy.Budget{Off: true})
	for range 1000 {
		if !b.TryExtra(time.Now()) {
			t.Fatal("refused")
		}
	}
	if got := b.AvailableRatio(); got != 1 {
		t.Errorf("%v is left", got)
	}
}

func TestAnEditKeepsTheShareThatIsLeftAndNeverRefills(t *testing.T) {
	for _, c := range []struct {
		name  string
		after policy.Budget
		want  int
	}{
		{"the same settings", standard, 15},
		{"twice the floor and ratio", policy.Budget{Ratio: 0.4, Floor: 20, Window: 10 * time.Second}, 30},
		{"half the floor and ratio", policy.Budget{Ratio: 0.1, Floor: 5, Window: 10 * time.Second}, 7},
		{"a longer window", policy.Budget{Ratio: 0.2, Floor: 10, Window: time.Minute}, 15},
		{"a shorter window", policy.Budget{Ratio: 0.2, Floor: 10, Window: time.Second}, 15},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := New(standard)
				time.Sleep(time.Hour)
				note(b, 100)
				for range 15 { // half of 30
					b.TryExtra(time.Now())
				}
				b.Adopt(c.after)
				if got := b.AvailableRatio(); math.Abs(got-0.5) > 0.04 {
					t.Errorf("%v is left, want half", got)
				}
				if got := spend(b); got != c.want {
					t.Errorf("%d extra attempts are left, want %d", got, c.want)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		b := New(standard)
		spend(b)
		for range 100 {
			b.Adopt(policy.Budget{Ratio: 0.2, Floor: 100, Window: time.Minute})
			b.Adopt(standard)
		}
		if got := spend(b); got != 0 {
			t.Errorf("flipping the settings gave %d extra attempts", got)
		}
	})
}

// The oracle knows every instant; the budget only slices. In no window that ends at a decision may there be more than was promised.
func TestNoWindowHoldsMoreThanPromised(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		settings := policy.Budget{
			Ratio: rapid.Float64Range(0, 1).Draw(t, "ratio"), Floor: rapid.IntRange(0, 5).Draw(t, "floor"), Window: 10 * time.Second,
		}
		b := New(settings)
		now := b.origin
		var requests, extras []time.Time
		count := func(of []time.Time) (n int) {
			for _, at := range of {
				if now.Sub(at) < settings.Window {
					n++
				}
			}
			return n
		}
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 2000).Draw(t, "ms")) * time.Millisecond)
			if rapid.Bool().Draw(t, "request") {
				b.Note(now)
				requests = append(requests, now)
				continue
			}
			if !b.TryExtra(now) {
				continue
			}
			extras = append(extras, now)
			if got, most := float64(count(extras)), float64(settings.Floor)+settings.Ratio*float64(count(requests)); got > most+1e-6 {
				t.Fatalf("%v extra attempts in a window that allows %v", got, most)
			}
		}
	})
}

func TestManyGoroutinesSpendNoMoreThanOne(t *testing.T) {
	b := New(standard)
	var wg sync.WaitGroup
	var mu sync.Mutex
	total := 0
	for range 8 {
		wg.Go(func() {
			n := spend(b)
			mu.Lock()
			total += n
			mu.Unlock()
		})
	}
	wg.Wait()
	if total != 10 {
		t.Errorf("%d extra attempts, want 10", total)
	}
}

func TestCountingAllocatesNothing(t *testing.T) {
	b := New(standard)
	if n := testing.AllocsPerRun(100, func() { b.Note(time.Now()); b.TryExtra(time.Now()) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
