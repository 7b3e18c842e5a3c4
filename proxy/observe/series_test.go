package observe

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
)

func metrics(o *Observer) string { return scrape(o, "text/plain").Body.String() }

func TestSeriesOfAnOperationThatIsGoneAreDroppedAfterAGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := New(Options{})
		set := &policy.Set{Version: version, Service: "orders"}
		gone, unused := series(o), o.Series(policy.Outbound, "inventory", "getStock of old")
		stays := o.Series(policy.Outbound, "inventory", "listStock")
		o.Adopt(set, "p")
		story(t, o)
		stays.Record(ended(t))

		stays = o.Series(policy.Outbound, "inventory", "listStock") // the next snapshot has only this one
		o.Adopt(set, "p")
		time.Sleep(retireAfter - time.Second)
		if !strings.Contains(metrics(o), "getStock") {
			t.Error("dropped before the grace was over")
		}
		time.Sleep(time.Second)
		for line := range strings.Lines(metrics(o)) {
			if strings.Contains(line, "getStock") || strings.Contains(line, "undeclared_requests_total{") {
				t.Errorf("left behind: %s", line)
			}
		}
		gone.Record(ended(t)) // exchanges that outlived their operation, as ever and as never before
		gone.Record(ended(t, func(ex *exchange.Exchange) { ex.Status = 418 }))
		unused.Record(ended(t))
		o.Transition(CircuitChange{Upstream: "inventory", Operation: "getStock", From: "open", To: "closed", Cause: "forced"})
		if text := metrics(o); strings.Contains(text, "getStock") || !strings.Contains(text, `operation="listStock"`) {
			t.Error("a late exchange brought the series back, or the series that stays is gone")
		}
		if stays.Ended() != 1 {
			t.Errorf("%d exchanges of the operation that stays", stays.Ended())
		}
	})
}

func TestSeriesComeBackWhenAnEditIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := New(Options{})
		set := &policy.Set{Version: version}
		series(o).Record(ended(t))
		o.Adopt(set, "p")
		o.Adopt(set, "p") // without it
		time.Sleep(time.Minute)
		again := series(o)
		o.Adopt(set, "p")
		time.Sleep(2 * retireAfter)
		again.Record(ended(t))
		if text := metrics(o); !strings.Contains(text, `outcome="ok",status="200",upstream="inventory"} 2`) {
			t.Errorf("the counter did not go on:\n%s", ours(text))
		}
	})
}

func TestOperationsBeyondTheBoundShareOneSeriesPerUpstream(t *testing.T) {
	o := New(Options{})
	for i := range maxSeries + 50 {
		o.Series(policy.Outbound, "inventory", fmt.Sprint("op", i))
	}
	if got := o.Series(policy.Outbound, "inventory", "one more"); got.operation != other || got.upstream != "inventory" {
		t.Errorf("counts as %s of %s", got.operation, got.upstream)
	}
	for i := range 2 * maxSeries {
		o.Series(policy.Outbound, fmt.Sprint("upstream", i), "op")
	}
	if got := o.Series(policy.Outbound, "last", "op"); got.operation != other || got.upstream != other {
		t.Errorf("counts as %s of %s", got.operation, got.upstream)
	}
	if n := len(o.series); n > 2*maxSeries+1 {
		t.Errorf("%d series", n)
	}
}

func TestWhatIsRetiredGivesWayToWhatIsNeeded(t *testing.T) {
	o := New(Options{})
	for i := range maxSeries {
		o.Series(policy.Outbound, "inventory", fmt.Sprint("old", i))
	}
	o.Adopt(&policy.Set{}, "p")
	o.Series(policy.Outbound, "inventory", "old0")
	o.Adopt(&policy.Set{}, "p")
	if got := o.Series(policy.Outbound, "inventory", "new"); got.operation != "new" {
		t.Errorf("counts as %s though everything else is retired", got.operation)
	}
	if len(o.series) != 2 {
		t.Errorf("%d series left", len(o.series))
	}
}

func TestStatusesBeyondTheBoundShareOneChild(t *testing.T) {
	o := New(Options{})
	s := series(o)
	for status := 200; status < 500; status++ {
		s.Record(ended(t, func(ex *exchange.Exchange) { ex.Status = status }))
	}
	children, rest := 0, ""
	for line := range strings.Lines(metrics(o)) {
		if strings.HasPrefix(line, "outrigger_requests_total{") {
			children++
			if strings.Contains(line, `status="_other"`) {
				rest = line
			}
		}
	}
	if children != maxChildren+1 || !strings.HasSuffix(rest, fmt.Sprintf(" %d\n", 300-maxChildren)) {
		t.Errorf("%d children; the rest: %s", children, rest)
	}
}

func TestRecordingScrapingAndReadingGoOnAtOnce(t *testing.T) {
	o := New(Options{})
	o.Watch(standing{})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			s := series(o)
			for i := range 500 {
				s.Record(ended(t, func(ex *exchange.Exchange) { ex.Status = 200 + i%100 }))
			}
		})
	}
	all.Go(func() {
		for range 5 {
			metrics(o)
			o.Decisions(Filter{Limit: MaxDecisions})
			o.Adopt(&policy.Set{Version: version}, "p")
		}
	})
	all.Wait()
	if got := series(o).Ended(); got == 0 {
		t.Error("nothing was recorded")
	}
}
