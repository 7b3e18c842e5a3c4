package http1

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// ration is a bound of buffers that counts what was refused.
type ration struct{ limit, used, refused atomic.Int64 }

func rationOf(n int64) *ration {
	r := &ration{}
	r.limit.Store(n)
	return r
}

func (r *ration) Take(n int64) bool {
	if r.used.Add(n) > r.limit.Load() {
		r.used.Add(-n)
		r.refused.Add(1)
		return false
	}
	return true
}

func (r *ration) Give(n int64) { r.used.Add(-n) }

func largeHead(n int) string {
	return "GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", n) + "\r\n\r\n"
}

func TestALargeHeadCountsAsLongAsItsRequestLasts(t *testing.T) {
	r := rationOf(40 << 10)
	entered, release := make(chan struct{}), make(chan struct{})
	s := handle(func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-release
	})
	s.Buffers = r
	addr := serve(t, s)
	first := dial(t, addr)
	io.WriteString(first, largeHead(30<<10))
	<-entered
	if used := r.used.Load(); used < 30<<10 {
		t.Errorf("%d bytes are counted for a head of 30 KiB", used)
	}
	if status, all := talk(t, addr, largeHead(30<<10)); status != 503 || !strings.HasSuffix(all, "no buffer left for so large a head\n") {
		t.Errorf("a second one gets %q", all)
	}
	second := dial(t, addr)
	io.WriteString(second, largeHead(100)) // an ordinary one asks nobody
	<-entered
	close(release)
	until(t, "nothing is counted", func() bool { return r.used.Load() == 0 })
	go func() { <-entered }()
	if status, all := talk(t, addr, largeHead(30<<10)); status != 200 {
		t.Errorf("once there is room: %q", all)
	}
	until(t, "nothing is counted", func() bool { return r.used.Load() == 0 })
}

func TestAHeadThatIsNeverFinishedCountsAsLongAsItsConnectionLasts(t *testing.T) {
	r := rationOf(1 << 20)
	s := handle(echoTarget)
	s.Buffers = r
	c := dial(t, serve(t, s))
	io.WriteString(c, strings.TrimSuffix(largeHead(20<<10), "\r\n\r\n"))
	until(t, "it is counted", func() bool { return r.used.Load() >= 20<<10 })
	c.Close()
	until(t, "nothing is counted", func() bool { return r.used.Load() == 0 })
}

