package proxy_test

import (
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"outrigger/proxy/failure"
	"outrigger/proxy/proxytest"
)

// twoPaces is an upstream with a quick operation and a patient one.
func twoPaces(url, timeout string) string {
	return beside(url, wary+", timeouts: {"+timeout+": 100ms}") +
		"    operations:\n      'POST /patient': {timeouts: {" + timeout + ": 5s}}\n      'GET /patient': {timeouts: {" + timeout + ": 5s}}\n"
}

// TestTheBodyTimeoutIsTheOperations sends half a body and the rest after the quick timeout.
func TestTheBodyTimeoutIsTheOperations(t *testing.T) {
	for _, c := range []struct {
		path   string
		status int
	}{{"/quick", 408}, {"/patient", 200}} {
		t.Run(c.path, func(t *testing.T) {
			t.Parallel()
			up := proxytest.NewUpstream(t, proxytest.Raw(ok))
			s := proxytest.Start(t, twoPaces(up.URL(), "body"))
			client := proxytest.Dial(t, s.Port("up"))
			client.Send("POST " + c.path + " HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello")
			if c.status == 200 {
				time.Sleep(200 * time.Millisecond)
				client.Send("world")
			}
			r := client.Read("POST")
			if statusOf(r) != c.status {
				t.Fatalf("status %d, want %d\n%s", statusOf(r), c.status, s.Log)
			}
			if c.status == 408 {
				ours(t, r, failure.RequestInvalid)
			}
			for _, op := range s.Upstream("up").Operations {
				if op.Circuit != "closed" || op.FailureRate != 0 {
					t.Errorf("the circuit of %s is %s: a slow client speaks against nobody but itself", op.Name, op.Circuit)
				}
			}
		})
	}
}

// TestTheBodyTimeoutBoundsTheWholeBody drips, so that no single wait is long.
func TestTheBodyTimeoutBoundsTheWholeBody(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, proxytest.Raw(ok))
	s := start(t, up, wary+", timeouts: {body: 150ms}")
	client := proxytest.Dial(t, s.Port("up"))
	client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				client.Send("x")
			}
		}
	}()
	if r := client.Read("POST"); statusOf(r) != 408 {
		t.Errorf("status %d, want 408", statusOf(r))
	}
}

// TestTheBodyTimeoutLeavesRequestsWithoutABodyAlone waits for the answer longer than a body may take.
func TestTheBodyTimeoutLeavesRequestsWithoutABodyAlone(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, func(c *proxytest.Conn, r *proxytest.Request) {
		time.Sleep(100 * time.Millisecond)
		proxytest.Raw(ok)(c, r)
	})
	s := start(t, up, wary+", timeouts: {body: 50ms}")
	client := proxytest.Dial(t, s.Port("up"))
	for range 2 {
		if r := client.Do(get); statusOf(r) != 200 {
			t.Errorf("status %d, want 200", statusOf(r))
		}
		time.Sleep(60 * time.Millisecond) // between requests it does not count either
	}
}

// TestTheIdleTimeoutIsTheOperations lets the upstream fall silent in the middle of its answer.
func TestTheIdleTimeoutIsTheOperations(t *testing.T) {
	for _, c := range []struct {
		path   string
		broken bool
	}{{"/quick", true}, {"/patient", false}} {
		t.Run(c.path, func(t *testing.T) {
			t.Parallel()
			up := proxytest.NewUpstream(t, func(c *proxytest.Conn, r *proxytest.Request) {
				proxytest.Raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")(c, r)
				time.Sleep(250 * time.Millisecond)
				c.Send("5\r\nworld\r\n0\r\n\r\n")
			})
			s := proxytest.Start(t, twoPaces(up.URL(), "idle"))
			r := proxytest.Call(t, s.Port("up"), proxytest.Get(c.path))
			if statusOf(r) != 200 || (r.Broken != nil) != c.broken {
				t.Errorf("the client got %d %q (%v), broken off should be %t", statusOf(r), r.Text, r.Broken, c.broken)
			}
		})
	}
}

// TestAReloadTellsWhatStoodInTheWay takes the port that an edit wants.
func TestAReloadTellsWhatStoodInTheWay(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	up := proxytest.NewUpstream(t)
	s := start(t, up, wary)
	s.Write("policy.yaml", strings.Replace(beside(up.URL(), wary), "127.0.0.1:0", taken.Addr().String(), 1))
	status, body := s.Post("/policy/reload", "")
	var told struct{ Result, Reason string }
	if err := json.Unmarshal([]byte(body), &told); err != nil {
		t.Fatal(err)
	}
	if status != http.StatusUnprocessableEntity || told.Result != "rejected" || !strings.Contains(told.Reason, "is in use") || !strings.Contains(told.Reason, "policy.yaml:5") {
		t.Errorf("the reload answers %d %s, want rejected, with the port and its line as the reason", status, body)
	}
	if r := proxytest.Call(t, s.Port("up"), get); statusOf(r) != 200 {
		t.Errorf("the last good set answers %d, want 200", statusOf(r))
	}
}

// TestTheRequestTimeoutCoversTheBodyOfAnAnswer drips an answer that is no stream.
func TestTheRequestTimeoutCoversTheBodyOfAnAnswer(t *testing.T) {
	drip := func(c *proxytest.Conn, r *proxytest.Request) {
		r.Take()
		c.Send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
		for range 100 {
			c.Send("0123456789")
			time.Sleep(100 * time.Millisecond)
		}
	}
	pairing(t, wary+", timeouts: {request: 2s}", script{drip}, func(b *bubble, up *proxytest.Upstream) {
		begun := time.Now()
		r := b.call(get)
		b.expect(r, 200, up, 1)
		if took := time.Since(begun); r.Broken == nil || took > 2100*time.Millisecond || took < 1900*time.Millisecond {
			b.Errorf("the answer ended after %v with %v, want it to break off after 2s", took, r.Broken)
		}
		if d := b.last(); d.Code != string(failure.Deadline) {
			b.Errorf("the record is %+v, want deadline", d)
		}
	})
}
