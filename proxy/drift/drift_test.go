package drift

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

func TestPathsAreToldByTheirShape(t *testing.T) {
	for path, want := range map[string]string{
		"/":                     "/",
		"/orders":               "/orders",
		"/orders/":              "/orders/",
		"/orders/42":            "/orders/{number}",
		"/v2/orders/42/items/7": "/v2/orders/{number}/items/{number}",
		"/u/0192E4C0-7b1a-7def-8a00-0123456789ab": "/u/{uuid}",
		"/u/anna%40example.com":                   "/u/{text}",
		"/days/2026-11-24":                        "/days/{text}",
		"/t/eyJhbGciOiJIUzI1NiJ9eyJzdWIiOiIxIn0":  "/t/{text}",
		"/a/b/c/d/e/f/g/h/i/j/k/l/m/n":            "/a/b/c/d/e/f/g/h/i/j/k/l/{rest}",
	} {
		if got := Template(path); got != want {
			t.Errorf("%s is told as %s, want %s", path, got, want)
		}
	}
}

// shop is an upstream with one operation that its spec declares.
func shop(answers ...int) *policy.Upstream {
	u := &policy.Upstream{
		Name: "shop", Direction: policy.Outbound, Declared: true, Unmatched: &policy.Operation{ID: policy.Unmatched},
		Operations: []*policy.Operation{{ID: "getOrder", Method: "GET", Template: "/orders/{id}", Answers: policy.Statuses(answers...)}},
	}
	u.Index()
	return u
}

func answered(u *policy.Upstream, op *policy.Operation, method, path string, status int) *exchange.Exchange {
	ex := exchange.New(context.Background(), u, op, time.Unix(1000, 0))
	ex.Method, ex.Path, ex.Status, ex.Answered = method, path, status, &exchange.Attempt{}
	return ex
}

func TestRequestsThatNoOperationDeclaresAreCountedByShape(t *testing.T) {
	l, u := New(), shop(200)
	r := l.Recorder(u, u.Unmatched)
	for i := range 3 {
		r.Record(answered(u, u.Unmatched, "POST", fmt.Sprintf("/refunds/%d", i), 201))
	}
	r.Record(answered(u, u.Unmatched, "BREW", "/coffee", 404))
	ours := answered(u, u.Unmatched, "GET", "/elsewhere", 502)
	ours.Failure = failure.New(failure.ConnectRefused, "")
	r.Record(ours)

	told, others := l.Requests(policy.Outbound, "shop")
	last := time.Unix(1000, 0)
	want := []Requests{
		{Method: "POST", Template: "/refunds/{number}", Count: 3, Succeeded: 3, Last: last},
		{Method: "_other", Template: "/coffee", Count: 1, Last: last},
	}
	if diff := cmp.Diff(want, told); diff != "" || others != 0 {
		t.Errorf("others %d (-want +got):\n%s", others, diff)
	}
}

func TestOnlyStatusesThatTheSpecDoesNotDeclareAreCounted(t *testing.T) {
	l, u := New(), shop(200, 404)
	op := u.Operations[0]
	r := l.Recorder(u, op)
	for _, status := range []int{200, 404, 418, 418, 409} {
		r.Record(answered(u, op, "GET", "/orders/1", status))
	}
	if diff := cmp.Diff(map[int]uint64{418: 2, 409: 1}, l.Statuses(policy.Outbound, "shop", "getOrder")); diff != "" {
		t.Error(diff)
	}

	silent := shop()
	l.Recorder(silent, silent.Operations[0]).Record(answered(silent, silent.Operations[0], "GET", "/orders/1", 599))
	if got := l.Statuses(policy.Outbound, "shop", "getOrder")[599]; got != 0 {
		t.Errorf("a spec that declares no status is held against status 599 (%d)", got)
	}
}

