package stage

import (
	"context"
	"errors"
	"hash/maphash"
	"io"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func inventory(t *testing.T) *Inventory {
	t.Helper()
	i, err := NewInventory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.Close)
	return i
}

func client(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 5 * time.Second}
}

// call makes call n on a path and returns the status, or what went wrong.
func call(t *testing.T, c *http.Client, method, url, id, body string) (int, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(IDField, id)
	resp, err := c.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return 0, err
	}
	return resp.StatusCode, nil
}

func TestADeadInventoryRefusesConnectionsAndComesBackAtItsAddress(t *testing.T) {
	i, c := inventory(t), client(t)
	url := "http://" + i.Address() + "/stock"
	for range 2 {
		if status, err := call(t, c, "GET", url, "with/1", ""); status != 200 {
			t.Fatalf("alive: %d %v", status, err)
		}
		if err := i.Enter(Dead); err != nil {
			t.Fatal(err)
		}
		if status, err := call(t, c, "GET", url, "with/2", ""); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("dead: %d %v, want a refused connection", status, err)
		}
		if err := i.Enter(WellAgain); err != nil {
			t.Fatal(err)
		}
	}
	if status, err := call(t, c, "GET", url, "with/3", ""); status != 200 {
		t.Errorf("well again: %d %v", status, err)
	}
}

func TestAFlakyInventoryFailsBothPathsAlikeAndInBothWays(t *testing.T) {
	i, c := inventory(t), client(t)
	if err := i.Enter(Flaky); err != nil {
		t.Fatal(err)
	}
	statuses := map[int]int{}
	for n := range 100 {
		var got [2]int
		for p, path := range []string{"with", "without"} {
			got[p], _ = call(t, c, "GET", "http://"+i.Address()+"/stock/nuts", path+"/"+strconv.Itoa(n), "")
		}
		if got[0] != got[1] {
			t.Errorf("call %d: %d on one path, %d on the other", n, got[0], got[1])
		}
		statuses[got[0]]++
	}
	if statuses[200] < 40 || statuses[503] == 0 || statuses[0] == 0 || len(statuses) != 3 {
		t.Errorf("statuses (0 is a cut answer): %v, want mostly 200, some 503, some cut", statuses)
	}
}

func TestASlowInventoryBooksAndDoesNotAnswerInTime(t *testing.T) {
	i, c := inventory(t), client(t)
	if err := i.Enter(Slow); err != nil {
		t.Fatal(err)
	}
	answered := 0
	for n := range 12 {
		id := "with/" + strconv.Itoa(n)
		status, err := call(t, c, "POST", "http://"+i.Address()+"/stock/nuts/reservations", id, `{"order":"`+id+`","quantity":1}`)
		switch {
		case status == 201:
			answered++
		case !errors.Is(err, context.DeadlineExceeded):
			t.Errorf("order %s: %d %v, want an answer or none", id, status, err)
		}
	}
	want := Booked{Orders: 12, Unanswered: 12 - answered}
	if got := i.Booked("with"); got != want {
		t.Errorf("booked %+v, want %+v", got, want)
	}
}

func TestARetryDrawsAnewAndAnotherPathDoesNot(t *testing.T) {
	l := luck(maphash.MakeSeed())
	draw := func(id, attempt string) float64 {
		r := &http.Request{Header: http.Header{IDField: {id}}}
		if attempt != "" {
			r.Header.Set(attemptField, attempt)
		}
		return l.draw(r)
	}
	if a, b := draw("with/7", "1"), draw("without/7", ""); a != b {
		t.Errorf("first attempts of call 7: %v and %v", a, b)
	}
	if a, b := draw("with/7", "1"), draw("with/7", "2"); a == b {
		t.Errorf("both attempts drew %v", a)
	}
	sum := 0.0
	for n := range 1000 {
		d := draw("with/"+strconv.Itoa(n), "1")
		if d < 0 || d >= 1 {
			t.Fatalf("draw %v is outside [0, 1)", d)
		}
		sum += d
	}
	if sum < 400 || sum > 600 {
		t.Errorf("a thousand draws add up to %v", sum)
	}
}

func TestTheLedgerKnowsAnOrderThatIsBookedTwice(t *testing.T) {
	l := newLedger()
	l.book("with/1", false)
	l.book("with/2", true)
	l.book("with/1", true)
	l.book("without/1", true)
	if got, want := l.of("with"), (Booked{Orders: 2, Twice: 1, Unanswered: 1}); got != want {
		t.Errorf("with: %+v, want %+v", got, want)
	}
	if got, want := l.of("without"), (Booked{Orders: 1}); got != want {
		t.Errorf("without: %+v, want %+v", got, want)
	}
	for n := range 3 * remembered {
		l.book("with/many-"+strconv.Itoa(n), true)
	}
	if len(l.seen) > remembered {
		t.Errorf("%d orders are remembered, %d at most", len(l.seen), remembered)
	}
}

func TestOrdersAnswersAsInventoryDid(t *testing.T) {
	i, c := inventory(t), client(t)
	orders, err := NewOrders(map[string]string{"with": "http://" + i.Address()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(orders.Close)
	for _, req := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", "/catalogue", "", 200},
		{"GET", "/availability/nuts", "", 200},
		{"POST", "/orders/nuts", `{"order":"with/1","quantity":1}`, 201},
		{"POST", "/orders/nuts", `{}`, 400},
	} {
		if status, err := call(t, c, req.method, orders.URL("with")+req.path, "with/1", req.body); status != req.want {
			t.Errorf("%s %s: %d %v, want %d", req.method, req.path, status, err, req.want)
		}
	}
	if err := i.Enter(Dead); err != nil {
		t.Fatal(err)
	}
	if status, err := call(t, c, "GET", orders.URL("with")+"/catalogue", "with/2", ""); status != http.StatusBadGateway {
		t.Errorf("dead: %d %v, want 502", status, err)
	}
}
