package http1

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const okResponse = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

func failureOf(t *testing.T, err error) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *Error", err)
	}
	return e
}

func TestARefusedConnectionIsADialFailureThatSentNothing(t *testing.T) {
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	l.Close()
	_, err := transportTo(t, l.Addr().String()).RoundTrip(newRequest(t, "GET", nil))
	if e := failureOf(t, err); e.Phase != PhaseDial || !e.NotSent() || e.Stale() || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %+v", e)
	}
}

func TestAConnectionIsUsedAgainAndTheLastUsedFirst(t *testing.T) {
	tr := transportTo(t, scripted(t, answering(okResponse)))
	for range 3 {
		res, err := tr.RoundTrip(newRequest(t, "GET", nil))
		if err != nil {
			t.Fatal(err)
		}
		if got := readAndClose(t, res); got != "ok" {
			t.Fatal(got)
		}
		res.Body.Close() // once more is harmless
	}
	if tr.Open() != 1 || tr.Idle() != 1 {
		t.Errorf("open %d, idle %d", tr.Open(), tr.Idle())
	}
	tr.CloseIdle()
	if tr.Open() != 0 {
		t.Errorf("open %d after CloseIdle", tr.Open())
	}
}

func TestAnIdleConnectionThatThePeerClosedIsNotUsed(t *testing.T) {
	closing := make(chan struct{})
	var conns atomic.Int32
	tr := transportTo(t, scripted(t, func(c *net.TCPConn, r *bufio.Reader) {
		first := conns.Add(1) == 1
		http.ReadRequest(r)
		io.WriteString(c, okResponse)
		if first {
			<-closing
			return
		}
		r.ReadByte()
	}))
	res, err := tr.RoundTrip(newRequest(t, "GET", nil))
	if err != nil {
		t.Fatal(err)
	}
	readAndClose(t, res)
	close(closing)
	time.Sleep(50 * time.Millisecond)
	if res, err = tr.RoundTrip(newRequest(t, "POST", nil)); err != nil {
		t.Fatalf("the dead connection was used: %v", err)
	}
	readAndClose(t, res)
	if conns.Load() != 2 {
		t.Errorf("%d connections", conns.Load())
	}
}

func TestBytesThatArriveOnAnIdleConnectionPoisonIt(t *testing.T) {
	var conns atomic.Int32
	tr := transportTo(t, scripted(t, func(c *net.TCPConn, r *bufio.Reader) {
		n := conns.Add(1)
		for {
			if _, err := http.ReadRequest(r); err != nil {
				return
			}
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d", n)
			if n == 1 {
				time.Sleep(20 * time.Millisecond)
				io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
			}
		}
	}))
	for _, want := range []string{"1", "2", "2"} {
		res, err := tr.RoundTrip(newRequest(t, "GET", nil))
		if err != nil {
			t.Fatal(err)
		}
		if got := readAndClose(t, res); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
		time.Sleep(40 * time.Millisecond)
	}
}

func TestAPooledConnectionClosedAsWeWriteIsStale(t *testing.T) {
	tr := transportTo(t, scripted(t, func(c *net.TCPConn, r *bufio.Reader) {
		http.ReadRequest(r)
		io.WriteString(c, okResponse)
		http.ReadRequest(r) // and close instead of an answer
	}))
	res, err := tr.RoundTrip(newRequest(t, "GET", nil))
	if err != nil {
		t.Fatal(err)
	}
	readAndClose(t, res)
	_, err = tr.RoundTrip(newRequest(t, "GET", nil))
	if e := failureOf(t, err); !e.Stale() || e.NotSent() || !e.Reused || e.Started || e.Phase != PhaseHead {
		t.Errorf("got %+v", e)
	}
}

func TestAResetOnAFreshConnectionIsNotStale(t *testing.T) {
	tr := transportTo(t, scripted(t, func(c *net.TCPConn, r *bufio.Reader) {
		r.Peek(1)
		c.SetLinger(0)
	}))
	_, err := tr.RoundTrip(newRequest(t, "GET", nil))
	if e := failureOf(t, err); e.Stale() || e.NotSent() || e.Reused || e.Timeout || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %+v", e)
	}
}

func TestOneByteOfAHeadCountsAsAStartedResponse(t *testing.T) {
	tr := transportTo(t, scripted(t, func(c *net.TCPConn, r *bufio.Reader) {
		http.ReadRequest(r)
		io.WriteString(c, "H")
	}))
	_, err := tr.RoundTrip(newRequest(t, "GET", nil))
	if e := failureOf(t, err); !e.Started || e.Phase != PhaseHead || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %+v", e)
	}
}