func TestWhatIsKeptIsBoundedAndTheFrequentStays(t *testing.T) {
	l, u := New(), shop(200)
	r := l.Recorder(u, u.Unmatched)
	const noise = 5000
	for i := range noise {
		r.Record(answered(u, u.Unmatched, "GET", "/wp-admin-"+word(i), 404))
		r.Record(answered(u, u.Unmatched, "GET", "/exports", 200))
	}
	told, others := l.Requests(policy.Outbound, "shop")
	sum := others
	for _, q := range told {
		sum += q.Count
	}
	if len(told) > maxShapes || told[0].Template != "/exports" || told[0].Count != noise || sum != 2*noise {
		t.Errorf("%d shapes, the first %+v, %d requests in all", len(told), told[0], sum)
	}

	op := u.Operations[0]
	s := l.Recorder(u, op)
	for status := 300; status < 400; status++ {
		s.Record(answered(u, op, "GET", "/orders/1", status))
	}
	if got := l.Statuses(policy.Outbound, "shop", "getOrder"); len(got) != maxStatuses+1 || got[0] != 100-maxStatuses {
		t.Errorf("%d statuses, %d beyond the bound", len(got), got[0])
	}
}

func word(i int) string {
	b := []byte("aaaa")
	for n := range b {
		b[n] += byte(i % 20)
		i /= 20
	}
	return string(b)
}

func TestAnEditKeepsWhatItDoesNotSettle(t *testing.T) {
	l, u := New(), shop(200)
	op := u.Operations[0]
	l.Recorder(u, u.Unmatched).Record(answered(u, u.Unmatched, "GET", "/exports", 200))
	l.Recorder(u, u.Unmatched).Record(answered(u, u.Unmatched, "GET", "/reports", 200))
	for _, status := range []int{409, 418} {
		l.Recorder(u, op).Record(answered(u, op, "GET", "/orders/1", status))
	}

	edited := shop(200, 409)
	edited.Operations = append(edited.Operations, &policy.Operation{ID: "export", Method: "GET", Template: "/exports"})
	edited.Index()
	l.Adopt(&policy.Set{Upstreams: []*policy.Upstream{edited}})
	if told, _ := l.Requests(policy.Outbound, "shop"); len(told) != 1 || told[0].Template != "/reports" {
		t.Errorf("after the spec declares /exports: %+v", told)
	}
	if diff := cmp.Diff(map[int]uint64{418: 1}, l.Statuses(policy.Outbound, "shop", "getOrder")); diff != "" {
		t.Errorf("after the spec declares 409: %s", diff)
	}

	l.Adopt(&policy.Set{})
	if told, _ := l.Requests(policy.Outbound, "shop"); told != nil {
		t.Errorf("an upstream that is gone is still told of: %+v", told)
	}
}

func TestWhatKeepsToTheSpecCostsNoAllocation(t *testing.T) {
	l, u := New(), shop(200)
	op := u.Operations[0]
	r, ex := l.Recorder(u, op), answered(u, op, "GET", "/orders/1", 200)
	if n := testing.AllocsPerRun(100, func() { r.Record(ex) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAnOperationThatIsDeprecatedIsToldOnceUntilItComesBack(t *testing.T) {
	l, told := New(), 0
	l.Deprecated = func(_ *policy.Upstream, op *policy.Operation) {
		told++
		if op.ID != "getOrder" {
			t.Errorf("told of %s", op.ID)
		}
	}
	call := func(deprecated bool) {
		u := shop(200)
		u.Operations[0].Deprecated = deprecated
		l.Adopt(&policy.Set{Upstreams: []*policy.Upstream{u}})
		r := l.Recorder(u, u.Operations[0]) // each set has its own
		for range 3 {
			r.Record(answered(u, u.Operations[0], "GET", "/orders/1", 200))
		}
	}
	for i, step := range []struct {
		deprecated bool
		want       int
	}{{false, 0}, {true, 1}, {true, 1}, {false, 1}, {true, 2}} {
		if call(step.deprecated); told != step.want {
			t.Errorf("step %d: told %d times, want %d", i, told, step.want)
		}
	}
}

// Method and path are parts of the head that a request came with.
func TestWhatIsKeptOfARequestKeepsNothingOfItsHead(t *testing.T) {
	l, u := New(), shop(200)
	r := l.Recorder(u, u.Unmatched)
	held := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := held()
	for i := range maxShapes {
		line := "POST /refunds/of-" + strings.Repeat("x", i/10) + string(rune('a'+i%10))
		head := line + strings.Repeat(" ", 60<<10)
		r.Record(answered(u, u.Unmatched, head[:4], head[5:len(line)], 201))
	}
	after := held()
	if told, _ := l.Requests(policy.Outbound, "shop"); len(told) != maxShapes {
		t.Fatalf("%d shapes", len(told))
	}
	if after > before+(1<<20) {
		t.Errorf("%d bytes are kept of %d requests", after-before, maxShapes)
	}
}