func TestALargeHeadOfAResponseCountsUntilItsExchangeEnds(t *testing.T) {
	addr := scripted(t, answering("HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 30<<10)+"\r\nContent-Length: 2\r\n\r\nok"))
	r := rationOf(1 << 20)
	tr := transportTo(t, addr)
	tr.Buffers = r
	res, err := tr.RoundTrip(newRequest(t, "GET", nil))
	if err != nil || r.used.Load() < 30<<10 {
		t.Fatalf("%v, %d bytes are counted", err, r.used.Load())
	}
	readAndClose(t, res)
	if r.used.Load() != 0 || tr.Idle() != 1 {
		t.Errorf("%d bytes are counted afterwards, %d connections kept", r.used.Load(), tr.Idle())
	}
	r.limit.Store(20 << 10)
	if _, err := tr.RoundTrip(newRequest(t, "GET", nil)); !errors.Is(err, syscall.ENOBUFS) {
		t.Errorf("without room: %v", err)
	}
	if r.used.Load() != 0 {
		t.Errorf("%d bytes are counted after a refusal", r.used.Load())
	}
}

func TestBodiesAreCopiedAlsoWithoutRoomForBigBuffers(t *testing.T) {
	large := bytes.Repeat([]byte("0123456789abcdef"), 64<<10) // 1 MiB
	for name, limit := range map[string]int64{"with room": 1 << 20, "without": 0} {
		t.Run(name, func(t *testing.T) {
			r := rationOf(limit)
			var got []byte
			s := handle(func(w http.ResponseWriter, req *http.Request) {
				got, _ = io.ReadAll(req.Body)
				w.Write(large)
			})
			s.Buffers = r
			tr := transportTo(t, serve(t, s))
			tr.Buffers = r
			res, err := tr.RoundTrip(newRequest(t, "POST", io.MultiReader(bytes.NewReader(large))))
			if err != nil {
				t.Fatal(err)
			}
			if body := readAndClose(t, res); body != string(large) || !bytes.Equal(got, large) {
				t.Errorf("%d bytes arrived, %d came back", len(got), len(body))
			}
			until(t, "nothing is counted", func() bool { return r.used.Load() == 0 })
			if refused := r.refused.Load(); (refused > 0) != (limit == 0) {
				t.Errorf("%d big buffers were refused", refused)
			}
		})
	}
}

func TestAClientThatDripsItsBodyHoldsNoBigBuffer(t *testing.T) {
	r := rationOf(1 << 20)
	received := make(chan int64, 1)
	s := handle(func(_ http.ResponseWriter, req *http.Request) {
		n, _ := io.Copy(io.Discard, req.Body)
		received <- n
	})
	tr := transportTo(t, serve(t, s))
	tr.Buffers = r
	body, client := net.Pipe()
	defer client.Close()
	req := newRequest(t, "POST", body)
	ended := make(chan error, 1)
	go func() {
		res, err := tr.RoundTrip(req)
		if err == nil {
			readAndClose(t, res)
		}
		ended <- err
	}()
	write := func(n int) {
		if _, err := client.Write(make([]byte, n)); err != nil {
			t.Error(err)
		}
	}
	write(200 << 10) // as fast as it goes
	for range 20 {
		write(1)
		time.Sleep(time.Millisecond)
	}
	until(t, "only an ordinary buffer waits", func() bool { return r.used.Load() == 0 })
	client.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if n := <-received; n != 200<<10+20 {
		t.Errorf("%d bytes arrived", n)
	}
}

func TestAwaitWaitsForTheBodyWithoutABuffer(t *testing.T) {
	release := make(chan struct{})
	addr := scripted(t, func(c *net.TCPConn, r *bufio.Reader) {
		for _, body := range []string{"late", ""} {
			if _, err := http.ReadRequest(r); err != nil {
				return
			}
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
			<-release
			if body == "" {
				return
			}
			io.WriteString(c, body)
		}
	})
	tr := transportTo(t, addr)
	for _, complete := range []bool{true, false} {
		res, err := tr.RoundTrip(newRequest(t, "GET", nil))
		if err != nil {
			t.Fatal(err)
		}
		body := res.Body.(*respBody)
		awaited := make(chan error, 1)
		go func() { awaited <- body.Await(time.Minute) }()
		select {
		case err := <-awaited:
			t.Fatalf("it did not wait (%v)", err)
		case <-time.After(20 * time.Millisecond):
		}
		release <- struct{}{}
		if err := <-awaited; (err == nil) != complete {
			t.Errorf("complete %t: %v", complete, err)
		}
		if complete {
			if err := body.Await(time.Minute); err != nil || !body.Ready() {
				t.Errorf("a second time: %v, ready %t", err, body.Ready())
			}
			if text := readAndClose(t, res); text != "late" {
				t.Errorf("the body is %q", text)
			}
			continue
		}
		res.Body.Close()
	}
}

func TestAwaitGivesUpWhenItsPatienceIsOverAndTheBodyCanStillBeRead(t *testing.T) {
	more := make(chan string)
	var connections atomic.Int32
	addr := scripted(t, func(c *net.TCPConn, r *bufio.Reader) {
		connections.Add(1)
		for range 3 {
			if _, err := http.ReadRequest(r); err != nil {
				return
			}
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
			io.WriteString(c, <-more)
		}
	})
	tr := transportTo(t, addr)
	for range 3 {
		res, err := tr.RoundTrip(newRequest(t, "GET", nil))
		if err != nil {
			t.Fatal(err)
		}
		body := res.Body.(*respBody)
		if err := body.Await(time.Millisecond); err != nil || body.Ready() {
			t.Fatalf("nothing has come: %v, ready %t", err, body.Ready())
		}
		more <- "late"
		if text := readAndClose(t, res); text != "late" {
			t.Errorf("the body is %q", text)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections, want one", n)
	}
}

func TestAwaitFailsWhenTheTimeOfTheBodyIsOverBeforeItsPatience(t *testing.T) {
	addr := scripted(t, func(c *net.TCPConn, r *bufio.Reader) {
		http.ReadRequest(r)
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
		r.ReadByte()
	})
	tr := transportTo(t, addr)
	tr.Limits.BodyTimeout = 20 * time.Millisecond
	res, err := tr.RoundTrip(newRequest(t, "GET", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var own *Error
	if err := res.Body.(*respBody).Await(time.Minute); !errors.As(err, &own) || !own.Timeout {
		t.Errorf("it ended with %v, want a timeout", err)
	}
}

func TestArrivalsTellsBytesFromTheEndAndFromAReset(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(*net.TCPConn)
		fail bool
		want string
	}{
		"bytes": {func(c *net.TCPConn) { io.WriteString(c, "x") }, false, "x"},
		"end":   {func(c *net.TCPConn) { c.CloseWrite() }, false, ""},
		"reset": {func(c *net.TCPConn) { c.SetLinger(0); c.Close() }, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			start := make(chan struct{})
			addr := scripted(t, func(conn *net.TCPConn, r *bufio.Reader) {
				<-start
				c.do(conn)
				r.ReadByte()
			})
			conn := dial(t, addr)
			arrived := make(chan error, 1)
			go func() { arrived <- Arrivals(conn)() }()
			select {
			case err := <-arrived:
				t.Fatalf("it did not wait (%v)", err)
			case <-time.After(20 * time.Millisecond):
			}
			close(start)
			err := <-arrived
			if (err != nil) != c.fail || c.fail && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("arrived with %v", err)
			}
			b := make([]byte, 4)
			if n, _ := conn.Read(b); !c.fail && string(b[:n]) != c.want {
				t.Errorf("read %q, want %q", b[:n], c.want)
			}
		})
	}
	if err := Arrivals(strings.NewReader("anything"))(); err != nil {
		t.Errorf("what the kernel does not know: %v", err)
	}
}

// A background read for the departure of the client may meet a pipelined request instead.
func TestAByteThatWasReadAheadIsNotLostForWantOfABuffer(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	defer near.Close()
	s := handle(echoTarget)
	s.Buffers = rationOf(0)
	s.init()
	c := newConn(s, near, bytes.Repeat([]byte("x"), bufferSize))
	ended := make(chan struct{})
	close(ended)
	c.background.running, c.background.n, c.background.b[0] = ended, 1, 'y'
	c.background.stop(c, false)
	if got := c.buf[c.r:c.w]; len(got) != bufferSize+1 || got[bufferSize] != 'y' || got[0] != 'x' {
		t.Errorf("%d bytes are left, the last %q", len(got), got[len(got)-1:])
	}
}