// headDeadline is a context that says when the head is due.
type headDeadline struct {
	context.Context
	at time.Time
}

func (h headDeadline) HeadDeadline() time.Time { return h.at }

func TestDeadlinesEndTheWaitForAHead(t *testing.T) {
	addr := scripted(t, func(c *net.TCPConn, r *bufio.Reader) { io.Copy(io.Discard, r) })
	for _, kind := range []string{"context", "head"} {
		soon := time.Now().Add(50 * time.Millisecond)
		ctx, cancel := context.WithDeadline(context.Background(), soon)
		if kind == "head" {
			ctx = headDeadline{context.Background(), soon}
		}
		_, err := transportTo(t, addr).RoundTrip(newRequest(t, "GET", nil).WithContext(ctx))
		cancel()
		if e := failureOf(t, err); !e.Timeout || e.Phase != PhaseHead || e.NotSent() {
			t.Errorf("of the %s: got %+v", kind, e)
		}
		if late := time.Since(soon); late < 0 || late > time.Second {
			t.Errorf("of the %s: ended %v after the deadline", kind, late)
		}
	}
}

func TestADeadlineOfTheHeadDoesNotEndTheBody(t *testing.T) {
	tr := transportTo(t, scripted(t, func(c *net.TCPConn, r *bufio.Reader) {
		http.ReadRequest(r)
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
		time.Sleep(100 * time.Millisecond)
		io.WriteString(c, "k")
	}))
	ctx := headDeadline{context.Background(), time.Now().Add(50 * time.Millisecond)}
	res, err := tr.RoundTrip(newRequest(t, "GET", nil).WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	if got := readAndClose(t, res); got != "ok" {
		t.Errorf("got %q", got)
	}
}

func TestAPassedDeadlineOfAnEarlierExchangeDoesNotHurtTheNext(t *testing.T) {
	tr := transportTo(t, scripted(t, func(c *net.TCPConn, r *bufio.Reader) {
		for {
			if _, err := http.ReadRequest(r); err != nil {
				return
			}
			time.Sleep(30 * time.Millisecond)
			io.WriteString(c, okResponse)
		}
	}))
	for range 3 { // a busy machine needs most of each deadline for itself
		ctx, cancel := context.WithTimeout(context.Background(), 400*time.Millisecond)
		res, err := tr.RoundTrip(newRequest(t, "GET", nil).WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		readAndClose(t, res)
		cancel()
		time.Sleep(400 * time.Millisecond)
	}
	if tr.Open() != 1 {
		t.Errorf("open %d, want the one connection used all along", tr.Open())
	}
}

func TestCancellingInterruptsHeadAndBody(t *testing.T) {
	gone := errors.New("gone")
	for _, sent := range []string{"", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"} {
		tr := transportTo(t, scripted(t, func(c *net.TCPConn, r *bufio.Reader) {
			http.ReadRequest(r)
			io.WriteString(c, sent)
			io.Copy(io.Discard, r)
		}))
		ctx, cancel := context.WithCancelCause(context.Background())
		time.AfterFunc(30*time.Millisecond, func() { cancel(gone) })
		res, err := tr.RoundTrip(newRequest(t, "GET", nil).WithContext(ctx))
		if err == nil {
			_, err = io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
		if e := failureOf(t, err); !errors.Is(err, gone) || e.Timeout {
			t.Errorf("after %q: got %+v", sent, e)
		}
		if tr.Open() != 0 {
			t.Errorf("after %q: the connection was kept", sent)
		}
	}
}

type fresh struct{ context.Context }

func (fresh) FreshConnection() bool { return true }

func TestAContextMayAskForAFreshConnection(t *testing.T) {
	tr := transportTo(t, scripted(t, answering(okResponse)))
	for i, ctx := range []context.Context{context.Background(), fresh{context.Background()}} {
		res, err := tr.RoundTrip(newRequest(t, "GET", nil).WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		readAndClose(t, res)
		if tr.Open() != i+1 {
			t.Errorf("open %d after exchange %d", tr.Open(), i+1)
		}
	}
}

// slowBody gives n bytes, one each time it is asked, after a pause.
type slowBody struct {
	n      int
	pause  time.Duration
	closed chan struct{}
	err    error
}

func (b *slowBody) Read(p []byte) (int, error) {
	select {
	case <-b.closed:
		return 0, http.ErrBodyReadAfterClose
	case <-time.After(b.pause):
	}
	if b.n--; b.n < 0 {
		return 0, b.err
	}
	p[0] = 'x'
	return 1, nil
}

func (b *slowBody) Close() error {
	select {
	case <-b.closed:
	default:
		close(b.closed)
	}
	return nil
}

func TestAnEarlyRefusalIsReturnedAtOnceAndStopsTheUpload(t *testing.T) {
	tr := transportTo(t, scripted(t, func(c *net.TCPConn, r *bufio.Reader) {
		http.ReadRequest(r)
		io.WriteString(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
		io.Copy(io.Discard, r)
	}))
	body := &slowBody{n: 1 << 20, pause: time.Millisecond, closed: make(chan struct{}), err: io.EOF}
	start := time.Now()
	res, err := tr.RoundTrip(newRequest(t, "POST", body))
	if err != nil {
		t.Fatal(err)
	}
	if got := readAndClose(t, res); res.StatusCode != 413 || got != "big" || time.Since(start) > time.Second {
		t.Errorf("%d %q after %v", res.StatusCode, got, time.Since(start))
	}
	select {
	case <-body.closed:
	case <-time.After(time.Second):
		t.Error("the upload goes on")
	}
	if tr.Open() != 0 {
		t.Error("the connection was kept")
	}
}

func TestAFailingRequestBodyIsNotTheEndpointsFault(t *testing.T) {
	broken := &ClientError{Status: 400, Reason: "test"}
	tr := transportTo(t, scripted(t, func(c *net.TCPConn, r *bufio.Reader) {
		if req, err := http.ReadRequest(r); err == nil {
			if _, err := io.Copy(io.Discard, req.Body); err == nil {
				t.Error("the endpoint saw a complete body")
			}
		}
	}))
	for name, length := range map[string]int64{"length": 100, "chunked": -1} {
		body := &slowBody{n: 10, pause: time.Millisecond, closed: make(chan struct{}), err: broken}
		req := newRequest(t, "POST", body)
		req.ContentLength = length
		_, err := tr.RoundTrip(req)
		var upload *RequestBodyError
		if !errors.As(err, &upload) || !errors.Is(err, broken) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestABodyThatLiesAboutItsLengthIsRefused(t *testing.T) {
	addr := scripted(t, func(c *net.TCPConn, r *bufio.Reader) {
		if req, err := http.ReadRequest(r); err == nil {
			io.Copy(io.Discard, req.Body)
		}
		io.Copy(io.Discard, r)
	})
	for name, text := range map[string]string{"short": "abc", "long": "abcdefgh"} {
		req := newRequest(t, "POST", io.NopCloser(strings.NewReader(text)))
		req.ContentLength = 5
		_, err := transportTo(t, addr).RoundTrip(req)
		var upload *RequestBodyError
		if !errors.As(err, &upload) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestExpectContinueHoldsTheBodyBack(t *testing.T) {
	for _, test := range []struct {
		name, first string
		after       time.Duration
		status      int
		sent        bool
	}{
		{"answered 100", "HTTP/1.1 100 Continue\r\n\r\n", 0, 200, true},
		{"answered 417", "HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n", 0, 417, false},
		{"answered 401", "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", 0, 401, false},
		{"not answered", "", time.Second, 200, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got atomic.Pointer[string]
			tr := transportTo(t, scripted(t, func(c *net.TCPConn, r *bufio.Reader) {
				req, err := http.ReadRequest(r)
				if err != nil {
					return
				}
				io.WriteString(c, test.first)
				b, _ := io.ReadAll(req.Body)
				if s := string(b); s != "" {
					got.Store(&s)
					io.WriteString(c, okResponse)
				}
			}))
			req := newRequest(t, "POST", strings.NewReader("hello"))
			req.Header.Set("Expect", "100-continue")
			start := time.Now()
			res, err := tr.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			readAndClose(t, res)
			if res.StatusCode != test.status || time.Since(start) < test.after {
				t.Errorf("status %d after %v", res.StatusCode, time.Since(start))
			}
			if sent := got.Load() != nil; sent != test.sent {
				t.Errorf("body sent: %t, want %t", sent, test.sent)
			}
		})
	}
}

type listener struct {
	context.Context
	got *[]string
}

func (l listener) Interim(status int, h http.Header) error {
	*l.got = append(*l.got, fmt.Sprint(status, h["Link"]))
	return nil
}

func TestInterimResponsesAreDelivered(t *testing.T) {
	addr := scripted(t, answering("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: b\r\n\r\n"+okResponse))
	var got []string
	trace := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
		Got1xxResponse: func(status int, h textproto.MIMEHeader) error {
			got = append(got, fmt.Sprint(status, h["Link"]))
			return nil
		},
	})
	for _, ctx := range []context.Context{listener{context.Background(), &got}, trace} {
		got = nil
		res, err := transportTo(t, addr).RoundTrip(newRequest(t, "GET", nil).WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		readAndClose(t, res)
		if fmt.Sprint(got) != "[103 [a] 103 [b]]" {
			t.Errorf("got %v", got)
		}
	}
}

func TestAnUpgradeGivesTheConnectionWithItsEarlyBytes(t *testing.T) {
	tr := transportTo(t, scripted(t, func(c *net.TCPConn, r *bufio.Reader) {
		http.ReadRequest(r)
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nearly ")
		io.Copy(c, r)
	}))
	req := newRequest(t, "GET", nil)
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "echo")
	res, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	tunnel := res.Body.(interface {
		io.ReadWriter
		CloseWrite() error
	})
	io.WriteString(tunnel, "and late")
	tunnel.CloseWrite()
	b, err := io.ReadAll(tunnel)
	res.Body.Close()
	res.Body.Close()
	if tr.Open() != 0 {
		t.Errorf("open %d", tr.Open())
	}
	if err != nil || string(b) != "early and late" || res.Header.Get("Upgrade") != "echo" {
		t.Errorf("got %q, %v", b, err)
	}
}

func TestIdleConnectionsGrowOldAndAreClosed(t *testing.T) {
	addr := scripted(t, answering(okResponse))
	tr := transportTo(t, addr)
	tr.Limits.IdleTimeout = 40 * time.Millisecond
	res, err := tr.RoundTrip(newRequest(t, "GET", nil))
	if err != nil {
		t.Fatal(err)
	}
	readAndClose(t, res)
	until(t, "the idle connection is closed without traffic", func() bool { return tr.Open() == 0 })
}

func TestAConnectionBeyondItsAgeIsNotUsedAgain(t *testing.T) {
	var conns atomic.Int32
	answer := answering(okResponse)
	tr := transportTo(t, scripted(t, func(c *net.TCPConn, r *bufio.Reader) {
		conns.Add(1)
		answer(c, r)
	}))
	tr.MaxAge = time.Nanosecond
	for range 2 {
		res, err := tr.RoundTrip(newRequest(t, "GET", nil))
		if err != nil {
			t.Fatal(err)
		}
		readAndClose(t, res)
	}
	if conns.Load() != 2 {
		t.Errorf("%d connections for 2 exchanges", conns.Load())
	}
}

func TestARequestThatWouldBreakTheMessageIsNotSent(t *testing.T) {
	tr := transportTo(t, "127.0.0.1:1")
	for name, change := range map[string]func(*http.Request){
		"line feed in a value": func(r *http.Request) { r.Header.Set("X", "a\nb") },
		"colon in a name":      func(r *http.Request) { r.Header["X:"] = []string{"a"} },
		"space in the method":  func(r *http.Request) { r.Method = "GET /" },
		"line end in the host": func(r *http.Request) { r.Host = "a\r\nb" },
	} {
		req := newRequest(t, "GET", nil)
		change(req)
		_, err := tr.RoundTrip(req)
		var own *RequestBodyError
		if !errors.As(err, &own) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// lending is a context that is lent what lives as long as the exchange.
type lending struct {
	context.Context
	lent interface{ Release() }
}

func (k *lending) Lend(l interface{ Release() }) { k.lent = l }

func TestTheMemoryOfAnExchangeIsUsedAgainOnlyWhenItsBodyIsClosed(t *testing.T) {
	addr := scripted(t, func(c *net.TCPConn, r *bufio.Reader) {
		for {
			if _, err := http.ReadRequest(r); err != nil {
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	})
	tr := transportTo(t, addr)
	ctx := &lending{Context: t.Context()}
	res, err := tr.RoundTrip(newRequest(t, http.MethodGet, nil).WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	x := ctx.lent.(*exchange)
	x.Release()
	if body := readAndClose(t, res); body != "ok" || x.c == nil {
		t.Fatalf("released while its body %q was open", body)
	}
	if err := res.Body.Close(); err != nil || tr.Idle() != 1 {
		t.Fatalf("closed twice: %v, %d idle connections", err, tr.Idle())
	}
	x.Release()
	if x.c != nil || x.res.Header != nil {
		t.Error("released, it still knows of its exchange")
	}
}
