package load

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"outrigger/cmd/outrigger/internal/demo/stage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAQuantileIsRightWithinAFewPercent(t *testing.T) {
	var h Histogram
	var all []time.Duration
	random := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		d := time.Duration(random.ExpFloat64()*float64(20*time.Millisecond)) + 60*time.Microsecond
		all = append(all, d)
		h.Add(d)
	}
	slices.Sort(all)
	for _, q := range []float64{.01, .5, .9, .99, 1} {
		want := all[max(0, int(q*float64(len(all)))-1)]
		if got := h.Quantile(q); float64(got) < .975*float64(want) || float64(got) > 1.025*float64(want) {
			t.Errorf("quantile %v: %v, want %v within 2.5%%", q, got, want)
		}
	}
	var empty Histogram
	if got := empty.Quantile(.5); got != 0 {
		t.Errorf("quantile of nothing: %v", got)
	}
	h = Histogram{}
	h.Add(0)
	h.Add(time.Hour)
	if low, high := h.Quantile(.5), h.Quantile(1); low != first || high < 10*time.Second {
		t.Errorf("beyond the buckets: %v and %v", low, high)
	}
}

func TestRecentFiguresForgetAndThoseOfThePhaseDoNot(t *testing.T) {
	var tally Tally
	for i := range 40 { // ten a second, for four seconds
		tally.add(sample{operation: i % Operations, path: With, phase: stage.Flaky, ended: time.Duration(i) * 100 * time.Millisecond, failed: i%2 == 0})
	}
	total := func(t Table) (n, failed int) {
		for op := range t {
			for p := range t[op] {
				n += t[op][p].Requests
				failed += t[op][p].Failed
			}
		}
		return n, failed
	}
	recent, span := tally.Recent(4*time.Second - 1)
	if n, failed := total(recent); n != 20 || failed != 10 || span != Recently-1 {
		t.Errorf("recently: %d requests, %d failed, in %v", n, failed, span)
	}
	recent, _ = tally.Recent(time.Minute)
	if n, _ := total(recent); n != 0 {
		t.Errorf("a minute later: %d requests", n)
	}
	if n, failed := total(tally.Phases()[stage.Flaky]); n != 40 || failed != 20 {
		t.Errorf("in the phase: %d requests, %d failed", n, failed)
	}
}

func TestASavedRequestIsOneThatTookMoreThanOneAttemptAndSucceeded(t *testing.T) {
	var f Figures
	f.add(sample{attempts: 1})
	f.add(sample{attempts: 3})
	f.add(sample{attempts: 2, failed: true})
	if f.Requests != 3 || f.Failed != 1 || f.Saved != 1 {
		t.Errorf("%d requests, %d failed, %d saved; want 3, 1, 1", f.Requests, f.Failed, f.Saved)
	}
	if share, counted := f.Success(); !counted || share < .66 || share > .67 {
		t.Errorf("success %v %v", share, counted)
	}
}

func TestBothPathsGetTheSameCallsInTheOrderOfThePattern(t *testing.T) {
	var mu sync.Mutex
	got := map[string][]string{}
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, call, _ := strings.Cut(r.Header.Get(stage.IDField), "/")
		mu.Lock()
		defer mu.Unlock()
		got[path] = append(got[path], call+" "+r.URL.Path)
		w.Header().Set(stage.AttemptsField, "2")
		if r.URL.Path == "/op2" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	l := &Load{Pattern: []int{0, 2, 1}, Interval: 5 * time.Millisecond, Phase: func() stage.Phase { return stage.Slow }}
	for op := range l.Calls {
		l.Calls[op] = func(ctx context.Context, _ Path, _ int64) (*http.Request, error) {
			return http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/op%d", server.URL, op), http.NoBody)
		}
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		l.Run(ctx, time.Now())
	}()
	figures := func(op int, p Path) Figures { return l.Tally().Phases()[stage.Slow][op][p] }
	for deadline := time.Now().Add(10 * time.Second); (figures(1, With).Requests < 3 || figures(1, Without).Requests < 3) && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	<-ended
	mu.Lock()
	defer mu.Unlock()
	for _, calls := range got {
		slices.Sort(calls)
	}
	for n, op := range []int{0, 2, 1, 0, 2, 1, 0, 2, 1} {
		want := fmt.Sprintf("%d /op%d", n, op)
		if !slices.Contains(got["with"], want) || !slices.Contains(got["without"], want) {
			t.Errorf("call %q was not made on both paths", want)
		}
	}
	for p := range Path(Paths) {
		if f := figures(1, p); f.Failed != 0 || f.Saved != f.Requests {
			t.Errorf("%v: op1 %d requests, %d failed, %d saved; want all saved", p, f.Requests, f.Failed, f.Saved)
		}
		if f := figures(2, p); f.Failed != f.Requests || f.Requests < 2 || f.Saved != 0 {
			t.Errorf("%v: op2 %d requests, %d failed, %d saved; want all failed", p, f.Requests, f.Failed, f.Saved)
		}
	}
}
